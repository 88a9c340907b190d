import { beforeAll, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { merkleRoot } from '../../kernel/merkle.ts';
import { usageLeaf } from '../../kernel/proof.ts';

const s = await testServer();
let org_id = '';
let sequence = 0;

beforeAll(async () => {
  const org = { legal_name: 'One', org_slug: 'one', billing_email: 'a@example.com', default_timezone: 'Australia/Sydney' };
  org_id = (await s.call('POST', '/v1/orgs', org)).body.org_id;
  for (const [sku, late_policy] of [
    ['mail', 'adjust_next'],
    ['firm', 'reject'],
    ['kept', 'absorb'],
  ]) {
    await s.call('POST', '/v1/skus', { sku, type: 'action', unit: 'mail', late_policy });
  }
});

async function report(over: object = {}): Promise<string> {
  sequence += 1;
  const event = { request_id: `r-${sequence}`, sku: 'mail', quantity: '5', org_id, time: '2026-02-10T08:00:00Z', ...over };
  expect((await s.call('POST', '/v1/metering/events', [event])).body).toMatchObject({ accepted: 1 });
  return event.request_id;
}
const at = (request_id: string) => `/v1/metering/events/${encodeURIComponent(request_id)}`;
const voided = (request_id: string, body: object = { reason: 'sent twice' }, headers?: Record<string, string>) =>
  s.call('POST', `${at(request_id)}:void`, body, headers);
const amended = (request_id: string, body: object) => s.call('POST', `${at(request_id)}:amend`, { reason: 'wrong', ...body });
const correct = (...corrections: unknown[]) => s.call('POST', '/v1/metering/corrections', { corrections });
const payload = (jws: string) => JSON.parse(Buffer.from(jws.split('.')[1]!, 'base64url').toString());
const usage = async () =>
  (await s.call('GET', '/v1/metering/usage?from=2026-02-01&to=2026-03-01&window=month&group_by=sku')).body.data as {
    sku: string;
    count: number;
    quantity: string;
  }[];
const audited = async (target_id: string) =>
  (await s.call('GET', `/v1/audit-entries?target_type=usage_event&target_id=${encodeURIComponent(target_id)}`)).body.data;

it('voids an event by its opposite, signed, audited and told', async () => {
  const request_id = await report({ quantity: '2.5', amount: '-0.25', properties: { region: 'au' }, metadata: { by: 'job' } });
  const { status, body } = await voided(request_id, { reason: 'sent twice', source: 'backend' });
  expect(status).toBe(201);
  expect(body).toMatchObject({
    counter: {
      request_id: `void:${request_id}`,
      voids: request_id,
      amends: null,
      org_id,
      sku: 'mail',
      quantity: '-2.5',
      amount: '0.25',
      properties: { region: 'au' },
      time: '2026-02-10T08:00:00Z',
      source: 'backend',
      metadata: { reason: 'sent twice' },
    },
    replacement: null,
    late: [],
  });
  expect(payload(body.ack)).toMatchObject({ count: 1, root: body.counter.leaf });
  // The leaf is what anyone makes of the event and its salt.
  const [{ salt }] = (await s.t.superuser('SELECT salt FROM metering_event WHERE request_id = $1', [`void:${request_id}`])) as [
    { salt: Buffer },
  ];
  const { event_id: _event, leaf, received_at: _received, ...event } = body.counter;
  expect(usageLeaf(event, salt).toString('hex')).toBe(leaf);
  expect((await s.call('GET', at(request_id))).body).toMatchObject({
    request_id,
    quantity: '2.5',
    stands: false,
    voided_by: `void:${request_id}`,
    amended_by: null,
    reason: 'sent twice',
  });
  expect((await s.call('GET', at(`void:${request_id}`))).body).toMatchObject({ voids: request_id, stands: false });
  const entries = await audited(request_id);
  expect(entries).toMatchObject([
    {
      action: 'usage_event.voided',
      actor: { kind: 'api_key' },
      org_id,
      before: { request_id, quantity: '2.5' },
      after: { reason: 'sent twice', voided_by: `void:${request_id}` },
    },
  ]);
  expect((await s.call('GET', '/v1/events?type=usage.corrected')).body.data).toMatchObject([{ data: { voided: 1, amended: 0 } }]);
});

it('amends an event: what is left out stays, null takes away, and the replacement can be corrected again', async () => {
  const request_id = await report({ sku: 'kept', metadata: { by: 'job' }, properties: { a: 1 } });
  const { status, body } = await amended(request_id, { quantity: 7, metadata: null });
  expect(status).toBe(201);
  expect(body.counter).toMatchObject({
    quantity: '-5',
    voids: request_id,
    metadata: { reason: 'wrong', amended_by: `amend:${request_id}` },
  });
  expect(body.replacement).toMatchObject({
    request_id: `amend:${request_id}`,
    amends: request_id,
    quantity: '7',
    metadata: null,
    properties: { a: 1 },
    time: '2026-02-10T08:00:00Z',
    source: 'manual',
  });
  expect(payload(body.ack)).toMatchObject({
    count: 2,
    root: merkleRoot([body.counter, body.replacement].map(({ leaf }) => Buffer.from(leaf, 'hex'))).toString('hex'),
  });
  const again = await amended(body.replacement.request_id, { quantity: '8', request_id: 'third' });
  expect(again.body.replacement).toMatchObject({ request_id: 'third', amends: `amend:${request_id}`, quantity: '8' });
  expect((await s.call('GET', at(`amend:${request_id}`))).body).toMatchObject({
    stands: false,
    amended_by: 'third',
    amends: request_id,
  });
  expect((await s.call('GET', at('third'))).body).toMatchObject({ stands: true, voided_by: null, reason: null });
  // 5 − 5 + 7 − 7 + 8, of one event.
  expect((await usage()).find(({ sku }) => sku === 'kept')).toMatchObject({ count: 1, quantity: '8' });
  expect(await audited(request_id)).toMatchObject([{ action: 'usage_event.amended', after: { replacement: { quantity: '7' } } }]);
});

it('gives the first answer to the same correction, and names it to any other', async () => {
  const request_id = await report();
  const first = await voided(request_id);
  const same = await voided(request_id);
  expect(same.status).toBe(201);
  expect(same.body.counter).toEqual(first.body.counter);
  expect(await audited(request_id)).toHaveLength(1);
  for (const other of [await voided(request_id, { reason: 'another' }), await amended(request_id, { quantity: '1' })]) {
    expect(other.status).toBe(409);
    expect(other.body).toMatchObject({ code: 'event_corrected', voided_by: `void:${request_id}`, amended_by: null });
  }
  const replaced = await report();
  const change = { quantity: '1', request_id: 'own-id' };
  const made = await amended(replaced, change);
  expect((await amended(replaced, change)).body.replacement).toEqual(made.body.replacement);
  expect((await amended(replaced, { ...change, quantity: '2' })).body).toMatchObject({
    code: 'event_corrected',
    amended_by: 'own-id',
  });
  expect((await voided(replaced, { reason: 'wrong' })).body.code).toBe('event_corrected');
});

it('keeps nothing of an amendment whose replacement cannot be stored', async () => {
  const [request_id, taken] = [await report(), await report()];
  for (const [change, status, code] of [
    [{ request_id: taken }, 409, 'request_id_conflict'],
    [{ request_id }, 409, 'request_id_conflict'],
    [{ sku: 'nothing' }, 422, 'correction_refused'],
    [{ org_id: '01890000-0000-7000-8000-000000000001' }, 422, 'correction_refused'],
    [{ project_id: '01890000-0000-7000-8000-000000000001' }, 422, 'correction_refused'],
    [{ quantity: '-1' }, 422, 'correction_refused'],
    [{ quantity: null }, 422, 'correction_refused'],
    [{ quantity: 'NaN' }, 422, 'correction_refused'],
    [{ time: '2026-02-30T00:00:00Z' }, 422, 'correction_refused'],
    [{ time: '1999-12-31T00:00:00Z' }, 422, 'correction_refused'],
    [{ request_id: 'void:mine' }, 422, 'correction_refused'],
    [{ quantity: undefined }, 422, 'correction_refused'],
    [{ colour: 'red' }, 422, 'validation_failed'],
    [{ reason: '' }, 422, 'validation_failed'],
    [{ reason: 'a\tb' }, 422, 'validation_failed'],
    [{ source: 'rumour' }, 422, 'validation_failed'],
  ] as const) {
    const { status: answered, body } = await amended(request_id, { quantity: '9', ...change });
    expect([change, answered, body.code]).toEqual([change, status, code]);
  }
  expect((await s.call('GET', at(request_id))).body).toMatchObject({ stands: true, voided_by: null });
  expect(await audited(request_id)).toEqual([]);
});

it('knows no event that is another tenant’s, another’s, or none at all', async () => {
  const request_id = await report();
  const theirs = await voided(request_id, undefined, { authorization: `Bearer ${s.other_key}` });
  const none = await voided('nothing');
  for (const { status, body } of [theirs, none])
    expect([status, body.code, body.detail]).toEqual([404, 'event_not_found', none.body.detail]);
  expect((await s.call('GET', at('nothing'))).status).toBe(404);
  expect((await s.call('GET', at(request_id), undefined, { authorization: `Bearer ${s.other_key}` })).status).toBe(404);
});

it('corrects no counter-event, and lets nobody report one', async () => {
  const request_id = await report();
  await voided(request_id);
  expect((await voided(`void:${request_id}`)).body.code).toBe('event_is_counter');
  expect((await amended(`void:${request_id}`, { quantity: '1' })).body.code).toBe('event_is_counter');
  const forged = { request_id: 'void:r-x', sku: 'mail', quantity: '1', org_id, time: '2026-02-10T08:00:00Z' };
  expect((await s.call('POST', '/v1/metering/events', [forged])).body.rejected).toMatchObject([{ code: 'field_invalid' }]);
  const marked = { ...forged, request_id: 'plain', voids: request_id };
  expect((await s.call('POST', '/v1/metering/events', [marked])).body.rejected).toMatchObject([{ code: 'field_unknown' }]);
});

it('takes request ids of any kind in the path, and hashes those that are too long', async () => {
  for (const plain of ['urn:a/b.c', 'https%3A%2F%2Fexample.com/1', 'é 100%', 'x'.repeat(255)]) {
    const request_id = await report({ request_id: plain });
    const { status, body } = await voided(request_id);
    expect([status, body.counter?.voids]).toEqual([201, plain]);
    expect((await s.call('GET', at(plain))).body).toMatchObject({ request_id: plain, voided_by: body.counter.request_id });
  }
  const long = await report({ request_id: 'y'.repeat(255) });
  expect((await amended(long, { quantity: '1' })).body.replacement.request_id).toMatch(/^amend:[0-9a-f]{64}$/);
});

it('says which late policy applies, refuses where the SKU rejects, and bills the difference where it absorbs', async () => {
  const own = { legal_name: 'Two', org_slug: 'two', billing_email: 'a@example.com', default_timezone: 'UTC' };
  const other_org = (await s.call('POST', '/v1/orgs', own)).body.org_id as string;
  const [mail, firm, kept] = [
    await report({ org_id: other_org }),
    await report({ org_id: other_org, sku: 'firm' }),
    await report({ org_id: other_org, sku: 'kept' }),
  ];
  await s.t.superuser('INSERT INTO usage_closure (tenant_id, org_id, closed_until) VALUES ($1, $2, $3)', [
    s.tenant.tenant_id,
    other_org,
    '2026-03-01T00:00:00Z',
  ]);
  expect((await voided(mail)).body.late).toEqual([{ request_id: `void:${mail}`, late_policy: 'adjust_next' }]);
  expect((await voided(firm)).body).toMatchObject({ status: 409, code: 'period_closed' });
  expect((await amended(firm, { time: '2026-03-10T00:00:00Z' })).body.code).toBe('period_closed');
  // Billed before it was closed: both halves of the correction are billed too, else the customer would get it for nothing.
  expect((await amended(kept, { quantity: '1' })).body.late).toEqual([
    { request_id: `void:${kept}`, late_policy: 'adjust_next' },
    { request_id: `amend:${kept}`, late_policy: 'adjust_next' },
  ]);
  // Absorbed when it came: its correction is absorbed with it.
  const late = await report({ org_id: other_org, sku: 'kept' });
  expect((await amended(late, { quantity: '1' })).body.late.map((each: { late_policy: string }) => each.late_policy)).toEqual([
    'absorb',
    'absorb',
  ]);
  const rows = await s.t.superuser<{ absorbed: boolean }>(
    'SELECT absorbed FROM metering_event WHERE voids = ANY ($1) OR amends = ANY ($1) ORDER BY xid, voids IS NULL',
    [[kept, late]],
  );
  expect(rows.map((row) => row.absorbed)).toEqual([false, false, true, true]);
});

it('answers each of many corrections by itself', async () => {
  const [a, b, c] = [await report(), await report(), await report()];
  await voided(c);
  const { status, body } = await correct(
    { voids: a, reason: 'one' },
    { amends: b, reason: 'two', quantity: '6' },
    { voids: c, reason: 'another' },
    { voids: a, reason: 'one' },
    { amends: a, reason: 'one', quantity: '1' },
    { voids: 'nothing', reason: 'x' },
    { voids: a },
    { voids: a, reason: 'x', colour: 'red' },
    'void it',
    { amends: b, reason: 'two', quantity: [] },
  );
  expect(status).toBe(202);
  expect(body).toMatchObject({ accepted: 2, duplicates: 1, late: [] });
  expect(
    body.rejected.map((each: { index: number; request_id: string; code: string }) => [each.index, each.request_id, each.code]),
  ).toEqual([
    [2, c, 'event_corrected'],
    [4, a, 'event_corrected'],
    [5, 'nothing', 'event_not_found'],
    [6, a, 'field_missing'],
    [7, a, 'field_unknown'],
    [8, null, 'event_invalid'],
    [9, b, 'field_invalid'],
  ]);
  // The counter-event of a, that of b with its replacement, and that of a again.
  expect(payload(body.ack).count).toBe(4);
  const none = await correct({ voids: 'nothing', reason: 'x' });
  expect([none.status, none.body.code, none.body.rejected]).toMatchObject([422, 'corrections_all_rejected', [{ index: 0 }]]);
  for (const bad of [[], Array.from({ length: 10_001 }, () => ({ voids: a, reason: 'x' }))]) {
    expect((await correct(...bad)).body.code).toBe('validation_failed');
  }
});

it('lets one of many callers at once correct an event, and leaves the record in order', async () => {
  const request_id = await report();
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, each) =>
      each % 2 === 0
        ? voided(request_id, { reason: `reason ${each}` })
        : amended(request_id, { quantity: `${each}`, request_id: `race-${each}` }),
    ),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(11);
  expect(await audited(request_id)).toHaveLength(1);
  expect(await s.t.superuser('SELECT * FROM audit')).toEqual([]);
});

