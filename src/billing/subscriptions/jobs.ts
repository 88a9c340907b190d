import type { JobDefinition } from '../../platform/jobs.ts';
import { sweepLifecycles } from './service/lifecycle.ts';

export const jobs: readonly JobDefinition[] = [
  {
    name: 'subscriptions.sweep_lifecycles',
    cron: '* * * * *',
    run: (_payload, context) => sweepLifecycles(context),
  },
];
