import { createServer, type Server } from 'node:http';
import type { Config } from './config.ts';
import type { Postgres } from './postgres.ts';
import type { Metrics } from './telemetry.ts';

/** How far a process is, by the name of everything that it needs: the database, and each role that runs in it. */
export interface Readiness {
  database: boolean;
  roles: Readonly<Record<string, boolean>>;
}

/** Whether the database answers. */
export function answers(postgres: Postgres): Promise<boolean> {
  const asked = postgres.pool('app').query('SELECT 1');
  return asked.then(
    () => true,
    () => false,
  );
}

export interface HealthOptions {
  config: Pick<Config, 'metrics_token'>;
  metrics: Metrics;
  ready: () => Promise<Readiness>;
}

export interface HealthAnswer {
  status: number;
  type: string;
  body: string;
}

export interface Asker {
  address: string;
  authorization?: string | undefined;
}

/** Answers what watches a process: whether it lives, whether it is ready, how it does. Null for `/metrics` where the asker may not know. */
export function createHealth(
  options: HealthOptions,
): Record<'/livez' | '/readyz' | '/metrics', (asker: Asker) => Promise<HealthAnswer | null>> {
  const json = (status: number, body: object) => ({
    status,
    type: 'application/json; charset=utf-8',
    body: JSON.stringify(body),
  });
  return {
    '/livez': async () => json(200, { status: 'alive' }),
    '/readyz': async () => {
      const { database, roles } = await options.ready();
      const missing = [...(database ? [] : ['database']), ...Object.keys(roles).filter((role) => !roles[role])];
      const states = Object.fromEntries(Object.entries(roles).map(([role, ready]) => [role, ready ? 'ready' : 'not ready']));
      if (missing.length === 0) return json(200, { status: 'ready', roles: states });
      return json(503, { status: 'not ready', missing, roles: states });
    },
    '/metrics': async ({ address, authorization }) => {
      const token = options.config.metrics_token;
      const local = ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(address);
      if (token === null ? !local : authorization !== `Bearer ${token}`) return null;
      const { registry } = options.metrics;
      return { status: 200, type: registry.contentType, body: await registry.metrics() };
    },
  };
}

/** A server of nothing but health, for a process that answers no other HTTP. Not yet listening. */
export function createHealthServer(options: HealthOptions): Server {
  const health = createHealth(options);
  return createServer({ headersTimeout: 10_000, requestTimeout: 10_000, keepAliveTimeout: 72_000 }, (request, response) => {
    request.resume();
    const path = (request.url ?? '').split('?', 1)[0]! as keyof typeof health;
    const known = Object.hasOwn(health, path) && (request.method === 'GET' || request.method === 'HEAD');
    const asker = { address: request.socket.remoteAddress ?? '', authorization: request.headers.authorization };
    const refusal = { status: known ? 403 : 404, type: 'text/plain; charset=utf-8', body: known ? 'Forbidden\n' : 'Not found\n' };
    (known ? health[path](asker) : Promise.resolve(null)).then(
      (answer) => {
        const { status, type, body } = answer ?? refusal;
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
        response.end(body);
      },
      () => response.writeHead(500).end(),
    );
  });
}
