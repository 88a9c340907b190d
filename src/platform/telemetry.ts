import { type DestinationStream, type Logger, pino } from 'pino';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type { Logger };

/** One JSON line an entry, to the standard output unless `to` says where; what could hold a secret never leaves the process. */
export function createLogger(level: string, to?: DestinationStream): Logger {
  const options = {
    level,
    base: { service: 'tallystick' },
    serializers: { err: withoutSecrets },
    redact: {
      paths: [
        'req.headers.authorization',
        'req.headers.cookie',
        'req.headers["x-csrf-token"]',
        'res.headers["set-cookie"]',
        '*.password',
        '*.token',
        '*.secret',
        '*.admin_key',
        'password',
        'token',
        'secret',
      ],
      censor: '[redacted]',
    },
  };
  return to === undefined ? pino(options) : pino(options, to);
}

export interface Metrics {
  registry: Registry;
  http_seconds: Histogram<'method' | 'route' | 'status'>;
  ingest_events: Counter<'outcome'>;
  /** Says how many events wait, each time the metrics are read. */
  watchQueue(waiting: () => number): void;
  assertions: Counter;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  let waiting = () => 0;
  new Gauge({
    name: 'tallystick_ingest_queue_events',
    help: 'Events that wait for the next flush',
    registers: [registry],
    collect() {
      this.set(waiting());
    },
  });
  return {
    registry,
    http_seconds: new Histogram({
      name: 'tallystick_http_seconds',
      help: 'How long answers took, in seconds',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers: [registry],
    }),
    ingest_events: new Counter({
      name: 'tallystick_ingest_events_total',
      help: 'Usage events by outcome',
      labelNames: ['outcome'],
      registers: [registry],
    }),
    watchQueue: (source) => {
      waiting = source;
    },
    assertions: new Counter({
      name: 'tallystick_assertions_total',
      help: 'Impossible states met; alert on any',
      registers: [registry],
    }),
  };
}

/** A counter of a registry, made the first time: roles of one process share its registry. */
export function counterOf<Label extends string>(
  registry: Registry,
  counter: { name: string; help: string; labelNames?: Label[] },
): Counter<Label> {
  const known = registry.getSingleMetric(counter.name) as Counter<Label> | undefined;
  return known ?? new Counter({ ...counter, registers: [registry] });
}

/** An error of a connection carries the whole client, down to its sockets and its secret; one of Redis the command, which may be the sign-in. */
function withoutSecrets(error: Error): object {
  const { client: _client, command: _command, ...rest } = pino.stdSerializers.err(error) as Record<string, unknown>;
  return rest;
}
