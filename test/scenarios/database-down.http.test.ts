import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { start } from '../../src/app/compose.ts';
import { roles } from '../../src/app/roles.ts';
import { parseConfig } from '../../src/platform/config.ts';
import { lockFile } from '../../src/platform/file-lock.ts';
import { operationsOf } from '../support/openapi.ts';
import { signedHeaders } from '../support/signed.ts';
import { samplesOf } from '../support/world.ts';

const key = 'tsk_live_DownDownDownDownDownDownDown';
const data_dir = mkdtempSync(join(tmpdir(), 'tallystick-down-'));
chmodSync(data_dir, 0o755);
const running = await start(
  parseConfig(
    { PORT: '0', TALLYSTICK_DATA_DIR: data_dir, TALLYSTICK_LOG_LEVEL: 'silent', TALLYSTICK_BOOTSTRAP_KEY: key },
    data_dir,
  ),
  roles,
);
const address = running.address!;
const elsewhere = join(data_dir, 'postgres.place');
const place = existsSync(elsewhere) ? readFileSync(elsewhere, 'utf8').trim() : join(data_dir, 'postgres');

afterAll(async () => {
  await running.stop();
  if (place !== join(data_dir, 'postgres')) rmSync(place, { recursive: true, force: true });
  rmSync(data_dir, { recursive: true, force: true });
});

async function call(
  method: string,
  path: string,
  body?: unknown,
  content_type = 'application/json',
  more: Record<string, string> = {},
) {
  const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(address + path, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(payload === undefined ? {} : { 'content-type': content_type }), ...more },
    ...(payload === undefined ? {} : { body: payload }),
  });
  const text = await answer.text();
  return { status: answer.status, type: answer.headers.get('content-type'), headers: answer.headers, text };
}

const postmaster = () => Number.parseInt(readFileSync(join(place, 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0]!, 10);
const isUp = () => existsSync(join(place, 'cluster', 'postmaster.pid'));

/** Stops PostgreSQL as its operator would, and keeps it from being started again until released. */
async function stopPostgres(how: 'SIGINT' | 'SIGQUIT'): Promise<{ release(): void }> {
  const lock = lockFile(join(place, 'start.lock'), 'exclusive', null);
  expect(lock).not.toBeNull();
  process.kill(postmaster(), how);
  while (isUp()) await sleep(10);
  return lock!;
}

async function untilReady(): Promise<void> {
  while ((await call('GET', '/readyz')).status !== 200) await sleep(20);
}

describe('while PostgreSQL is down', () => {
  it.each(['SIGINT', 'SIGQUIT'] as const)(
    'every route answers 503 and nothing else, and all is well again when it is back (%s)',
    async (how) => {
      const operations = operationsOf(JSON.parse((await call('GET', '/openapi.json')).text)).filter(({ secured }) => secured);
      // Nothing is looked up, so that any ids will do.
      const anything = new Proxy(
        {},
        { get: (_ids, name) => (/^(sku|energy|extra)$/.test(String(name)) ? 'a.sku' : randomUUID()) },
      );
      const samples = samplesOf(anything, 'down');
      expect((await call('GET', '/readyz')).status).toBe(200);
      expect((await call('POST', '/v1/sites', { name: `before ${how}` })).status).toBe(201);

      const endpoint = JSON.parse((await call('POST', '/v1/inbound-endpoints', { kind: 'generic', name: how })).text);
      const message = {
        secret: endpoint.secret,
        body: '{"type":"payment.succeeded"}',
        id: `sent while down ${how}`.replaceAll(' ', '-'),
      };
      // Signed anew each time, as senders do that try again.
      const deliver = () =>
        call('POST', `/v1/webhooks/in/${endpoint.endpoint_id}`, message.body, 'application/json', signedHeaders(message));

      const down = await stopPostgres(how);
      try {
        expect((await call('GET', '/livez')).status).toBe(200);
        expect((await call('GET', '/readyz')).status).toBe(503);
        for (const operation of operations) {
          // What is priced with nothing stored needs no database once the key is known.
          if (operation.name === 'POST /v1/pricing/evaluate') continue;
          const { url, body, content_type } = samples[operation.name]!;
          const answer = await call(operation.method, url, body, content_type);
          expect(answer.status, `${operation.name}: ${answer.text}`).toBe(503);
          expect(answer.type, operation.name).toBe('application/problem+json; charset=utf-8');
          expect(answer.headers.get('retry-after'), operation.name).toMatch(/^[1-9]\d*$/);
          expect(JSON.parse(answer.text), operation.name).toMatchObject({
            status: 503,
            code: 'unavailable',
            http_request_id: expect.any(String),
          });
        }
        for (const [method, path, body] of [
          ['POST', '/v1/session', { email: 'a@example.com', password: 'correct horse battery' }],
          ['POST', '/v1/session:setup', { token: 'x', password: 'correct horse battery' }],
          ['GET', '/.well-known/jwks.json', undefined],
        ] as const) {
          const answer = await call(method, path, body);
          expect(answer.status, `${method} ${path}: ${answer.text}`).toBe(503);
        }
        const refused = await deliver();
        expect(refused.status, refused.text).toBe(503);
        expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      } finally {
        down.release();
      }
      await untilReady();
      const sites = JSON.parse((await call('GET', '/v1/sites')).text).data.map((site: { name: string }) => site.name);
      expect(sites).toContain(`before ${how}`);
      expect((await call('POST', '/v1/sites', { name: `after ${how}` })).status).toBe(201);
      // What was sent meanwhile is sent again, and counts once.
      expect([(await deliver()).status, (await deliver()).status]).toEqual([202, 202]);
      const messages = await call('GET', `/v1/inbound-webhooks?endpoint_id=${endpoint.endpoint_id}`);
      expect(JSON.parse(messages.text).data).toMatchObject([{ message_id: message.id }]);
      // Work in the background goes on too: the run is taken by a worker whose connections had all gone.
      const run = await call('POST', '/v1/billing/runs', { from: '2025-01-01', to: '2025-02-01' });
      expect(run.status).toBe(202);
      const { run_id } = JSON.parse(run.text);
      let status = 'queued';
      while (status !== 'completed') {
        status = JSON.parse((await call('GET', `/v1/billing/runs/${run_id}`)).text).status;
        expect(status).not.toBe('failed');
        await sleep(50);
      }
    },
  );
});
