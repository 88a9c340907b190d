import { jobs as invoicingJobs } from '../billing/invoicing/jobs.ts';
import { jobs as ratingJobs } from '../billing/rating/jobs.ts';
import { jobs as subscriptionJobs } from '../billing/subscriptions/jobs.ts';
import { jobs as reconciliationJobs } from '../desk/reconciliation/jobs.ts';
import { createReplayMetrics } from '../desk/reconciliation/service/metrics.ts';
import { jobs as webhookJobs } from '../desk/webhooks/jobs.ts';
import { jobs as eventJobs } from '../foundation/events/jobs.ts';
import { jobs as providerJobs } from '../foundation/providers/jobs.ts';
import { createInboundMetrics } from '../foundation/providers/service/metrics.ts';
import type { JobDefinition } from '../platform/jobs.ts';
import type { Postgres } from '../platform/postgres.ts';
import { jobs as schedulerJobs } from '../platform/scheduler/jobs.ts';
import type { Metrics } from '../platform/telemetry.ts';
import { archivingJobs, jobs as meteringJobs } from '../usage/metering/jobs.ts';
import type { Ingest } from '../usage/metering/model.ts';
import { jobs as meterJobs } from '../usage/meters/jobs.ts';
import { inboundKinds } from './inbound.ts';

/** Every background task of the house. */
export function jobDefinitions(deps: {
  postgres: Postgres;
  metrics: Metrics;
  ingest: Ingest;
  data_dir: string;
  usage_retention_months: number | null;
  events_retention_months: number | null;
  webhooks_keep_days: number;
}): JobDefinition[] {
  const archiving = archivingJobs({ retention_months: deps.usage_retention_months });
  const inbound = providerJobs({ kinds: inboundKinds(deps), metrics: createInboundMetrics(deps.metrics.registry) });
  const ofEvents = eventJobs({ retention_months: deps.events_retention_months });
  return [
    ...schedulerJobs,
    ...ofEvents,
    ...inbound,
    ...meteringJobs(deps),
    ...archiving,
    ...meterJobs(deps),
    ...subscriptionJobs,
    ...ratingJobs,
    ...invoicingJobs,
    ...webhookJobs({ keep_days: deps.webhooks_keep_days }),
    ...reconciliationJobs(createReplayMetrics(deps.metrics.registry)),
  ];
}
