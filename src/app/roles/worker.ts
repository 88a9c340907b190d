import { startJobs } from '../../platform/jobs.ts';
import type { House, Part } from '../house.ts';
import { jobDefinitions } from '../jobs.ts';

/** Runs background jobs. */
export function startWorker({ config, ingest, postgres, clock, log, metrics }: House): Promise<Part> {
  return startJobs(jobDefinitions({ postgres, metrics, ingest, ...config }), { postgres, clock, log });
}
