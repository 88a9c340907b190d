import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Postgres } from '../postgres.ts';
import type { Logger } from '../telemetry.ts';
import { createLease, type Lease } from './lease.ts';
import type { SchedulerMetrics } from './metrics.ts';
import { enqueueDue, type KnownSchedule, lease_name, passOver, registerSchedules } from './runs.ts';
import { isWanted, latestDue, nextDue, type Schedule } from './schedule.ts';

/** What the leader looks after at every tick. It asks `mayGoOn` before each piece, and does nothing that could not be done twice. */
export interface Duty {
  name: string;
  attend(mayGoOn: () => boolean): Promise<void>;
}

export interface SchedulerOptions {
  postgres: Postgres;
  clock: Clock;
  log: Pick<Logger, 'info' | 'warn'>;
  metrics: SchedulerMetrics;
  schedules: readonly Schedule[];
  duties: readonly Duty[];
  /** How long the leader's lease lasts without being renewed. */
  lease_s: number;
  /** How often it is looked for what is due, and for a lease that ran out. */
  tick_ms?: number;
  /** In place of the lease in the database. */
  lease?: Lease;
}

export interface Scheduler {
  /** Finishes the piece under way and lets another lead. */
  stop(): Promise<void>;
}

/**
 * Leads, or waits to: of all schedulers one at a time has the lease. The leader renews it in a third of its time, beside the work, and what
 * it had in hand when it lost the lease it leaves to the next.
 */
export function startScheduler(options: SchedulerOptions): Scheduler {
  const { postgres, log, metrics, lease_s, tick_ms = 3000 } = options;
  const pool = postgres.pool('jobs');
  const holder = `scheduler-${process.pid}-${randomBytes(4).toString('hex')}`;
  const lease = options.lease ?? createLease(pool, { name: lease_name, holder, lease_s });
  const stopping = new AbortController();
  const mayGoOn = () => lease.holds() && !stopping.signal.aborted;
  let known: { term: string; schedules: KnownSchedule[] } | null = null;

  const renew = async () => {
    const led = lease.holds();
    const leads = await lease.attend();
    metrics.leads.set(leads ? 1 : 0);
    if (leads && !led) log.info({ holder: lease.holder, term: lease.term() }, 'this process leads the schedulers');
    if (led && !leads) log.warn({ holder: lease.holder }, 'another process leads the schedulers now');
  };
  const attendSchedules = async () => {
    if (!mayGoOn()) return;
    // Whoever led in between may have looked further.
    if (known?.term !== lease.term()) {
      known = { term: lease.term(), schedules: await registerSchedules(pool, options.schedules, options.clock.now()) };
    }
    for (const schedule of known.schedules) {
      if (!mayGoOn()) return;
      await attendSchedule(options, lease, schedule);
    }
  };
  const every = { log, signal: stopping.signal };
  // Each by itself: a duty that has much to do delays no schedule, and neither the renewal of the lease.
  const loops = [
    repeat(renew, () => (lease.holds() ? (lease_s * 1000) / 3 : tick_ms), every),
    repeat(attendSchedules, () => tick_ms, every),
    ...options.duties.map((duty) =>
      repeat(
        async () => mayGoOn() && duty.attend(mayGoOn),
        () => tick_ms,
        every,
      ),
    ),
  ];
  return {
    async stop() {
      stopping.abort();
      await Promise.all(loops);
      metrics.leads.set(0);
      try {
        await lease.release();
      } catch (error) {
        log.warn({ err: error }, 'the lease could not be let go and runs out by itself');
      }
    },
  };
}

/** Enqueues what a schedule has due. Of several due times that were missed only the latest is caught up. */
async function attendSchedule(
  { postgres, clock, metrics }: SchedulerOptions,
  lease: Lease,
  schedule: KnownSchedule,
): Promise<void> {
  const now = clock.now();
  if (Temporal.Instant.compare(now, schedule.next_due_at) < 0) return;
  const { name } = schedule;
  const due_at = latestDue(schedule, schedule.last_due_at, now) ?? schedule.next_due_at;
  if (isWanted(schedule, due_at, now)) {
    const outcome = await enqueueDue(postgres.pool('jobs'), lease, { name, due_at, now });
    if (outcome === 'refused') return;
    if (outcome === 'enqueued') metrics.runs.inc({ name });
  } else await passOver(postgres.pool('jobs'), name, due_at);
  schedule.last_due_at = due_at;
  schedule.next_due_at = nextDue(schedule, due_at);
}

/** Does something again and again until aborted; what fails is logged and tried at the next turn. */
async function repeat(
  step: () => Promise<unknown>,
  pause_ms: () => number,
  { log, signal }: { log: Pick<Logger, 'warn'>; signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    try {
      await step();
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'the scheduler cannot work now; trying again');
    }
    await pause(pause_ms(), signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
