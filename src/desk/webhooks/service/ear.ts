import { createListener } from '../../../platform/listener.ts';
import type { Postgres } from '../../../platform/postgres.ts';
import type { Logger } from '../../../platform/telemetry.ts';

/** Hears of new deliveries, on a connection of its own. */
export function createEar(postgres: Postgres, log: Pick<Logger, 'warn'>) {
  let wake: (() => void) | null = null;
  let rang = false;
  const ring = () => {
    rang = true;
    wake?.();
  };
  const listener = createListener(postgres, log, { channels: ['webhook_delivery'], onNotification: ring });
  return {
    ring,
    /** Fulfilled at the next ring, one since the last call included, or after `timeout_ms`. */
    listen(timeout_ms: number): { done: Promise<void>; cancel(): void } {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeout_ms);
      const cancel = () => {
        clearTimeout(timer);
        resolve();
      };
      wake = cancel;
      if (rang) cancel();
      rang = false;
      return { done: promise, cancel };
    },
    attend: listener.attend,
    close: listener.close,
  };
}
