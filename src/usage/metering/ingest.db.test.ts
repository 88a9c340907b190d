import { expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { storeUncommitted, testUsage } from '../../../test/support/usage.ts';
import { type UsageEvent, usageLeaf } from '../../kernel/proof.ts';
import type { UsageInput } from './model.ts';
import { createIngest } from './service/ingest.ts';

const t = await testDatabase();
const usage = testUsage(t);
const now = Temporal.Instant.from('2026-03-01T00:00:00Z');
const org_id = await usage.organization();
await usage.sku('mail');
await usage.sku('visit', { aggregation: 'count' });
await usage.sku('energy', { allow_negative: true });

let sequence = 0;
const event = (over: Partial<UsageInput> = {}): UsageInput => {
  sequence += 1;
  return { request_id: `r-${sequence}`, org_id, sku: 'mail', quantity: '1', time: '2026-02-10T08:00:00Z', ...over };
};
const send = (...events: unknown[]) => usage.ingest.ingestEvents(t.tenant_id, events, { now });
const stored = (request_id: string) =>
  t.superuser<Record<string, unknown>>('SELECT * FROM metering_event WHERE tenant_id = $1 AND request_id = $2', [
    t.tenant_id,
    request_id,
  ]);

it('stores an event once, however it is written and however often it is sent', async () => {
  const first = event({ quantity: '1.50', time: '2026-02-10T19:00:00.100+11:00', properties: { region: 'au', size: 2 } });
  const same = { ...first, quantity: 1.5, time: '2026-02-10T08:00:00.1Z', properties: { size: 2, region: 'au' } };
  const [a, b] = [await send(first), await send(same)];
  expect(a).toMatchObject({ accepted: 1, duplicates: 0, rejected: [] });
  expect(b).toMatchObject({ accepted: 0, duplicates: 1, rejected: [] });
  expect(b.leaves).toEqual(a.leaves);
  expect(await stored(first.request_id)).toHaveLength(1);
});

it('keeps a leaf that the stored row gives again', async () => {
  const one = event({
    quantity: '007.500',
    amount: 12,
    properties: { deep: { list: [1, 2.5, null, 'é'] } },
    metadata: { note: '"quoted"' },
    source: 'meter',
  });
  const { leaves } = await send(one);
  const [row] = await stored(one.request_id);
  const {
    quantity,
    amount,
    properties,
    metadata,
    event_time: time,
    source,
    salt,
    leaf,
  } = row as unknown as UsageEvent & { event_time: string; salt: Buffer; leaf: Buffer };
  expect(
    usageLeaf({ request_id: one.request_id, org_id, sku: 'mail', quantity, amount, properties, metadata, time, source }, salt),
  ).toEqual(leaf);
  expect(leaves).toEqual([leaf]);
  expect(quantity).toBe('7.5');
});

it('refuses another body under a used request id, in the same call and later', async () => {
  const one = event({ quantity: '1' });
  const other = { ...one, quantity: '2' };
  expect(await send(one, other)).toMatchObject({ accepted: 1, rejected: [{ index: 1, code: 'request_id_conflict' }] });
  expect(await send(other)).toMatchObject({ accepted: 0, rejected: [{ index: 0, code: 'request_id_conflict' }] });
  expect(await send({ ...one, properties: {} })).toMatchObject({ accepted: 0, rejected: [{ code: 'request_id_conflict' }] });
});

it('counts what is sent twice in one call as one event and one duplicate', async () => {
  const one = event();
  expect(await send(one, one, event())).toMatchObject({ accepted: 2, duplicates: 1, rejected: [] });
});

it('takes the good one of two bodies under one request id when the first is refused', async () => {
  const bad = event({ sku: 'nothing' });
  const good = { ...bad, sku: 'mail' };
  expect(await send(bad, good)).toMatchObject({ accepted: 1, rejected: [{ index: 0, code: 'sku_unknown' }] });
});

it('names what is wrong with each item and takes the others', async () => {
  const project_id = await usage.project(org_id);
  const elsewhere = await usage.project(await usage.organization());
  const cases: [unknown, string | null][] = [
    [event(), null],
    [null, 'event_invalid'],
    ['text', 'event_invalid'],
    [[], 'event_invalid'],
    [{ ...event(), request_id: undefined }, 'field_missing'],
    [{ ...event(), colour: 'red' }, 'field_unknown'],
    [event({ request_id: '' }), 'field_invalid'],
    [event({ request_id: 'x'.repeat(256) }), 'field_invalid'],
    [event({ request_id: 'a\u0000b' }), 'field_invalid'],
    [event({ request_id: 'a\ud800' }), 'field_invalid'],
    [event({ request_id: 'é'.repeat(255) }), null],
    [event({ org_id: org_id.toUpperCase() }), 'field_invalid'],
    [event({ org_id: '01890000-0000-7000-8000-000000000000' }), 'org_unknown'],
    [event({ sku: 'nothing' }), 'sku_unknown'],
    [event({ sku: '\u0000' }), 'sku_unknown'],
    [event({ project_id }), null],
    [event({ project_id: elsewhere }), 'project_unknown'],
    [event({ project_id: '01890000-0000-7000-8000-000000000000' }), 'project_unknown'],
    [event({ quantity: 'NaN' }), 'quantity_invalid'],
    [event({ quantity: 'Infinity' }), 'quantity_invalid'],
    [event({ quantity: '1e3' }), 'quantity_invalid'],
    [event({ quantity: '+1' }), 'quantity_invalid'],
    [event({ quantity: ' 1' }), 'quantity_invalid'],
    [event({ quantity: '' }), 'quantity_invalid'],
    [event({ quantity: '1'.repeat(27) }), 'quantity_invalid'],
    [event({ quantity: '1'.repeat(26) }), null],
    [event({ quantity: `0.${'1'.repeat(13)}` }), 'quantity_invalid'],
    [event({ quantity: `0.${'1'.repeat(12)}` }), null],
    [event({ quantity: 1e21 }), 'quantity_invalid'],
    [event({ quantity: 0.1234567890123456 }), 'quantity_invalid'],
    [event({ quantity: 0.0000001 }), null],
    [event({ quantity: true as never }), 'quantity_invalid'],
    [event({ quantity: '-1' }), 'quantity_negative'],
    [event({ quantity: '-0' }), null],
    [event({ quantity: '-1', sku: 'energy' }), null],
    [event({ amount: 'x' }), 'quantity_invalid'],
    [{ ...event(), quantity: undefined }, 'quantity_required'],
    [{ ...event({ sku: 'visit' }), quantity: undefined }, null],
    [event({ time: '2026-02-30T00:00:00Z' }), 'time_invalid'],
    [event({ time: '2026-02-10T08:00:00' }), 'time_invalid'],
    [event({ time: '2026-02-10' }), 'time_invalid'],
    [event({ time: 'yesterday' }), 'time_invalid'],
    [event({ time: '0000-01-01T00:00:00Z' }), 'time_out_of_window'],
    [event({ time: '1999-12-31T23:59:59Z' }), 'time_out_of_window'],
    [event({ time: '2000-01-01T00:00:00Z' }), null],
    [event({ time: '2026-03-02T00:00:00Z' }), null],
    [event({ time: '2026-03-02T00:00:01Z' }), 'time_out_of_window'],
    [event({ source: 'nowhere' as never }), 'field_invalid'],
    [event({ properties: [] as never }), 'field_invalid'],
    [event({ properties: { a: 'b\u0000' } }), 'field_invalid'],
    [event({ properties: { a: 'b\\u0000' } }), null],
    [event({ metadata: { a: '\udc00' } }), 'field_invalid'],
    [event({ metadata: { text: 'x'.repeat(17_000) } }), 'field_invalid'],
  ];
  const outcome = await send(...cases.map(([each]) => each));
  const codes = cases.map((_case, index) => outcome.rejected.find((each) => each.index === index)?.code ?? null);
  expect(codes).toEqual(cases.map(([, code]) => code));
  expect(outcome.accepted).toBe(cases.filter(([, code]) => code === null).length);
});

it('reads an absent quantity as one where the SKU counts, and as none beside an amount', async () => {
  const counted = { ...event({ sku: 'visit' }), quantity: undefined };
  const counted_amount = { ...event({ sku: 'visit', amount: '3' }), quantity: undefined };
  const amount = { ...event({ amount: '3' }), quantity: undefined };
  expect(await send(counted, counted_amount, amount)).toMatchObject({ accepted: 3 });
  expect(await send(counted, counted_amount, amount)).toMatchObject({ duplicates: 3 });
  const quantities = await Promise.all(
    [counted, counted_amount, amount].map(async (each) => (await stored(each.request_id))[0]!.quantity),
  );
  expect(quantities).toEqual(['1', '1', null]);
});

it('keeps tenants apart: one request id in two tenants is two events, and the other tenant’s organization is unknown', async () => {
  const theirs = await usage.organization({ tenant_id: t.other_tenant_id });
  await usage.sku('mail', { tenant_id: t.other_tenant_id });
  const one = event();
  const both = await Promise.all([
    usage.ingest.ingestEvents(t.tenant_id, [one], { now }),
    usage.ingest.ingestEvents(t.other_tenant_id, [{ ...one, org_id: theirs }], { now }),
  ]);
  expect(both.map((outcome) => outcome.accepted)).toEqual([1, 1]);
  expect(await send(event({ org_id: theirs }))).toMatchObject({ rejected: [{ code: 'org_unknown' }] });
});

it('lets a caller report only for the organizations it may see', async () => {
  const other = await usage.organization();
  const outcome = await usage.ingest.ingestEvents(t.tenant_id, [event(), event({ org_id: other })], { now, org_ids: [other] });
  expect(outcome).toMatchObject({ accepted: 1, rejected: [{ index: 0, code: 'org_unknown' }] });
});

it('answers a retry of an event whose period has closed since as the duplicate it is', async () => {
  const org = await usage.organization();
  await usage.sku('strict', { late_policy: 'reject' });
  const early = [event({ org_id: org, sku: 'strict' }), event({ org_id: org })];
  await send(...early);
  await t.superuser("INSERT INTO usage_closure VALUES ($1, $2, '2026-03-01T00:00:00Z')", [t.tenant_id, org]);
  expect(await send(...early)).toMatchObject({ duplicates: 2, rejected: [], late: [] });
  const late = [
    event({ org_id: org, sku: 'strict' }),
    event({ org_id: org }),
    event({ org_id: org, time: '2026-03-01T00:00:00Z' }),
  ];
  expect(await send(...late)).toMatchObject({
    accepted: 2,
    rejected: [{ index: 0, code: 'period_closed' }],
    late: [{ index: 1, request_id: late[1]!.request_id, late_policy: 'adjust_next' }],
  });
});

it('counts each event once when eight writers send overlapping batches at the same time', async () => {
  const events = Array.from({ length: 400 }, () => event({ quantity: '2' }));
  // Two processes' queues, four callers each; every caller sends all events, in another order.
  const queues = [usage.ingest, createIngest(t.postgres, { queue_events: 100_000 })];
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, async (_, writer) => {
      const mine = events.map((_each, at) => events[(at * 7 + writer * 50) % 400]!);
      const totals = { accepted: 0, duplicates: 0, rejected: 0 };
      for (let at = 0; at < 400; at += 40) {
        const outcome = await queues[writer % 2]!.ingestEvents(t.tenant_id, mine.slice(at, at + 40), { now });
        totals.accepted += outcome.accepted;
        totals.duplicates += outcome.duplicates;
        totals.rejected += outcome.rejected.length;
      }
      return totals;
    }),
  );
  await queues[1]!.close();
  const sum = (of: 'accepted' | 'duplicates' | 'rejected') => outcomes.reduce((total, each) => total + each[of], 0);
  // 8 × 400 sent, 400 of them first.
  expect([sum('accepted'), sum('duplicates'), sum('rejected')]).toEqual([400, 2800, 0]);
  const [row] = await t.superuser(
    'SELECT count(*)::int, sum(quantity)::text FROM metering_event WHERE tenant_id = $1 AND quantity = 2',
    [t.tenant_id],
  );
  expect(row).toEqual({ count: 400, sum: '800' });
});

