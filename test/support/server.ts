import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { jobDefinitions } from '../../src/app/jobs.ts';
import { routerOf } from '../../src/app/reactions.ts';
import { startScheduler } from '../../src/app/roles/scheduler.ts';
import { startWebhooks } from '../../src/app/roles/webhooks.ts';
import { createServer } from '../../src/app/server.ts';
import { createTenantWithAdmin } from '../../src/foundation/identity/service/tenants.ts';
import { createTenantKeys } from '../../src/foundation/receipts/service.ts';
import { clock } from '../../src/platform/clock.ts';
import { type Config, parseConfig } from '../../src/platform/config.ts';
import { startJobs } from '../../src/platform/jobs.ts';
import type { SharedStore } from '../../src/platform/redis.ts';
import { createLogger, createMetrics } from '../../src/platform/telemetry.ts';
import { createIngest } from '../../src/usage/metering/service/ingest.ts';
import { type TestDatabase, testDatabase } from './database.ts';

export interface Answer {
  status: number;
  /** As it parses: tests look into answers freely. */
  body: ReturnType<typeof JSON.parse>;
  headers: Record<string, string | string[] | number | undefined>;
}

export interface TestTenant {
  tenant_id: string;
  /** The admin API key. */
  key: string;
  setup_token: string;
}

export interface TestServer {
  /** As the first tenant's admin unless `headers` carry another authorization; bodies that are not strings are sent as JSON. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  tenant: TestTenant;
  other: TestTenant;
  /** Short for `tenant.key` and `other.key`. */
  key: string;
  other_key: string;
  config: Config;
  t: TestDatabase;
  /** Listens on a free port of loopback, once. */
  listen(): Promise<string>;
  close(): Promise<void>;
}

export interface TestServerOptions {
  /** Runs background work, and what follows events. */
  jobs?: boolean;
  /** Delivers webhooks, to loopback too. */
  webhooks?: boolean;
  /** Closes billing cycles, and sets off what recurs. */
  scheduler?: boolean;
  /** Set beside the usual. */
  variables?: Record<string, string>;
  shared?: SharedStore;
}

/** The whole composed server on a database of its own, with two tenants, and what is asked for beside the api. */
export async function testServer(options: TestServerOptions = {}): Promise<TestServer> {
  const t = await testDatabase();
  const data_dir = mkdtempSync(join(tmpdir(), 'tallystick-data-'));
  const config = parseConfig(
    {
      TALLYSTICK_DATA_DIR: data_dir,
      TALLYSTICK_LOG_LEVEL: 'error',
      PORT: '0',
      ...(options.webhooks ? { TALLYSTICK_WEBHOOKS_ALLOW_PRIVATE: '127.0.0.1' } : {}),
      ...options.variables,
    },
    data_dir,
  );
  const log = createLogger(config.log_level);
  const { postgres } = t;
  const tenant = await makeTenant(t, 'first');
  const other = await makeTenant(t, 'second');
  const ingest = createIngest(postgres, { queue_events: config.ingest_queue_events });
  const metrics = createMetrics();
  const web = await createServer({ config, log, metrics, postgres, ingest, shared: options.shared ?? null });
  await web.ready();
  const jobs = options.jobs
    ? await startJobs(jobDefinitions({ postgres, metrics, ingest, ...config }), { postgres, clock, log })
    : null;
  const router = options.jobs ? routerOf({ postgres, clock, log, subscriber: null, takes_pending: true }) : null;
  await router?.start();
  const house = {
    config,
    clock,
    log,
    metrics,
    postgres,
    ingest,
    shared: null,
    readiness: async () => ({ database: true, roles: {} }),
  };
  const webhooks = options.webhooks ? await startWebhooks(house) : null;
  const scheduler = options.scheduler ? await startScheduler(house) : null;
  let open = true;
  const close = async () => {
    if (!open) return;
    open = false;
    await web.close();
    await scheduler?.stop();
    await webhooks?.stop();
    await router?.stop();
    await jobs?.stop();
    await ingest.close();
    rmSync(data_dir, { recursive: true, force: true });
    await t.close();
  };
  afterAll(close);
  return {
    tenant,
    other,
    key: tenant.key,
    other_key: other.key,
    config,
    t,
    close,
    listen: () => web.listen({ port: 0, host: '127.0.0.1' }),
    async call(method, path, body, headers = {}) {
      const json = body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body);
      const answer = await web.inject({
        method: method as 'GET',
        url: path,
        headers: {
          authorization: `Bearer ${tenant.key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: json ? JSON.stringify(body) : (body as string | Buffer) }),
      });
      const is_json = String(answer.headers['content-type'] ?? '').includes('json');
      return {
        status: answer.statusCode,
        body: is_json && answer.body !== '' ? JSON.parse(answer.body) : answer.rawPayload,
        headers: answer.headers,
      };
    },
  };
}

async function makeTenant(t: TestDatabase, slug: string): Promise<TestTenant> {
  const made = await createTenantWithAdmin({ postgres: t.postgres, clock }, { name: slug, slug, mode: 'test' }, async (tx) => {
    await createTenantKeys(tx);
  });
  return { tenant_id: made.tenant_id, key: made.admin_key, setup_token: made.setup_token };
}
