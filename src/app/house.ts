import type { Clock } from '../platform/clock.ts';
import type { Config } from '../platform/config.ts';
import type { Readiness } from '../platform/health.ts';
import type { Postgres } from '../platform/postgres.ts';
import type { SharedStore } from '../platform/redis.ts';
import type { Logger, Metrics } from '../platform/telemetry.ts';
import type { Ingest } from '../usage/metering/model.ts';

/** What every role of a process shares. */
export interface House {
  config: Config;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  postgres: Postgres;
  ingest: Ingest;
  /** What the processes share beside the database; null where they share nothing. */
  shared: SharedStore | null;
  /** How far the process is, by role. */
  readiness(): Promise<Readiness>;
}

/** A role at work. */
export interface Part {
  /** Where the role listens, as `http://127.0.0.1:3000`; absent where it does not. */
  address?: string;
  /** False while the role cannot do its work, though it runs; absent where a role that runs can. */
  isReady?(): boolean | Promise<boolean>;
  /** Takes nothing more, finishes what runs. */
  stop(): Promise<void>;
}
