import type { JobDefinition } from '../../platform/jobs.ts';
import type { InboundKinds } from './service/kinds.ts';
import type { InboundMetrics } from './service/metrics.ts';
import { process_job, processWebhook } from './service/process.ts';
import { requeueOverdue, sweepBodies } from './service/webhooks.ts';

/** Messages are processed beside the requests that brought them, and their bodies let go in time. */
export function jobs(deps: { kinds: InboundKinds; metrics: InboundMetrics }): JobDefinition[] {
  return [
    {
      // What fails is in the message's row, with a job for the next try; the queue itself tries again only where that could not be kept.
      name: process_job,
      run: async ({ tenant_id = '', inbound_webhook_id = '' }, { postgres, clock, log }) =>
        void (await processWebhook({ ...deps, postgres, clock, log }, { tenant_id, inbound_webhook_id })),
    },
    {
      name: 'providers.requeue_inbound',
      cron: '*/5 * * * *',
      async run(_payload, { postgres, clock, log }) {
        const count = await requeueOverdue(postgres, clock.now());
        if (count > 0) log.warn({ count }, 'inbound webhooks were overdue');
      },
    },
    {
      name: 'providers.sweep_bodies',
      cron: '41 4 * * *',
      run: async (_payload, { postgres, clock, signal }) => void (await sweepBodies(postgres, clock.now(), signal)),
    },
  ];
}
