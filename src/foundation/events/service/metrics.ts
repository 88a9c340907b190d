import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { clock } from '../../../platform/clock.ts';
import type { Postgres } from '../../../platform/postgres.ts';
import { type Backlog, selectBacklog } from '../sql/relay.ts';

/** What dispatcher and router count. */
export interface EventMetrics {
  /** By what became of them: published, routed, failed (tried again), dead. */
  events: Counter<'outcome'>;
  /** Messages of the bus that name no event of the outbox. */
  unknown: Counter;
  /** From the hand-over of a batch to the bus to its answer. */
  publish_seconds: Histogram;
  /** From the commit, near enough, to the event being routed. */
  routed_seconds: Histogram;
}

const made = new WeakMap<Registry, EventMetrics>();

/** How long a count of what waits is taken for the present one. */
const cached_ms = 5000;

/** The metrics of the event backbone, once a registry, whichever roles run on it. What waits is counted in the database when it is asked for. */
export function createEventMetrics(registry: Registry, postgres: Postgres): EventMetrics {
  const known = made.get(registry);
  if (known) return known;
  const registers = [registry];
  watchBacklog(registers, postgres);
  const metrics: EventMetrics = {
    events: new Counter({
      name: 'tallystick_events_total',
      help: 'Events by what became of them',
      labelNames: ['outcome'],
      registers,
    }),
    unknown: new Counter({
      name: 'tallystick_events_unknown_total',
      help: 'Messages of the bus that name no event of the outbox',
      registers,
    }),
    publish_seconds: new Histogram({
      name: 'tallystick_events_publish_seconds',
      help: 'How long the bus took for a batch, in seconds',
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
      registers,
    }),
    routed_seconds: new Histogram({
      name: 'tallystick_events_routed_seconds',
      help: 'From the recording of an event to all its reactions done, in seconds',
      buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5, 30, 300],
      registers,
    }),
  };
  made.set(registry, metrics);
  return metrics;
}

const gauges: Record<keyof Backlog, [name: string, help: string]> = {
  pending: ['tallystick_events_pending', 'Events that the bus does not have yet (100000: that many or more)'],
  unrouted: ['tallystick_events_unrouted', 'Published events whose reactions are not through (100000: that many or more)'],
  dead: ['tallystick_events_dead', 'Events that were given up; alert on any'],
  oldest_pending_s: ['tallystick_events_pending_age_seconds', 'Age of the oldest pending event'],
  oldest_unrouted_s: ['tallystick_events_unrouted_age_seconds', 'Age of the oldest published event that is not routed'],
};

function watchBacklog(registers: Registry[], postgres: Postgres): void {
  let backlog: Promise<Backlog> | null = null;
  let counted_ms = Number.NEGATIVE_INFINITY;
  const current = () => {
    if (backlog === null || clock.monotonic_ms() - counted_ms > cached_ms) {
      counted_ms = clock.monotonic_ms();
      backlog = selectBacklog(postgres.pool('relay'));
    }
    return backlog;
  };
  for (const [key, [name, help]] of Object.entries(gauges) as [keyof Backlog, [string, string]][]) {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const found = await current().catch(() => null);
        // A database that does not answer has its own alert; the rest of the metrics must still be read.
        if (found === null) this.remove();
        else this.set(found[key]);
      },
    });
  }
}
