import { setTimeout as sleep } from 'node:timers/promises';
import type { Postgres } from '../../../platform/postgres.ts';
import type { Logger } from '../../../platform/telemetry.ts';
import { type Release, type Settled, type Settlement, type Stage, settleEvents } from '../sql/relay.ts';

/** Parts of a lease that are still in hand. */
export interface Held {
  lease_id: string;
  parts: number;
}

export interface Settler {
  /** What became of an event. */
  settle(settlement: Settlement): void;
  /** A part of a lease, one aggregate, is done with: what was settled before goes first. `after` runs when that is kept. */
  release(held: Held, aggregate: string, after: () => void): void;
  /** Resolves when nothing waits to be kept. */
  settled(): Promise<void>;
  /** True while something waits. */
  isBusy(): boolean;
}

interface Round {
  settlements: Settlement[];
  ended: string[];
  shortened: Set<string>;
  aggregates: string[];
  after: (() => void)[];
}

const emptyRound = (): Round => ({ settlements: [], ended: [], shortened: new Set(), aggregates: [], after: [] });

/** Enough that a busy worker marks hundreds at once, and a lone event is marked soon. */
const gather_ms = 5;
const tries = 5;

/** Settles, again where the database does not take it. After some tries the leases end by themselves, and the events come again. */
export async function keepSettled(
  { postgres, stage, log }: { postgres: Postgres; stage: Stage; log: Pick<Logger, 'warn'> },
  settlements: readonly Settlement[],
  release: Release,
): Promise<Settled[]> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await settleEvents(postgres.pool('relay'), stage, settlements, release);
    } catch (error) {
      log.warn({ err: error, events: settlements.length }, 'what became of events could not be kept');
      if (tried === tries) return [];
      await sleep(100 * 2 ** tried);
    }
  }
}

/**
 * Keeps what became of events, many in a statement, one statement at a time.
 */
export function createSettler(options: {
  postgres: Postgres;
  stage: Stage;
  log: Pick<Logger, 'warn'>;
  onSettled(settled: readonly Settled[]): void;
}): Settler {
  const { postgres, stage, log, onSettled } = options;
  let round = emptyRound();
  let flushing: Promise<void> | null = null;

  const keep = async ({ settlements, ended, shortened, aggregates, after }: Round) => {
    const release = { ended, shortened: [...shortened], aggregates };
    const settled = await keepSettled({ postgres, stage, log }, settlements, release);
    for (const each of after) each();
    onSettled(settled);
  };
  const isEmpty = () => round.settlements.length === 0 && round.ended.length === 0 && round.shortened.size === 0;
  const flush = async () => {
    while (!isEmpty()) {
      await sleep(gather_ms);
      const full = round;
      round = emptyRound();
      await keep(full);
    }
    flushing = null;
  };
  const begin = () => {
    flushing ??= flush();
  };
  return {
    settle(settlement) {
      round.settlements.push(settlement);
      begin();
    },
    release(held, aggregate, after) {
      round.after.push(after);
      held.parts -= 1;
      if (held.parts === 0) {
        round.ended.push(held.lease_id);
        round.shortened.delete(held.lease_id);
      } else {
        round.shortened.add(held.lease_id);
        round.aggregates.push(aggregate);
      }
      begin();
    },
    async settled() {
      while (flushing !== null) await flushing;
    },
    isBusy: () => flushing !== null,
  };
}
