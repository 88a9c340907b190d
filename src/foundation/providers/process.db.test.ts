import { randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { signedHeaders } from '../../../test/support/signed.ts';
import { holdTable } from '../../../test/support/tables-held.ts';
import { clock } from '../../platform/clock.ts';
import { httpErrors } from '../../platform/problem.ts';
import { createLogger } from '../../platform/telemetry.ts';
import { emit } from '../events/service.ts';
import type { InboundEndpointWithSecret } from './model.ts';
import { createEndpoint, revokeEndpoint } from './service/endpoints.ts';
import { type InboundKind, kindsOf } from './service/kinds.ts';
import { createInboundMetrics } from './service/metrics.ts';
import { type ProcessDeps, processWebhook } from './service/process.ts';
import { createInbound, type Inbound } from './service/receive.ts';
import { readWebhook, reprocessWebhook, requeueOverdue, sweepBodies } from './service/webhooks.ts';

const t = await testDatabase();
const { postgres, tenant_id } = t;

/** What the kind of these tests does with a message, by what its body says; each effect is one event. */
const probe: InboundKind = {
  kind: 'probe',
  scheme: 'standard_webhooks',
  answers: true,
  async take(tx, { inbound_webhook_id, body }) {
    await emit(tx, { type: 'probe.had', aggregate_type: 'probe', aggregate_id: inbound_webhook_id, data: {} });
    const says = body.toString();
    if (says === 'refuse') throw httpErrors.malformed_request({ detail: 'It says so.' });
    if (says === 'conflict') throw httpErrors.conflict({ detail: 'Not now.' });
    if (says === 'fail' && broken) throw new Error('a passing fault');
    if (says === 'wait') await waiting.promise;
    return { says };
  },
};
let broken = true;
let waiting = Promise.withResolvers<void>();

const log = createLogger('silent');
const deps: ProcessDeps = { postgres, clock, log, kinds: kindsOf([probe]), metrics: createInboundMetrics(new Registry()) };
const inbound = createInbound(deps);
let endpoint: InboundEndpointWithSecret;

beforeAll(async () => {
  endpoint = await t.transact((tx) => createEndpoint(tx, clock.now(), probe, { name: 'Probe' }));
});

interface Sending {
  id?: string;
  by?: Inbound;
  to?: InboundEndpointWithSecret;
}

function send(text: string, { id = randomUUID(), by = inbound, to = endpoint }: Sending = {}) {
  const body = Buffer.from(text);
  const headers = signedHeaders({ secret: to.secret!, body, id });
  return by.receive({ endpoint_id: to.endpoint_id, headers, body, http_request_id: 'a request' });
}

const read = (id: string) => t.read((db) => readWebhook(db, id));
const effects = async (id: string) =>
  (await t.superuser('SELECT FROM billing_events WHERE aggregate_id = $1 AND type = $2', [id, 'probe.had'])).length;
const jobsOf = (id: string) =>
  t.superuser<{ run_at: string; now: boolean }>(
    `SELECT run_at, run_at <= now() AS now FROM graphile_worker.jobs WHERE key = $1`,
    [`providers.process_inbound ${id}`],
  );
const newest = async () =>
  (
    await t.superuser<{ id: string }>(
      'SELECT inbound_webhook_id AS id FROM inbound_webhook ORDER BY inbound_webhook_id DESC LIMIT 1',
    )
  )[0]!.id;
const process = (id: string) => processWebhook(deps, { tenant_id, inbound_webhook_id: id });

describe('a message whose sender waits', () => {
  it('is answered with what became of it, the same each time, and has its effect once', async () => {
    const id = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => send('hello', { id })));
    expect(answers.filter(({ again }) => !again)).toHaveLength(1);
    for (const { status, body } of answers) expect({ status, body }).toEqual({ status: 200, body: { says: 'hello' } });
    expect(await effects(await newest())).toBe(1);
    expect(await process(await newest())).toEqual({ status: 'processed', answer: { says: 'hello' } });
    expect(await effects(await newest())).toBe(1);
    const under_its_id = `SELECT type AS what FROM billing_events WHERE correlation_id = $1
      UNION ALL SELECT action FROM audit_log WHERE correlation_id = $1 ORDER BY 1`;
    expect(await t.superuser(under_its_id, [await newest()])).toEqual([
      { what: 'inbound_webhook.accepted' },
      { what: 'probe.had' },
    ]);
  });

  it('and is refused for what it says, is told so; nothing of its effect stays, and its id is free', async () => {
    const id = randomUUID();
    await expect(send('refuse', { id })).rejects.toMatchObject({
      code: 'malformed_request',
      status: 400,
      message: 'It says so.',
    });
    const refused = await newest();
    expect(await read(refused)).toMatchObject({
      status: 'ignored',
      attempts: 1,
      last_error: { code: 'malformed_request', detail: 'It says so.' },
    });
    expect(await effects(refused)).toBe(0);
    expect(await send('put right', { id })).toMatchObject({ status: 200, again: false });
    await expect(send('refuse', { id })).rejects.toMatchObject({ code: 'inbound_webhook_reused' });
  });

  it('for longer than it may is told that it is kept, and goes on', async () => {
    waiting = Promise.withResolvers();
    const impatient = createInbound(deps, { answer_within_ms: 1 });
    const id = randomUUID();
    const answer = await send('wait', { id, by: impatient });
    const kept = { inbound_webhook_id: expect.any(String) };
    expect(answer).toEqual({ status: 202, body: kept, again: false });
    waiting.resolve();
    await impatient.close();
    expect(await send('wait', { id })).toEqual({ status: 200, body: { says: 'wait' }, again: true });
    expect(await effects(await newest())).toBe(1);
  });

  it('while the database fails after it was stored is told that it is kept, and its job does it', async () => {
    const held = await holdTable(t, 'billing_events');
    const impatient = createInbound(deps, { answer_within_ms: 1 });
    const answer = await send('held', { by: impatient });
    expect(answer.status).toBe(202);
    await held.waitedFor();
    // Nobody else waits for the table: only the connection in the middle of the effect is cut.
    await t.superuser(
      "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'tally.billing_events'::regclass AND NOT granted",
    );
    await held.release();
    await impatient.close();
    const id = await newest();
    expect(await jobsOf(id)).toHaveLength(1);
    expect(await process(id)).toMatchObject({ status: 'processed' });
    expect(await effects(id)).toBe(1);
  });
});

