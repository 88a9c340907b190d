import { jobs as invoicingJobs } from '../billing/invoicing/jobs.ts';
import { jobs as ratingJobs } from '../billing/rating/jobs.ts';
import type { JobDefinition } from '../platform/jobs.ts';
import { jobs as meteringJobs } from '../usage/metering/jobs.ts';
import type { Ingest } from '../usage/metering/model.ts';
import { jobs as meterJobs } from '../usage/meters/jobs.ts';

/** Every background task of the house. */
export function jobDefinitions(deps: { ingest: Ingest; data_dir: string }): JobDefinition[] {
  return [...meteringJobs(deps), ...meterJobs(deps), ...ratingJobs, ...invoicingJobs];
}
