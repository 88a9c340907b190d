import type { JobDefinition } from '../jobs.ts';
import { sweepRuns } from './runs.ts';

/** What the scheduler has done to its own records. */
export const jobs: readonly JobDefinition[] = [
  {
    name: 'scheduler.sweep_runs',
    cron: '53 4 * * *',
    run: (_payload, { postgres, clock }) => sweepRuns(postgres.pool('jobs'), clock.now()),
  },
];
