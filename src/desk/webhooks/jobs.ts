import type { JobDefinition } from '../../platform/jobs.ts';
import { executeReplay, replay_job } from './service/replays.ts';
import { sweepDeliveries } from './service/sweep.ts';

/** `keep_days`: how long finished deliveries and their attempts are kept. */
export function jobs({ keep_days }: { keep_days: number }): readonly JobDefinition[] {
  return [
    {
      name: replay_job,
      run: ({ tenant_id, replay_id }, { postgres, clock, signal }) =>
        executeReplay({ postgres, signal }, { tenant_id: tenant_id!, replay_id: replay_id! }, clock.now()),
    },
    {
      name: 'webhooks.sweep_deliveries',
      cron: '17 4 * * *',
      run: (_payload, { postgres, clock, signal }) =>
        sweepDeliveries(postgres, clock.now().subtract({ hours: keep_days * 24 }), signal),
    },
  ];
}
