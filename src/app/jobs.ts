import type { Registry } from 'prom-client';
import { jobs as invoicingJobs } from '../billing/invoicing/jobs.ts';
import { jobs as ratingJobs } from '../billing/rating/jobs.ts';
import { jobs as reconciliationJobs } from '../desk/reconciliation/jobs.ts';
import { createReplayMetrics } from '../desk/reconciliation/service/metrics.ts';
import { jobs as eventJobs } from '../foundation/events/jobs.ts';
import type { JobDefinition } from '../platform/jobs.ts';
import { archivingJobs, jobs as meteringJobs } from '../usage/metering/jobs.ts';
import type { Ingest } from '../usage/metering/model.ts';
import { jobs as meterJobs } from '../usage/meters/jobs.ts';

/** Every background task of the house. */
export function jobDefinitions(deps: {
  ingest: Ingest;
  data_dir: string;
  usage_retention_months: number | null;
  events_retention_months: number | null;
  /** Of the process's metrics; absent where nobody reads them. */
  registry?: Registry;
}): JobDefinition[] {
  const archiving = archivingJobs({ retention_months: deps.usage_retention_months });
  const ofEvents = eventJobs({ retention_months: deps.events_retention_months });
  return [
    ...ofEvents,
    ...meteringJobs(deps),
    ...archiving,
    ...meterJobs(deps),
    ...ratingJobs,
    ...invoicingJobs,
    ...reconciliationJobs(deps.registry ? createReplayMetrics(deps.registry) : null),
  ];
}
