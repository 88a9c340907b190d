import { CodedError } from '../../kernel/errors.ts';
import type { JobDefinition } from '../../platform/jobs.ts';
import { executeBacktest, failBacktest } from './service/backtest/run.ts';
import { backtest_job } from './service/backtests.ts';
import { sweepEstimates } from './service/estimate.ts';

export const jobs: readonly JobDefinition[] = [
  {
    name: backtest_job,
    run: async (payload, { postgres, clock, signal, last_attempt }) => {
      const [deps, named] = [
        { postgres, clock, signal },
        { tenant_id: payload.tenant_id!, backtest_id: payload.backtest_id! },
      ];
      try {
        await executeBacktest(deps, named);
      } catch (error) {
        const detail = 'The backtest could not be brought to its end and is not tried again. The log says why.';
        const known =
          error instanceof CodedError ? { code: error.code, detail: error.message } : { code: 'internal_error', detail };
        if (last_attempt) await failBacktest(deps, named, known);
        throw error;
      }
    },
  },
  {
    name: 'rating.sweep_estimates',
    cron: '43 3 * * *',
    run: (_payload, { postgres, clock }) => sweepEstimates(postgres, clock.now()),
  },
];
