import { startJobs } from '../../platform/jobs.ts';
import type { House, Part } from '../house.ts';
import { jobDefinitions } from '../jobs.ts';

/** Runs background jobs. */
export function startWorker({ config, ingest, metrics, postgres, clock, log }: House): Promise<Part> {
  return startJobs(jobDefinitions({ ingest, registry: metrics.registry, ...config }), { postgres, clock, log });
}
