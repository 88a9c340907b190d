import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Answer, testServer } from '../support/server.ts';
import { holdTable } from '../support/tables-held.ts';
import { populate, samplesOf, type World } from '../support/world.ts';

const s = await testServer();
let world: World;

beforeAll(async () => {
  world = await populate(s, s.tenant, 'keys');
});

const copies = 8;

/** Sends the same request as a client would: again while the first is still running. Answers the answer, and how often it had to wait. */
async function persist(path: string, body: unknown, key: string): Promise<{ answer: Answer; waited: number }> {
  for (let waited = 0; ; waited += 1) {
    const answer = await s.call('POST', path, body, { 'idempotency-key': key });
    if (answer.status !== 409 || answer.body.code !== 'idempotency_key_in_use') return { answer, waited };
    expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    await sleep(5);
  }
}

/** All rows of the tenant, but for the keys themselves: what a second effect would add to. */
async function rowCounts(): Promise<Record<string, number>> {
  const tables = await s.t.superuser<{ relname: string }>(`
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
     WHERE c.relnamespace = 'tally'::regnamespace AND c.relkind = 'r' AND c.relname <> 'idempotency_key' ORDER BY 1`);
  const counts: Record<string, number> = {};
  for (const { relname } of tables) {
    const [row] = await s.t.superuser<{ count: number }>(`SELECT count(*)::int AS count FROM tally."${relname}"`);
    counts[relname] = row!.count;
  }
  return counts;
}

const delta = (before: Record<string, number>, after: Record<string, number>) =>
  Object.fromEntries(
    Object.entries(after).flatMap(([table, count]) => (count === before[table] ? [] : [[table, count - before[table]!]])),
  );

/** Every POST that does something new with a new name. */
const repeatable = [
  'POST /v1/orgs',
  'POST /v1/projects',
  'POST /v1/api-keys',
  'POST /v1/orgs/{id}/members',
  'POST /v1/skus',
  'POST /v1/business-models',
  'POST /v1/plans',
  'POST /v1/sites',
  'POST /v1/meters',
  'POST /v1/billing/charges',
  'POST /v1/metering/events',
];