it('shows in the list what takes back what', async () => {
  const request_id = await report();
  await amended(request_id, { quantity: '1' });
  const { data } = (await s.call('GET', `/v1/metering/events?org_id=${org_id}&limit=100`)).body;
  const linked = (data as { request_id: string; voids: string | null; amends: string | null }[]).filter(
    (each) => each.voids === request_id || each.amends === request_id,
  );
  expect(linked.map((each) => each.request_id).sort()).toEqual([`amend:${request_id}`, `void:${request_id}`]);
});

it('replays as many files at once as it has connections, and none waits for another', async () => {
  const rows = (one: number) =>
    [`p-${one}`, `void:p-${one}`].map((request_id, at) => ({
      ...{ request_id, sku: 'mail', quantity: at === 0 ? '1' : '-1', org_id, time: '2026-02-11T08:00:00Z' },
      ...(at === 0 ? {} : { voids: `p-${one}` }),
    }));
  const replay = async (one: number) => {
    const form = new FormData();
    form.append(
      'file',
      new Blob([
        rows(one)
          .map((row) => JSON.stringify(row))
          .join('\n'),
      ]),
      'events.ndjson',
    );
    const encoded = new Response(form);
    const type = { 'content-type': encoded.headers.get('content-type')! };
    return s.call('POST', '/v1/metering/replays', Buffer.from(await encoded.arrayBuffer()), type);
  };
  // Twice the connections of the server's pool.
  const answers = await Promise.all(Array.from({ length: 20 }, (_, one) => replay(one)));
  expect(answers.map(({ status, body }) => [status, body.accepted])).toEqual(answers.map(() => [202, 2]));
});
