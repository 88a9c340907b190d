/**
 * A process that dispatches and routes over a real bus until it is killed, by whoever started it or by itself at a named place:
 *
 *   node test/chaos/bus-worker.ts <{ connection, target, seed, failpoint } as JSON>
 *
 * Between the bus and its router, messages are doubled, shuffled, held back and cut into other batches.
 */
import type { ClientConfig } from 'pg';
import { openBus } from '../../src/foundation/events/adapters/bus.ts';
import type { Envelope, Subscriber } from '../../src/foundation/events/model.ts';
import { createDispatcher } from '../../src/foundation/events/service/dispatch.ts';
import { createRouter } from '../../src/foundation/events/service/route.ts';
import type { BusTarget } from '../../src/platform/config.ts';
import { armFailpoint } from '../../src/platform/failpoint.ts';
import { createPostgres } from '../../src/platform/postgres.ts';
import { createLogger } from '../../src/platform/telemetry.ts';
import { reactionsTo } from './bus-reactions.ts';
import { type Random, randomFrom } from './random.ts';

export interface BusWork {
  connection: ClientConfig;
  target: BusTarget;
  seed: number;
  /** Where it dies by itself, or null. */
  failpoint: string | null;
}

/** What it tells its parent, again and again. */
export interface BusCounts {
  delivered: number;
  doubled: number;
}

const work = JSON.parse(process.argv[2] ?? '') as BusWork;
const postgres = createPostgres({ connection: work.connection });
const log = createLogger('fatal');
const counts: BusCounts = { delivered: 0, doubled: 0 };
if (work.failpoint !== null) armFailpoint(work.failpoint);

const bus = await openBus(work.target, log, 120_000);
await createRouter({
  postgres,
  nowOf: async () => Temporal.Instant.from('2026-03-01T00:00:00Z'),
  reactionsTo,
  log,
  subscriber: bus.subscriber && unruly(bus.subscriber, randomFrom(work.seed)),
  takes_pending: work.target.kind === 'embedded',
}).start();
if (work.target.kind !== 'embedded') createDispatcher({ postgres, publisher: bus.publisher, log }).start();
setInterval(() => process.send?.(counts), 50);

/** Hands over what comes in another order, a quarter of it twice, some of it much later again, and in other batches. */
function unruly({ subscribe }: Subscriber, random: Random): Subscriber {
  const seen: Envelope[] = [];
  return {
    subscribe: (receive) =>
      subscribe(async (envelopes) => {
        const late = seen.length === 0 ? [] : Array.from({ length: random.below(4) }, () => random.of(seen));
        const twice = envelopes.filter(() => random.below(4) === 0);
        seen.push(...envelopes);
        seen.splice(0, Math.max(0, seen.length - 1000));
        const mixed = [...envelopes, ...twice, ...late];
        for (let at = mixed.length - 1; at > 0; at -= 1) {
          const other = random.below(at + 1);
          [mixed[at], mixed[other]] = [mixed[other]!, mixed[at]!];
        }
        counts.delivered += envelopes.length;
        counts.doubled += mixed.length - envelopes.length;
        while (mixed.length > 0) await receive(mixed.splice(0, 1 + random.below(50)));
      }),
  };
}
