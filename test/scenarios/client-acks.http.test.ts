import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createUsageBuffer } from '../../sdk/client/buffer.ts';
import { merkleRoot as rootInBrowsers } from '../../sdk/client/merkle.ts';
import { fileAcks } from '../../sdk/client/node.ts';
import { verifyBundle } from '../../sdk/verify/verify.ts';
import { leafHash, merkleRoot } from '../../src/kernel/merkle.ts';
import { testServer } from '../support/server.ts';
import { openShop } from '../support/shop.ts';

const s = await testServer();
const shop = openShop(s);

it('holds an invoice against the acknowledgements that the client kept', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-acks-'));
  const plan_id = await shop.plan('retail', 'AUD', { mail: { model: 'unit', unit_amount: '0.01' } });
  const org_id = await shop.customer('one', [plan_id]);
  const acks = fileAcks(join(folder, 'acks'));
  const usage = createUsageBuffer({ base_url: await s.listen(), api_key: s.key, batch_events: 30, acks });
  for (let at = 0; at < 100; at += 1) {
    const time = Temporal.Instant.from('2026-01-01T00:00:00Z')
      .add({ hours: 7 * at })
      .toString();
    await usage.track({ org_id, sku: 'mail', quantity: '1', time });
  }
  await usage.close();
  await shop.bill('2026-01-01', '2026-02-01', org_id);
  const { invoice_id } = await shop.newest(org_id);
  const bundle = Buffer.from(JSON.stringify(await shop.made('GET', `/v1/invoices/${invoice_id}/bundle`)));
  const jwks = Buffer.from(JSON.stringify(await shop.made('GET', `/.well-known/jwks.json?tenant=${s.tenant.tenant_id}`)));
  const file = readFileSync(join(folder, 'acks'));
  expect(verifyBundle(bundle, { jwks, acks: file })).toMatchObject({
    authenticated: true,
    consistent: true,
    findings: [],
    summary: { events: 100, acknowledged: 100 },
  });

  // An event that was acknowledged and is not billed is named.
  writeFileSync(join(folder, 'acks'), file.toString().replace(/"request_id":"[^"]+"/, '"request_id":"left out"'));
  const report = verifyBundle(bundle, { jwks, acks: readFileSync(join(folder, 'acks')) });
  expect(report.findings).toMatchObject([{ code: 'acknowledged_left_out' }]);
  rmSync(folder, { recursive: true });
});

it('makes roots as the server does, for trees of every shape', async () => {
  for (let size = 0; size < 70; size += 1) {
    const leaves = Array.from({ length: size }, (_, at) => leafHash(`${at}`));
    expect(await rootInBrowsers(leaves.map((leaf) => leaf.toString('hex')))).toBe(merkleRoot(leaves).toString('hex'));
  }
});

it('misses nothing on a period that was voided and billed again beside a correction of it', async () => {
  const plan_id = await shop.plan('again', 'AUD', { call: { model: 'unit', unit_amount: '1' } });
  const org_id = await shop.customer('again', [plan_id]);
  const kept: string[] = [];
  const call = async (request_id: string, quantity: string, time: string) => {
    const event = { request_id, org_id, sku: 'call', time };
    const { ack } = await shop.made('POST', '/v1/metering/events', [{ ...event, quantity }]);
    kept.push(JSON.stringify({ ack, events: [event] }));
  };
  await call('on-time', '10', '2025-01-03T00:00:00Z');
  await shop.bill('2025-01-01', '2025-02-01', org_id);
  const january = await shop.newest(org_id);
  await call('late', '4', '2025-01-04T00:00:00Z');
  await shop.bill('2025-02-01', '2025-03-01', org_id);
  await shop.void(january.invoice_id);
  await shop.bill('2025-01-01', '2025-02-01', org_id);
  // What came late is billed on February's invoice, and January shows it beside the 10, as billed.
  expect(await shop.lines(org_id)).toEqual(['call 4 4.00', 'call 10 10.00']);
  const { invoice_id } = await shop.newest(org_id);
  const bundle = Buffer.from(JSON.stringify(await shop.made('GET', `/v1/invoices/${invoice_id}/bundle`)));
  const jwks = Buffer.from(JSON.stringify(await shop.made('GET', `/.well-known/jwks.json?tenant=${s.tenant.tenant_id}`)));
  expect(verifyBundle(bundle, { jwks, acks: Buffer.from(kept.join('\n')) })).toMatchObject({
    authenticated: true,
    findings: [],
    summary: { events: 2, acknowledged: 2 },
  });
  const [line] = (await shop.made('GET', `/v1/invoices/${invoice_id}`)).lines;
  const { usage } = await shop.made('GET', `/v1/invoices/${invoice_id}/lines/${line.line_id}/explanation`);
  expect(usage).toMatchObject({ count: 2 });
  expect(await shop.audit()).toEqual([]);
});
