import { isIP } from 'node:net';
import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { isFailpoint } from './failpoint.ts';

/** Everything that the surroundings decide, read once at start. */
export interface Config {
  port: number;
  host: string;
  /** Absolute path of the folder that holds the embedded database, keys, checkpoints and documents. */
  data_dir: string;
  /** An existing PostgreSQL 18+; null starts the embedded one. */
  database_url: string | null;
  /** Where events go: the outbox itself, an existing NATS JetStream or Kafka, or nowhere. */
  bus: BusTarget;
  /** A Redis for rate limits, sessions and caches; null keeps them here. Never for truth. */
  redis_url: string | null;
  /** Presets the first tenant's admin key on an empty database. */
  bootstrap_key: string | null;
  /** 32 bytes, base64: seals private keys at rest; null keeps one in the data folder. */
  master_key: string | null;
  /** Token that /metrics demands when the server listens beyond loopback. */
  metrics_token: string | null;
  log_level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent';
  /** Requests a minute for one principal. */
  rate_limit_per_minute: number;
  /** Events the ingest queue holds before it answers 429. */
  ingest_queue_events: number;
  /** The same for the bytes of those events. */
  ingest_queue_bytes: number;
  /** About how many usage events a generation holds before the next is opened. */
  generation_events: number;
  /** Months after which usage is archived, once it is billed; null keeps all of it in the database. */
  usage_retention_months: number | null;
  /** Months after which events are archived, once they are routed; null keeps all of them in the database. */
  events_retention_months: number | null;
  /** Where this process is to die, for tests of that (src/platform/failpoint.ts); null for everybody else. */
  failpoint: string | null;
  /** The largest file that an import takes. */
  import_max_bytes: number;
  /** Seconds after which another scheduler leads where the one that led is gone. */
  scheduler_lease_s: number;
  /** Private addresses that webhooks may be sent to, for development; plain http to those of them that are loopback. */
  webhooks_allow_private: readonly string[];
  /** Days after which an endpoint to which nothing was delivered is disabled. */
  webhooks_disable_after_days: number;
  /** Days that finished deliveries and their attempts are kept. */
  webhooks_keep_days: number;
  /** True when the console is reached over https, so that cookies carry `__Host-`. */
  secure_cookies: boolean;
}

export interface BusTarget {
  kind: 'embedded' | 'nats' | 'kafka' | 'noop';
  /** `host:port`s, and who signs in; none for `embedded` and `noop`. */
  servers: readonly string[];
  user: string | null;
  password: string | null;
  tls: boolean;
}

