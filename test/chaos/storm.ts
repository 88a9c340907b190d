import { strict as assert } from 'node:assert';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AckLog, Connection, persist, sendAll } from './client.ts';
import { type Customer, distinct, type Event, eventsOf, millionthsOf, owed, places, prices, skus } from './model.ts';
import { type Random, randomFrom } from './random.ts';
import { type ChaosServer, chaosServer, signal } from './server.ts';

export interface StormOptions {
  seed: number;
  /** Sends of events, copies included. */
  events: number;
  server_kills: number;
  /** Immediate stops of PostgreSQL while the server stays. */
  postgres_kills: number;
  /** Kills of the server while it bills; each is waited for until the lease of its job ends, so that they take a minute. */
  billing_kills: number;
  tell?: (line: string) => void;
}

export interface StormCounts {
  sends: number;
  distinct_events: number;
  server_kills: number;
  postgres_kills: number;
  billing_kills: number;
  acknowledged_batches: number;
  unanswered_batches: number;
  refused_batches: number;
  acknowledged_before_retries: number;
  lost: number;
  counted_twice: number;
  invoices: number;
  acknowledged_in_bundles: number;
  defects: number;
}

const connection_count = 8;

/**
 * A server that is killed again and again while clients send, and a client that counts an acknowledgement only once its own copy is on
 * disk. Throws at the first thing that is not as promised; answers what was counted.
 */