describe('a message that cannot be processed now', () => {
  it.each(['fail', 'conflict'])('is kept, and tried again later by a job, each time later (%s)', async (says) => {
    broken = true;
    expect(await send(says)).toMatchObject({ status: 202, again: false });
    const id = await newest();
    const first = await read(id);
    expect(first).toMatchObject({ status: 'failed', attempts: 1 });
    expect(await effects(id)).toBe(0);
    expect(await jobsOf(id)).toMatchObject([{ now: false }]);
    await process(id);
    const second = await read(id);
    expect(second).toMatchObject({ status: 'failed', attempts: 2 });
    const wait = (one: typeof first) => Temporal.Instant.from(one.next_attempt_at!);
    expect(wait(second).since(wait(first)).total('seconds')).toBeGreaterThanOrEqual(50);
    expect(await jobsOf(id)).toHaveLength(1);
  });

  it('has its effect once it can, and is answered with it from then on; asking often uses up no tries', async () => {
    broken = true;
    const id = randomUUID();
    await send('fail', { id });
    for (let n = 0; n < 10; n += 1) expect(await send('fail', { id })).toMatchObject({ status: 202, again: true });
    broken = false;
    await process(await newest());
    expect(await send('fail', { id })).toEqual({ status: 200, body: { says: 'fail' }, again: true });
    expect(await read(await newest())).toMatchObject({
      status: 'processed',
      attempts: 2,
      last_error: null,
      next_attempt_at: null,
    });
    expect(await effects(await newest())).toBe(1);
  });

  it('is dead after eight tries, which an event says; somebody may have it tried once more', async () => {
    broken = true;
    const message = randomUUID();
    await send('fail', { id: message });
    const id = await newest();
    for (let tries = 2; tries <= 7; tries += 1) expect(await process(id)).toEqual({ status: 'failed' });
    expect(await process(id)).toEqual({ status: 'dead' });
    expect(await process(id)).toEqual({ status: 'dead' });
    expect(await read(id)).toMatchObject({ status: 'dead', attempts: 8, last_error: { detail: 'a passing fault' } });
    const dead = 'SELECT data FROM billing_events WHERE aggregate_id = $1 AND type = $2';
    expect(await t.superuser(dead, [id, 'inbound_webhook.dead'])).toEqual([
      { data: { inbound_webhook_id: id, endpoint_id: endpoint.endpoint_id, kind: 'probe', code: 'processing_failed' } },
    ]);
    // The sender that still tries is told that it is kept.
    expect(await send('fail', { id: message })).toEqual({ status: 202, body: { inbound_webhook_id: id }, again: true });
    broken = false;
    await t.transact((tx) => reprocessWebhook(tx, clock.now(), id));
    expect(await jobsOf(id)).toMatchObject([{ now: true }]);
    expect(await process(id)).toMatchObject({ status: 'processed' });
    expect(await effects(id)).toBe(1);
    await expect(t.transact((tx) => reprocessWebhook(tx, clock.now(), id))).rejects.toMatchObject({
      code: 'inbound_webhook_processed',
    });
  });

  it('gets another job where its own was lost', async () => {
    broken = true;
    await send('fail');
    const id = await newest();
    await t.superuser('DELETE FROM graphile_worker._private_jobs');
    const later = clock.now().add({ minutes: 4 });
    expect(await requeueOverdue(postgres, later)).toBe(0);
    expect(await requeueOverdue(postgres, later.add({ minutes: 2 }))).toBeGreaterThan(0);
    expect(await jobsOf(id)).toHaveLength(1);
  });
});