it('tells the outbox once per tenant and flush how many events were stored', async () => {
  const before = await t.superuser('SELECT 1 FROM billing_events');
  const events = [event(), event(), event()];
  await send(...events, events[0]);
  await send(...events);
  const after = await t.superuser(
    "SELECT data, aggregate_id FROM billing_events WHERE type = 'usage.reported' ORDER BY seq DESC LIMIT 1",
  );
  expect(after).toEqual([{ data: { count: 3 }, aggregate_id: t.tenant_id }]);
  expect(await t.superuser('SELECT 1 FROM billing_events')).toHaveLength(before.length + 1);
});

it('refuses more than the queue may hold, and nothing of it is stored', async () => {
  const small = createIngest(t.postgres, { queue_events: 10 });
  const batches = Array.from({ length: 4 }, () => Array.from({ length: 4 }, () => event()));
  const answers = await Promise.allSettled(batches.map((batch) => small.ingestEvents(t.tenant_id, batch, { now })));
  expect(answers.map((answer) => answer.status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
  expect((answers[3] as PromiseRejectedResult).reason).toMatchObject({
    code: 'ingest_overloaded',
    status: 429,
    details: { headers: { 'retry-after': '1' } },
  });
  expect(await stored(batches[3]![0]!.request_id)).toEqual([]);
  // What waited has gone: there is room again.
  expect(await small.ingestEvents(t.tenant_id, batches[3]!, { now })).toMatchObject({ accepted: 4 });
  await small.close();
  await expect(small.ingestEvents(t.tenant_id, [event()], { now })).rejects.toMatchObject({ code: 'ingest_closing' });
});

it('keeps exactly what it acknowledged when far more comes than it may hold, by number or by bytes', async () => {
  // Each event takes about a kilobyte: the first queue holds 60 events, the second 20 KB.
  for (const options of [{ queue_events: 60 }, { queue_events: 100_000, queue_bytes: 20_000 }]) {
    const small = createIngest(t.postgres, options);
    const batches = Array.from({ length: 300 }, (_, at) => Array.from({ length: 1 + (at % 9) }, () => event()));
    const answers = await Promise.allSettled(batches.map((batch) => small.ingestEvents(t.tenant_id, batch, { now })));
    const acknowledged = batches.filter((_batch, at) => answers[at]!.status === 'fulfilled').flat();
    const refused = answers.filter((answer) => answer.status === 'rejected').map((answer) => answer.reason as unknown);
    expect(acknowledged.length).toBeGreaterThan(10);
    expect(refused.length).toBeGreaterThan(200);
    for (const reason of refused) expect(reason).toMatchObject({ status: 429, details: { headers: { 'retry-after': '1' } } });
    const rows = await t.superuser<{ request_id: string }>('SELECT request_id FROM metering_event WHERE request_id = ANY ($1)', [
      batches.flat().map((one) => one.request_id),
    ]);
    expect(rows.map((row) => row.request_id).sort()).toEqual(acknowledged.map((one) => one.request_id).sort());
    // Sent again with patience, everything is taken.
    for (const batch of batches) {
      const outcome = await small.ingestEvents(t.tenant_id, batch, { now });
      expect(outcome.accepted + outcome.duplicates).toBe(batch.length);
    }
    expect(small.waiting()).toBe(0);
    await small.close();
  }
});

it('waits for a writer that has not committed, and takes the event itself when that writer fails', async () => {
  const one = event();
  const client = await t.postgres.pool('ingest').connect();
  try {
    const time = '2026-02-10T08:00:00Z';
    await storeUncommitted(client, {
      tenant_id: t.tenant_id,
      request_id: one.request_id,
      org_id,
      sku: 'mail',
      quantity: '9',
      time,
    });
    const waiting = send(one);
    await client.query('SELECT pg_sleep(0.1)');
    await client.query('ROLLBACK');
    expect(await waiting).toMatchObject({ accepted: 1, duplicates: 0 });
  } finally {
    client.release();
  }
  expect(await stored(one.request_id)).toMatchObject([{ quantity: '1' }]);
});

it('never changes or deletes a stored event, whoever asks', async () => {
  for (const statement of ['UPDATE metering_event SET quantity = 2', 'DELETE FROM metering_event', 'TRUNCATE metering_event']) {
    await expect(t.superuser(statement)).rejects.toMatchObject({ code: '42501', constraint: 'append_only' });
  }
  await expect(t.postgres.pool('ingest').query('SELECT legal_name FROM organization')).rejects.toMatchObject({ code: '42501' });
});