describe('a command under an idempotency key', () => {
  it.each(repeatable)('%s: parallel copies have one effect and one answer', async (name) => {
    // The first of its kind may make what the next ones share.
    const warm = samplesOf(world.ids, 'warm')[name]!;
    expect((await s.call('POST', warm.url, warm.body)).status).toBeLessThan(300);
    const once = samplesOf(world.ids, 'once')[name]!;
    const before = await rowCounts();
    const plain = await s.call('POST', once.url, once.body);
    expect(plain.status).toBeLessThan(300);
    const one_effect = delta(before, await rowCounts());
    expect(Object.keys(one_effect)).not.toEqual([]);

    const many = samplesOf(world.ids, 'many')[name]!;
    const start = await rowCounts();
    const answers = await Promise.all(Array.from({ length: copies }, () => persist(many.url, many.body, `key of ${name}`)));
    expect(delta(start, await rowCounts())).toEqual(one_effect);
    const [first] = answers;
    expect(first!.answer.status).toBe(plain.status);
    for (const { answer } of answers)
      expect({ status: answer.status, body: answer.body }).toEqual({ status: first!.answer.status, body: first!.answer.body });
    expect(answers.filter(({ answer }) => answer.headers['idempotency-replayed'] === 'true')).toHaveLength(copies - 1);

    const settled = await rowCounts();
    const other = samplesOf(world.ids, 'other')[name]!;
    const reused = await s.call('POST', other.url, other.body, { 'idempotency-key': `key of ${name}` });
    expect(reused).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect((await persist(many.url, many.body, `key of ${name}`)).answer.body).toEqual(first!.answer.body);
    expect(delta(settled, await rowCounts())).toEqual({});
  });

  it('has one effect for each of many keys, whatever the copies do to each other', async () => {
    const keys = Array.from({ length: 25 }, (_, at) => `many-${at}`);
    const sent = keys.flatMap((key) => Array.from({ length: 5 }, () => key));
    // Not in order: copies of different keys run beside each other.
    const shuffled = sent.map((key, at) => ({ key, at: (at * 59) % sent.length })).sort((a, b) => a.at - b.at);
    const answers = await Promise.all(
      shuffled.map(async ({ key }) => ({ key, ...(await persist('/v1/projects', { org_id: world.ids.org, name: key }, key)) })),
    );
    for (const [, group] of Map.groupBy(answers, ({ key }) => key)) {
      expect(new Set(group.map(({ answer }) => JSON.stringify([answer.status, answer.body.project_id]))).size).toBe(1);
    }
    const rows = await s.t.superuser("SELECT name FROM project WHERE name LIKE 'many-%' ORDER BY name");
    expect(rows.map((row) => row.name)).toEqual([...keys].sort());
  });

  it('is refused with 422 for another path or method, and is free in another tenant', async () => {
    const body = { org_id: world.ids.org, name: 'placed' };
    const first = await s.call('POST', '/v1/projects', body, { 'idempotency-key': 'placed' });
    expect(first.status).toBe(201);
    for (const [method, path, other] of [
      ['POST', '/v1/sites', body],
      ['PATCH', `/v1/orgs/${world.ids.org}`, { legal_name: 'x' }],
      ['POST', '/v1/projects', { ...body, name: 'placed ' }],
    ] as const) {
      const answer = await s.call(method, path, other, { 'idempotency-key': 'placed' });
      expect(answer.status, `${method} ${path}`).toBe(422);
      if (path !== '/v1/sites') expect(answer.body.code, `${method} ${path}`).toBe('idempotency_key_reused');
    }
    const spelled = '{ "name": "placed", "org_id": "ID" }'.replace('ID', world.ids.org!);
    expect((await s.call('POST', '/v1/projects', spelled, { 'idempotency-key': 'placed' })).body).toEqual(first.body);
    const elsewhere = await s.call(
      'POST',
      '/v1/sites',
      { name: 'x' },
      { 'idempotency-key': 'placed', authorization: `Bearer ${s.other_key}` },
    );
    expect(elsewhere.status).toBe(201);
    expect(elsewhere.headers['idempotency-replayed']).toBeUndefined();
  });

  it('answers 409 with Retry-After while the first copy runs, and the first answer when it has', async () => {
    const lock = await holdTable(s.t, 'site');
    const first = s.call('POST', '/v1/sites', { name: 'slow' }, { 'idempotency-key': 'slow' });
    await lock.waitedFor();
    const second = await s.call('POST', '/v1/sites', { name: 'slow' }, { 'idempotency-key': 'slow' });
    expect(second).toMatchObject({ status: 409, body: { code: 'idempotency_key_in_use' }, headers: { 'retry-after': '1' } });
    await lock.release();
    const answer = await first;
    expect(answer.status).toBe(201);
    const third = await s.call('POST', '/v1/sites', { name: 'slow' }, { 'idempotency-key': 'slow' });
    expect(third).toMatchObject({ status: 201, body: answer.body, headers: { 'idempotency-replayed': 'true' } });
  });

  it('keeps no refusal: the same request counts once what was wrong is gone', async () => {
    const body = { sku: 'later', type: 'action', unit: 'call' };
    const price = (key: string) =>
      s.call('PUT', `/v1/plans/${world.ids.addon}/skus/later`, { overage_price: '1' }, { 'idempotency-key': key });
    expect((await price('early')).status).toBe(404);
    expect((await s.call('POST', '/v1/skus', body)).status).toBe(201);
    expect((await price('early')).status).toBe(200);
  });

  it('keeps a secret of the answer only sealed, and tells it again', async () => {
    const body = { name: 'sealed', scopes: ['usage:read'] };
    const first = await s.call('POST', '/v1/api-keys', body, { 'idempotency-key': 'sealed' });
    const again = await s.call('POST', '/v1/api-keys', body, { 'idempotency-key': 'sealed' });
    expect(again.body.key).toBe(first.body.key);
    const [row] = await s.t.superuser<{ body: string }>("SELECT body::text FROM idempotency_key WHERE key = 'sealed'");
    expect(row!.body).not.toContain(first.body.key);
    expect(row!.body).not.toContain(first.body.api_key_id);
  });
});
