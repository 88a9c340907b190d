import { Redis } from 'ioredis';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Logger } from './telemetry.ts';

/**
 * What the processes of one installation share beside the database. Never for truth: whatever is in there may be lost at any moment, and
 * while it is away everything goes on without it.
 */
export interface SharedStore {
  /** What the work answers; undefined where the store is away or does not answer in time. */
  ask<T>(work: (redis: Redis) => Promise<T>): Promise<T | undefined>;
  /** Tells every process that listens, this one too. Answers whether the store took it. */
  tell(channel: string, message: string): Promise<boolean>;
  /** `listen` is called for each message; `missed` each time that some may have been lost. */
  listen(channel: string, listen: (message: string) => void, missed: () => void): void;
  close(): Promise<void>;
}

/** How long one command may take: beyond it, doing without is better than waiting. */
const command_ms = 250;
/** How long a store that failed is left alone. */
const rest_ms = 1000;

/** Connects in the background: a Redis that is not there yet keeps nobody from starting. */
export function openRedis(url: string, deps: { log: Pick<Logger, 'warn' | 'info'>; registry: Registry }): SharedStore {
  const { log } = deps;
  const metrics = createRedisMetrics(deps.registry);
  const options = {
    connectionName: 'tallystick',
    commandTimeout: command_ms,
    connectTimeout: 2000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times: number) => Math.min(50 * 2 ** times, 2000),
  };
  const redis = new Redis(url, options);
  const ears = new Redis(url, { ...options, commandTimeout: 5000, enableOfflineQueue: true, maxRetriesPerRequest: null });
  let resting_until = 0;
  let is_away = false;
  const lose = (error: unknown) => {
    resting_until = performance.now() + rest_ms;
    metrics.failures.inc();
    metrics.up.set(0);
    if (is_away) return;
    is_away = true;
    log.warn({ err: error }, 'Redis is away; every process goes on by itself');
  };
  const found = () => {
    resting_until = 0;
    metrics.up.set(1);
    if (is_away) log.info('Redis is back');
    is_away = false;
  };
  redis.on('ready', found);
  // Both connections fail together; one of them tells.
  redis.on('error', lose);
  ears.on('error', () => undefined);
  const ask: SharedStore['ask'] = async (work) => {
    if (performance.now() < resting_until) return undefined;
    try {
      const answer = await work(redis);
      if (is_away) found();
      return answer;
    } catch (error) {
      lose(error);
      return undefined;
    }
  };
  const listeners = new Map<string, (message: string) => void>();
  ears.on('message', (channel: string, message: string) => listeners.get(channel)?.(message));
  return {
    ask,
    tell: async (channel, message) => (await ask((there) => there.publish(channel, message))) !== undefined,
    listen(channel, listen, missed) {
      listeners.set(channel, listen);
      ears.on('ready', missed);
      ears.subscribe(channel).catch((error: unknown) => lose(error));
    },
    async close() {
      redis.disconnect();
      ears.disconnect();
    },
  };
}

function createRedisMetrics(registry: Registry) {
  return {
    up: new Gauge({ name: 'tallystick_redis_up', help: '1 while Redis answers', registers: [registry] }),
    failures: new Counter({
      name: 'tallystick_redis_failures_total',
      help: 'Times that Redis did not answer, and the process did without',
      registers: [registry],
    }),
  };
}
