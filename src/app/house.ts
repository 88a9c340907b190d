import type { Clock } from '../platform/clock.ts';
import type { Config } from '../platform/config.ts';
import type { Postgres } from '../platform/postgres.ts';
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
  /** False while the process still starts. */
  isStarted(): boolean;
}

/** A role at work. */
export interface Part {
  /** Where the role listens, as `http://127.0.0.1:3000`; absent where it does not. */
  address?: string;
  /** Takes nothing more, finishes what runs. */
  stop(): Promise<void>;
}
