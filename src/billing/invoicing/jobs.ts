import type { JobDefinition } from '../../platform/jobs.ts';
import { executeRun } from './service/run.ts';

export const jobs: readonly JobDefinition[] = [
  {
    name: 'invoicing.run',
    run: async ({ tenant_id, run_id }, { postgres, clock, signal }) => {
      await executeRun({ postgres, clock, signal }, { tenant_id: tenant_id!, run_id: run_id! });
    },
  },
];
