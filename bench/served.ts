import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { freePort } from '../src/platform/embedded-postgres/postmaster.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/platform/embedded-postgres.ts';
import { createPostgres, type Postgres } from '../src/platform/postgres.ts';
import { dataFolder } from '../test/support/data-folder.ts';

export const connections = 8;

/** The whole server in a process of its own on a data folder of its own, and what it takes to ask it and its PostgreSQL. */
export interface Served {
  http: Http;
  /** As superuser, on the same PostgreSQL. */
  pool: pg.Pool;
  /** As the program has it. */
  postgres: Postgres;
  tenant_id: string;
  org_ids: string[];
  skus: string[];
  stop(): Promise<void>;
}

export type Http = ReturnType<typeof client>;

/** Starts a server with 50 organizations and five SKUs. `roles` as `serve --roles` takes them. */
export async function startServed({ roles }: { roles?: string } = {}): Promise<Served> {
  const folder = dataFolder();
  const key = `tsk_live_${randomBytes(16).toString('hex')}`;
  const port = await freePort();
  const server = serve({ data_dir: folder.path, key, port, roles });
  const undo: (() => unknown)[] = [() => folder.remove(), () => end(server)];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    await ready(server, port);
    const http = client(port, key);
    undo.push(() => http.close());
    const database: EmbeddedPostgres = await startEmbeddedPostgres({ data_dir: folder.path, share: true });
    undo.push(() => database.stop());
    const pool = new pg.Pool({
      ...database.admin,
      max: connections,
      options: '-c search_path=tally,public -c synchronous_commit=on',
    });
    undo.push(() => pool.end());
    const postgres = createPostgres({
      connection: { ...database.admin, user: database.login.name, password: database.login.password },
    });
    undo.push(() => postgres.close());
    return { http, pool, postgres, ...(await prepare(http, pool)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function prepare(http: Http, pool: pg.Pool): Promise<Pick<Served, 'tenant_id' | 'org_ids' | 'skus'>> {
  const org_ids: string[] = [];
  for (let at = 0; at < 50; at += 1) {
    const org = {
      legal_name: `Customer ${at}`,
      org_slug: `customer-${at}`,
      billing_email: 'a@example.com',
      default_timezone: 'Australia/Sydney',
    };
    org_ids.push((await http.post('/v1/orgs', JSON.stringify(org), 201)).org_id as string);
  }
  const skus = ['mail', 'sms', 'validation', 'hosting', 'report'];
  for (const sku of skus) await http.post('/v1/skus', JSON.stringify({ sku, type: 'action', unit: 'unit' }), 201);
  const { rows } = await pool.query<{ tenant_id: string }>('SELECT tenant_id FROM tally.tenant');
  return { tenant_id: rows[0]!.tenant_id, org_ids, skus };
}

function client(port: number, key: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    close: () => agent.destroy(),
    post: (path: string, body: string, status: number) =>
      new Promise<Record<string, unknown>>((resolve, reject) => {
        const headers = {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        };
        const sent = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, (answer) => {
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.on('end', () => {
            const text = Buffer.concat(parts).toString();
            if (answer.statusCode === status) resolve(JSON.parse(text) as Record<string, unknown>);
            else reject(new Error(`${path} answered ${answer.statusCode}: ${text.slice(0, 300)}`));
          });
        });
        sent.on('error', reject);
        sent.end(body);
      }),
  };
}

function serve({
  data_dir,
  key,
  port,
  roles,
}: {
  data_dir: string;
  key: string;
  port: number;
  roles: string | undefined;
}): ChildProcess {
  return spawn(
    process.execPath,
    [fileURLToPath(new URL('../src/main.ts', import.meta.url)), 'serve', ...(roles ? ['--roles', roles] : [])],
    {
      env: {
        ...process.env,
        TALLYSTICK_DATA_DIR: data_dir,
        TALLYSTICK_BOOTSTRAP_KEY: key,
        TALLYSTICK_LOG_LEVEL: 'error',
        TALLYSTICK_RATE_LIMIT: '100000000',
        PORT: `${port}`,
        HOST: '127.0.0.1',
        DATABASE_URL: '',
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
}

async function ready(server: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (server.exitCode !== null) throw new Error(`the server ended with ${server.exitCode}`);
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error('the server was not ready within a minute');
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await ended;
}
