import type { JobDefinition } from '../../platform/jobs.ts';
import { executeInOrder } from './service/cycles.ts';
import { failRun } from './service/run.ts';

export const jobs: readonly JobDefinition[] = [
  {
    name: 'invoicing.run',
    run: async (payload, { postgres, clock, signal, last_attempt }) => {
      const [deps, run] = [
        { postgres, clock, signal },
        { tenant_id: payload.tenant_id!, run_id: payload.run_id! },
      ];
      const { correlation_id, causation_id } = payload;
      try {
        await executeInOrder(deps, { ...run, correlation_id, causation_id });
      } catch (error) {
        const detail = 'The run could not be brought to its end and is not tried again. The log says why.';
        if (last_attempt) await failRun(deps, run, { code: 'internal_error', detail });
        throw error;
      }
    },
  },
];