const shape = z.object({
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
  HOST: z.string().min(1).default('127.0.0.1'),
  TALLYSTICK_DATA_DIR: z.string().min(1).default('.tallystick'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  BUS_URL: z
    .string()
    .refine(isBusUrl, 'must look like nats://host:4222, kafka://host:9092,host:9093 (nats+tls, kafka+tls), noop or embedded')
    .default('embedded'),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  TALLYSTICK_BOOTSTRAP_KEY: z
    .string()
    .regex(/^tsk_(live|test)_[A-Za-z0-9]{24,}$/, 'must look like tsk_live_… or tsk_test_… with 24 or more letters and digits')
    .optional(),
  TALLYSTICK_MASTER_KEY: z
    .string()
    .refine((text) => Buffer.from(text, 'base64').length === 32, 'must be 32 bytes in base64')
    .optional(),
  TALLYSTICK_METRICS_TOKEN: z.string().min(16).optional(),
  TALLYSTICK_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
  TALLYSTICK_RATE_LIMIT: z.coerce.number().int().min(1).default(60_000),
  TALLYSTICK_INGEST_QUEUE: z.coerce.number().int().min(1000).default(100_000),
  TALLYSTICK_INGEST_QUEUE_MB: z.coerce.number().int().min(1).max(65_536).default(128),
  TALLYSTICK_GENERATION_EVENTS: z.coerce.number().int().min(100).default(1_000_000),
  TALLYSTICK_USAGE_RETENTION_MONTHS: z.coerce.number().int().min(1).max(1200).optional(),
  TALLYSTICK_EVENTS_RETENTION_MONTHS: z.coerce.number().int().min(1).max(1200).optional(),
  TALLYSTICK_FAILPOINT: z.string().refine(isFailpoint, 'must name a place of src/platform/failpoint.ts').optional(),
  TALLYSTICK_IMPORT_MAX_MB: z.coerce.number().int().min(1).max(65_536).default(512),
  TALLYSTICK_SCHEDULER_LEASE_S: z.coerce.number().int().min(3).max(60).default(30),
  TALLYSTICK_WEBHOOKS_ALLOW_PRIVATE: z
    .string()
    .transform((text) => text.split(',').map((address) => address.trim()))
    .refine((addresses) => addresses.every((address) => isIP(address) !== 0), 'must be addresses, with commas between')
    .default([]),
  TALLYSTICK_WEBHOOKS_DISABLE_AFTER_DAYS: z.coerce.number().int().min(1).max(365).default(5),
  TALLYSTICK_WEBHOOKS_KEEP_DAYS: z.coerce.number().int().min(1).max(3650).default(30),
  TALLYSTICK_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
});

/** Every variable that the program reads. */
export const variables: readonly string[] = Object.keys(shape.shape);

const bus_url =
  /^(?<kind>nats|kafka)(?<tls>[+]tls)?:[/][/](?:(?<user>[^:@/]+):(?<password>[^@/]+)@)?(?<servers>[^@/?#,]+:\d{1,5}(?:,[^@/?#,]+:\d{1,5})*)[/]?$/;

function isBusUrl(text: string): boolean {
  return text === 'embedded' || text === 'noop' || bus_url.test(text);
}

function busTarget(text: string): BusTarget {
  const { kind, tls, user, password, servers } = bus_url.exec(text)?.groups ?? {};
  return {
    kind: (kind ?? text) as BusTarget['kind'],
    servers: servers?.split(',') ?? [],
    user: user === undefined ? null : decodeURIComponent(user),
    password: password === undefined ? null : decodeURIComponent(password),
    tls: tls !== undefined,
  };
}

/** Names every wrong variable at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Pure: variables in, configuration out, or one error that names all that is wrong. */
export function parseConfig(variables: Record<string, string | undefined>, working_dir: string): Config {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = shape.safeParse(set);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new ConfigError(`The environment is not usable:\n${lines.join('\n')}`);
  }
  const env = parsed.data;
  return {
    port: env.PORT,
    host: env.HOST,
    data_dir: isAbsolute(env.TALLYSTICK_DATA_DIR) ? env.TALLYSTICK_DATA_DIR : resolve(working_dir, env.TALLYSTICK_DATA_DIR),
    database_url: env.DATABASE_URL ?? null,
    bus: busTarget(env.BUS_URL),
    redis_url: env.REDIS_URL ?? null,
    bootstrap_key: env.TALLYSTICK_BOOTSTRAP_KEY ?? null,
    master_key: env.TALLYSTICK_MASTER_KEY ?? null,
    metrics_token: env.TALLYSTICK_METRICS_TOKEN ?? null,
    log_level: env.TALLYSTICK_LOG_LEVEL,
    rate_limit_per_minute: env.TALLYSTICK_RATE_LIMIT,
    ingest_queue_events: env.TALLYSTICK_INGEST_QUEUE,
    ingest_queue_bytes: env.TALLYSTICK_INGEST_QUEUE_MB * 1024 * 1024,
    generation_events: env.TALLYSTICK_GENERATION_EVENTS,
    usage_retention_months: env.TALLYSTICK_USAGE_RETENTION_MONTHS ?? null,
    events_retention_months: env.TALLYSTICK_EVENTS_RETENTION_MONTHS ?? null,
    failpoint: env.TALLYSTICK_FAILPOINT ?? null,
    import_max_bytes: env.TALLYSTICK_IMPORT_MAX_MB * 1024 * 1024,
    scheduler_lease_s: env.TALLYSTICK_SCHEDULER_LEASE_S,
    webhooks_allow_private: env.TALLYSTICK_WEBHOOKS_ALLOW_PRIVATE,
    webhooks_disable_after_days: env.TALLYSTICK_WEBHOOKS_DISABLE_AFTER_DAYS,
    webhooks_keep_days: env.TALLYSTICK_WEBHOOKS_KEEP_DAYS,
    secure_cookies: env.TALLYSTICK_PUBLIC_URL?.startsWith('https:') ?? false,
  };
}

/** Reads the process's own environment. */
export function readConfig(): Config {
  return parseConfig(process.env, process.cwd());
}