describe('a flood', () => {
  it('of one endpoint is told to wait beyond what it may have under way, and nothing of it is lost or doubled', async () => {
    const [to, other] = [await newEndpoint('flooded'), await newEndpoint('quiet')];
    const sent = Array.from({ length: 100 }, (_, at) => send('flood', { to, id: `flood-${at}` }));
    const ended = await Promise.allSettled(sent);
    const taken = ended.filter((one) => one.status === 'fulfilled');
    const refused = ended.filter((one) => one.status === 'rejected');
    for (const { reason } of refused)
      expect(reason).toMatchObject({ code: 'inbound_endpoint_busy', status: 429, details: { headers: { 'retry-after': '1' } } });
    expect(taken.length).toBeGreaterThanOrEqual(64);
    expect(taken.length + refused.length).toBe(100);
    const rows = await t.superuser('SELECT FROM inbound_webhook WHERE endpoint_id = $1', [to.endpoint_id]);
    expect(rows).toHaveLength(taken.length);
    expect((await send('quiet', { to: other })).status).toBe(200);
    // Sent again, as they are told to, all get in.
    for (let at = 0; at < 100; at += 1) expect((await send('flood', { to, id: `flood-${at}` })).status).toBe(200);
    expect(await t.superuser('SELECT FROM inbound_webhook WHERE endpoint_id = $1', [to.endpoint_id])).toHaveLength(100);
  });

  it('that is not processed is not stored without end', async () => {
    const to = await newEndpoint('waiting');
    await t.superuser(
      `INSERT INTO inbound_webhook (tenant_id, inbound_webhook_id, endpoint_id, message_id, headers, body, body_hash, signed_at, received_at, status, next_attempt_at)
       SELECT $1, uuidv7(), $2, 'waits-' || n, '{}', '', sha256(''), now(), now(), 'received', now() FROM generate_series(1, 10000) n`,
      [tenant_id, to.endpoint_id],
    );
    await expect(send('one more', { to })).rejects.toMatchObject({
      code: 'inbound_endpoint_busy',
      details: { headers: { 'retry-after': '60' } },
    });
    // What is stored already is answered all the same.
    expect((await send('', { to, id: 'waits-7' })).status).toBe(200);
    expect((await send('one more', { to })).status).toBe(200);
  });
});

describe('a body', () => {
  it('is let go once it was kept for long enough; the message still counts once', async () => {
    const id = randomUUID();
    await send('old', { id });
    const webhook = await newest();
    const soon = clock.now().add({ hours: 24 * 29 });
    await sweepBodies(postgres, soon, AbortSignal.timeout(60_000));
    expect((await read(webhook)).body_text).toBe('old');
    await sweepBodies(postgres, soon.add({ hours: 48 }), AbortSignal.timeout(60_000));
    expect(await read(webhook)).toMatchObject({ body_text: null, body_base64: null, body_bytes: null, answer: { says: 'old' } });
    expect(await send('old', { id })).toEqual({ status: 200, body: { says: 'old' }, again: true });
    await expect(send('new', { id })).rejects.toMatchObject({ code: 'inbound_webhook_reused' });
    const ignored = (
      await t.superuser<{ id: string }>("SELECT inbound_webhook_id AS id FROM inbound_webhook WHERE status = 'ignored' LIMIT 1")
    )[0]!.id;
    await t.superuser('UPDATE inbound_webhook SET message_id = gen_random_uuid()::text WHERE inbound_webhook_id = $1', [ignored]);
    await expect(t.transact((tx) => reprocessWebhook(tx, clock.now(), ignored))).rejects.toMatchObject({
      code: 'inbound_webhook_body_gone',
    });
  });

  it('of what waits or is dead is kept longer', async () => {
    broken = true;
    await send('fail');
    const id = await newest();
    await sweepBodies(postgres, clock.now().add({ hours: 24 * 365 }), AbortSignal.timeout(60_000));
    expect((await read(id)).body_text).toBe('fail');
  });
});

it('takes nothing more once an endpoint is revoked, but ends what it took before', async () => {
  broken = true;
  const to = await newEndpoint('revoked');
  await send('fail', { to });
  const id = await newest();
  await t.transact((tx) => revokeEndpoint(tx, to.endpoint_id));
  await expect(send('more', { to })).rejects.toMatchObject({ code: 'inbound_webhook_unauthenticated' });
  broken = false;
  expect(await process(id)).toMatchObject({ status: 'processed' });
});

it('finds no message of another tenant', async () => {
  const id = await newest();
  const elsewhere = { tenant_id: t.other_tenant_id, inbound_webhook_id: id };
  await expect(processWebhook(deps, elsewhere)).rejects.toMatchObject({ code: 'inbound_webhook_not_found' });
  expect(await t.superuser('SELECT * FROM audit')).toEqual([]);
});

function newEndpoint(name: string): Promise<InboundEndpointWithSecret> {
  return t.transact((tx) => createEndpoint(tx, clock.now(), probe, { name }));
}
