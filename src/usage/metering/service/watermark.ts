import { setTimeout as sleep } from 'node:timers/promises';
import { clock } from '../../../platform/clock.ts';
import type { Postgres } from '../../../platform/postgres.ts';
import { errors } from '../errors.ts';
import { selectHorizon } from '../sql/rollup.ts';

/**
 * A watermark with everything below it that was acknowledged before the call: a transaction id below which every transaction has ended,
 * as decimal text. Waits for the transactions that run now; call it outside of one that has written, which would wait for itself.
 * Throws `usage_unsettled` when one of them runs on for longer than `wait_ms`.
 */
export async function settledWatermark(postgres: Postgres, { wait_ms = 90_000 }: { wait_ms?: number } = {}): Promise<string> {
  const wanted = (await selectHorizon(postgres.pool('app'))).next;
  await settle(postgres, wanted, wait_ms);
  return wanted;
}

/** Waits until every transaction below an id has ended. Throws `usage_unsettled`. */
export async function settle(postgres: Postgres, wanted: string, wait_ms: number): Promise<void> {
  const pool = postgres.pool('app');
  const until = clock.monotonic_ms() + wait_ms;
  for (let pause_ms = 2; ; pause_ms = Math.min(pause_ms * 2, 100)) {
    const { oldest_running } = await selectHorizon(pool);
    if (BigInt(oldest_running) >= BigInt(wanted)) return;
    if (clock.monotonic_ms() > until) {
      throw errors.usage_unsettled({
        detail: 'A transaction of the database has been running for too long; try again when it has ended.',
        headers: { 'retry-after': '30' },
        internal: { wanted, oldest_running },
      });
    }
    await sleep(pause_ms);
  }
}

/** The highest watermark that needs no waiting. It may leave out what was acknowledged a moment ago. */
export async function presentWatermark(postgres: Postgres): Promise<string> {
  return (await selectHorizon(postgres.pool('app'))).oldest_running;
}