export async function storm(options: StormOptions): Promise<StormCounts> {
  const { seed, tell = () => undefined } = options;
  const random = randomFrom(seed);
  const data_dir = mkdtempSync(join(tmpdir(), 'tallystick-storm-'));
  const client_dir = mkdtempSync(join(tmpdir(), 'tallystick-client-'));
  // As root the database runs as another user, who has to come in.
  chmodSync(data_dir, 0o755);
  const server = await chaosServer(data_dir);
  const acks = new AckLog(join(client_dir, 'acks.ndjson'));
  const connections = Array.from({ length: connection_count }, () => new Connection(() => server.address));
  try {
    await server.start();
    const api = apiOf(connections[0]!);
    const customers = await setUp(api);
    const events = eventsOf(random, customers, options.events);
    const batches = batchesOf(random, events);
    tell(`${events.length} sends of ${distinct(events).length} events in ${batches.length} batches`);
    const sent = await sendThroughKills({ options, random, server, acks, connections, batches, tell });
    const acknowledged = acks.acknowledged();
    const lost_early = await compare(api, events, acknowledged, 'subset');
    tell(`${acknowledged.size} acknowledged so far, ${lost_early.lost} lost, ${lost_early.twice} counted twice`);

    // Every client sends everything again that it has no acknowledgement for, and then all of it once more.
    const again = await sendAll(batches, { connections, acks });
    assert.equal(again.acknowledged, batches.length);
    const after = await compare(api, events, acks.acknowledged(), 'equal');
    const bills = await bill({ options, random, server, api, tell });
    assert.equal(bills.invoices, customers.length);
    let in_bundles = 0;
    for (const customer of customers) in_bundles += await checkInvoice({ api, server, acks, customer, events, client_dir });
    const audit = await server.run(['audit', '--json']);
    const { defects } = JSON.parse(audit.stdout) as { defects: unknown[] };
    assert.deepEqual([defects, audit.code], [[], 0], audit.stdout + audit.stderr);
    const stopped = await server.stop();
    assert.equal(stopped.code, 0, stopped.stderr);
    return {
      sends: events.length,
      distinct_events: distinct(events).length,
      server_kills: options.server_kills,
      postgres_kills: options.postgres_kills,
      billing_kills: options.billing_kills,
      acknowledged_batches: acks.batches,
      unanswered_batches: sent.unanswered + again.unanswered,
      refused_batches: sent.refused + again.refused,
      acknowledged_before_retries: acknowledged.size,
      lost: lost_early.lost + after.lost,
      counted_twice: lost_early.twice + after.twice,
      invoices: bills.invoices,
      acknowledged_in_bundles: in_bundles,
      defects: defects.length,
    };
  } finally {
    acks.close();
    for (const connection of connections) connection.close();
    await server.remove();
    rmSync(client_dir, { recursive: true, force: true });
  }
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely
type Api = (method: string, path: string, body?: unknown) => Promise<any>;

/** Asks until there is an answer, and insists that it is a good one. */
function apiOf(connection: Connection): Api {
  let asked = 0;
  return async (method, path, body) => {
    asked += 1;
    const { status, text } = await persist(connection, { method, path, body, key: `storm-${asked}` });
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
    return JSON.parse(text);
  };
}

async function setUp(api: Api): Promise<Customer[]> {
  for (const sku of skus) await api('POST', '/v1/skus', { sku, type: 'action', unit: 'piece', aggregation: 'sum' });
  const { model_id } = await api('POST', '/v1/business-models', { code: 'storm', name: 'Storm', currency: 'AUD' });
  const { plan_id } = await api('POST', '/v1/plans', { model_id, name: 'Storm' });
  for (const sku of skus) await api('PUT', `/v1/plans/${plan_id}/skus/${sku}`, { price: prices[sku] });
  const customers: Customer[] = [];
  for (const [at, place] of places.entries()) {
    const { org_id } = await api('POST', '/v1/orgs', {
      legal_name: `Customer ${at}`,
      org_slug: `customer-${at}`,
      billing_email: 'a@example.com',
      default_timezone: place.time_zone,
    });
    await api('POST', `/v1/orgs/${org_id}/entitlements`, { plan_id, effective_at: '2024-12-01T00:00:00Z' });
    customers.push({ org_id, ...place });
  }
  return customers;
}

/** Of 1 to 12 events, in the order of their sending. */
function batchesOf(random: Random, events: readonly Event[]): Event[][] {
  const batches: Event[][] = [];
  for (let at = 0; at < events.length; ) {
    const size = 1 + random.below(12);
    batches.push(events.slice(at, at + size));
    at += size;
  }
  return batches;
}

interface Sending {
  options: StormOptions;
  random: Random;
  server: ChaosServer;
  acks: AckLog;
  connections: readonly Connection[];
  batches: readonly Event[][];
  tell: (line: string) => void;
}

/** As many rounds as kills: in each, a part of the batches is under way when the server, or its PostgreSQL, is killed at a random moment. */
async function sendThroughKills({ options, random, server, acks, connections, batches, tell }: Sending) {
  const kills = [
    ...Array.from({ length: options.server_kills }, () => 'server' as const),
    ...Array.from({ length: options.postgres_kills }, () => 'postgres' as const),
  ].sort(() => random.below(3) - 1);
  const total = { unanswered: 0, refused: 0 };
  for (const [round, victim] of kills.entries()) {
    const part = batches.slice(
      Math.floor((batches.length * round) / kills.length),
      Math.floor((batches.length * (round + 1)) / kills.length),
    );
    // After so many acknowledgements, and perhaps a moment more.
    const fatal = random.below(Math.ceil(part.length * 0.8));
    const moment_ms = random.below(6);
    let acknowledged = 0;
    let over = false;
    let strike: () => void = () => undefined;
    const struck = new Promise<void>((resolve) => {
      strike = resolve;
    });
    if (fatal === 0) strike();
    const sending = sendAll(part, {
      connections,
      acks,
      pause_ms: () => random.below(12),
      // When the last is killed nobody comes back to send what is left: that is for later.
      isOver: () => {
        server.requireAlive();
        return over;
      },
      onAcknowledged: () => {
        acknowledged += 1;
        if (acknowledged >= fatal) strike();
      },
    });
    // Should sending fail first, it is awaited below all the same.
    sending.catch(strike);
    await struck;
    await sleep(moment_ms);
    if (victim === 'postgres') {
      signal(server.postmaster(), 'SIGQUIT');
    } else {
      await server.kill();
      over = round === kills.length - 1;
      await server.start();
    }
    const counts = await sending;
    total.unanswered += counts.unanswered;
    total.refused += counts.refused;
    tell(
      `${round + 1}/${kills.length} ${victim} killed: ${counts.acknowledged} of ${part.length} batches acknowledged, ${counts.unanswered} unanswered, ${counts.refused} refused`,
    );
  }
  return total;
}

/** Stored against sent: what was acknowledged is there, each once, exactly as it was sent. Answers how many are not; both must be none. */
async function compare(api: Api, events: readonly Event[], acknowledged: ReadonlySet<string>, how: 'subset' | 'equal') {
  const sent = new Map(events.map((event) => [event.request_id, event]));
  const stored: Event[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { data: Event[]; next_cursor: string | null } = await api(
      'GET',
      `/v1/metering/events?limit=100${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    stored.push(...page.data);
    cursor = page.next_cursor;
  }
  const by_id = new Map(stored.map((event) => [event.request_id, event]));
  const lost = [...acknowledged].filter((request_id) => !by_id.has(request_id)).length;
  const twice = stored.length - by_id.size;
  for (const event of stored) {
    const { org_id, sku, quantity, time } = sent.get(event.request_id) ?? {};
    assert.deepEqual([event.org_id, event.sku, event.quantity, event.time], [org_id, sku, quantity, time], event.request_id);
  }
  assert.deepEqual({ lost, twice }, { lost: 0, twice: 0 });
  if (how === 'equal') assert.equal(by_id.size, sent.size, 'everything that was sent is stored');
  return { lost, twice };
}

interface Billing {
  options: StormOptions;
  random: Random;
  server: ChaosServer;
  api: Api;
  tell: (line: string) => void;
}

/** Bills January, with the server killed in the middle as often as asked; the run comes to its end without anybody's help. */
async function bill({ options, random, server, api, tell }: Billing): Promise<{ invoices: number }> {
  const { run_id } = await api('POST', '/v1/billing/runs', { from: '2025-01-01', to: '2025-02-01' });
  for (let kill = 0; kill < options.billing_kills; kill += 1) {
    await sleep(random.below(60));
    await server.kill();
    await server.start();
    tell(`${kill + 1}/${options.billing_kills} killed while billing`);
  }
  const began = performance.now();
  for (;;) {
    const run = await api('GET', `/v1/billing/runs/${run_id}`);
    if (run.status === 'completed') {
      assert.deepEqual(run.errors, []);
      const { data } = await api('GET', '/v1/invoices');
      return { invoices: data.length };
    }
    assert.notEqual(run.status, 'failed', JSON.stringify(run));
    assert.ok(performance.now() - began < 120_000, `the run is ${run.status} after two minutes`);
    await sleep(50);
  }
}

interface InvoiceCheck {
  api: Api;
  server: ChaosServer;
  acks: AckLog;
  customer: Customer;
  events: readonly Event[];
  client_dir: string;
}

/** The one invoice of a customer against the sum of what was sent; its bundle against the kept acknowledgements, offline. */
async function checkInvoice({ api, server, acks, customer, events, client_dir }: InvoiceCheck): Promise<number> {
  const { data } = await api('GET', `/v1/invoices?org_id=${customer.org_id}`);
  assert.equal(data.length, 1, `one invoice for ${customer.time_zone}`);
  const invoice = await api('GET', `/v1/invoices/${data[0].invoice_id}`);
  let total = 0n;
  let count = 0;
  for (const sku of skus) {
    const expected = owed(customer, sku, events);
    const line = invoice.lines.find((each: { sku: string }) => each.sku === sku);
    assert.equal(millionthsOf(line.quantity), expected.millionths, `${customer.time_zone} ${sku}: quantity`);
    assert.equal(line.amount.amount, dollars(expected.cents), `${customer.time_zone} ${sku}: amount`);
    total += expected.cents;
    count += expected.count;
  }
  assert.equal(invoice.lines.length, skus.length);
  assert.equal(invoice.total.amount, dollars(total), `${customer.time_zone}: total`);
  const bundle_file = join(client_dir, `${invoice.number}.json`);
  const jwks_file = join(client_dir, 'jwks.json');
  writeFileSync(bundle_file, JSON.stringify(await api('GET', `/v1/invoices/${invoice.invoice_id}/bundle`)));
  writeFileSync(jwks_file, JSON.stringify(await api('GET', '/.well-known/jwks.json')));
  const verified = await server.run(['verify', bundle_file, '--jwks', jwks_file, '--acks', acks.path, '--json']);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  const { summary } = JSON.parse(verified.stdout) as { summary: { events: number; acknowledged: number } };
  assert.equal(summary.events, count, `${customer.time_zone}: events in the bundle`);
  assert.ok(summary.acknowledged >= count, 'every event of the bundle was acknowledged');
  return summary.acknowledged;
}

function dollars(cents: bigint): string {
  return `${cents / 100n}.${`${cents % 100n}`.padStart(2, '0')}`;
}
