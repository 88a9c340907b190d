import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Answer, testServer } from '../../../test/support/server.ts';

const s = await testServer({ jobs: true });
let org_id = '';
let origin = '';

beforeAll(async () => {
  const made = await s.call('POST', '/v1/orgs', {
    legal_name: 'Acme',
    org_slug: 'acme',
    billing_email: 'a@example.com',
    default_timezone: 'Australia/Brisbane',
  });
  org_id = made.body.org_id;
  await s.call('POST', '/v1/skus', { sku: 'lead', type: 'action', unit: 'lead' });
  origin = await s.listen();
});

interface Sent {
  status: number;
  body: Answer['body'];
}

/** Sends a form in the order given; a `file` is text. */
async function send(parts: [string, string][], headers: Record<string, string> = {}): Promise<Sent> {
  const form = new FormData();
  for (const [name, value] of parts) {
    if (name === 'file') form.append('file', new Blob([value]), 'C:\\files\\usage.csv');
    else form.append(name, value);
  }
  const answer = await fetch(`${origin}/v1/metering/imports`, {
    method: 'POST',
    headers: { authorization: `Bearer ${s.key}`, ...headers },
    body: form,
  });
  return { status: answer.status, body: await answer.json() };
}

async function finished(import_id: string): Promise<Sent['body']> {
  for (let tries = 0; tries < 200; tries += 1) {
    const { body } = await s.call('GET', `/v1/metering/imports/${import_id}`);
    if (body.finished_at !== null) return body;
    await sleep(50);
  }
  throw new Error('the import did not finish');
}

const header = 'request_id,sku,quantity,time';
const csv = (...ids: string[]) => [header, ...ids.map((id) => `${id},lead,2,2025-03-01T00:00:00Z`)].join('\n');
const codes = (body: Sent['body']) => body.errors.map((one: { line: number; code: string }) => `${one.line} ${one.code}`);

describe('POST /v1/metering/imports', () => {
  it.each([
    [
      'before',
      (file: string): [string, string][] => [
        ['org', 'acme'],
        ['on_error', 'keep_good'],
        ['file', file],
      ],
    ],
    [
      'after',
      (file: string): [string, string][] => [
        ['file', file],
        ['org', 'acme'],
        ['on_error', 'keep_good'],
      ],
    ],
  ])('answers 202 with a job when the fields stand %s the file, and the job runs to its end', async (place, parts) => {
    const sent = await send(parts(csv(`http-${place}`)));
    expect(sent.status).toBe(202);
    expect(sent.body).toMatchObject({ filename: 'usage.csv', org_id, on_error: 'keep_good', status: 'queued' });
    const done = await finished(sent.body.import_id);
    expect(done).toMatchObject({
      status: 'completed',
      format: 'csv',
      totals: { accepted: 1, duplicates: 0, rejected: 0, quantities: { lead: '2' } },
    });
    expect(done.progress.bytes_done).toBe(done.progress.bytes_total);
  });

  it('changes nothing the second time, and says so', async () => {
    const content = csv('http-twice');
    const first = await send([
      ['org', 'acme'],
      ['file', content],
    ]);
    await finished(first.body.import_id);
    const second = await send([
      ['org', 'acme'],
      ['file', content],
    ]);
    expect(second).toMatchObject({
      status: 202,
      body: {
        status: 'completed',
        same_as: first.body.import_id,
        totals: { accepted: 0, duplicates: 1 },
        sha256: createHash('sha256').update(content).digest('hex'),
      },
    });
  });

  it('gives the same key and form the first answer, and refuses the key for another file', async () => {
    const key = { 'idempotency-key': 'import-1' };
    const first = await send(
      [
        ['org', 'acme'],
        ['file', csv('http-key')],
      ],
      key,
    );
    const again = await send(
      [
        ['org', 'acme'],
        ['file', csv('http-key')],
      ],
      key,
    );
    expect(again).toEqual(first);
    const other = await send(
      [
        ['org', 'acme'],
        ['file', csv('http-other')],
      ],
      key,
    );
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  it.each([
    ['no file', [['org', 'acme']], 422, 'import_file_missing'],
    [
      'an empty file',
      [
        ['org', 'acme'],
        ['file', ''],
      ],
      422,
      'import_file_empty',
    ],
    [
      'an unknown organization',
      [
        ['org', 'nobody'],
        ['file', csv('x')],
      ],
      422,
      'import_field_invalid',
    ],
    [
      'an unknown field',
      [
        ['colour', 'red'],
        ['file', csv('x')],
      ],
      422,
      'import_field_invalid',
    ],
    [
      'an unknown format',
      [
        ['format', 'pdf'],
        ['file', csv('x')],
      ],
      422,
      'import_field_invalid',
    ],
    [
      'a field twice',
      [
        ['org', 'acme'],
        ['org', 'acme'],
        ['file', csv('x')],
      ],
      422,
      'import_field_invalid',
    ],
  ] as [string, [string, string][], number, string][])('refuses %s', async (_name, parts, status, code) => {
    expect(await send(parts)).toMatchObject({ status, body: { code } });
  });

  it('refuses what is no form, a key without the scope, and nobody', async () => {
    expect(await s.call('POST', '/v1/metering/imports', { org: 'acme' })).toMatchObject({
      status: 415,
      body: { code: 'import_not_multipart' },
    });
    const nobody = await fetch(`${origin}/v1/metering/imports`, { method: 'POST', body: new FormData() });
    expect(nobody.status).toBe(401);
  });

  it('leaves no refused file on disk', async () => {
    await sleep(200);
    const left = readdirSync(join(s.config.data_dir, 'imports'));
    expect(left).toEqual([]);
  });

  it('names a bad row by its line, a page at a time', async () => {
    const rows = Array.from({ length: 5 }, (_, index) => `bad-${index},lead,many,2025-03-01T00:00:00Z`);
    const sent = await send([
      ['org', 'acme'],
      ['file', [header, ...rows].join('\n')],
    ]);
    const { import_id } = sent.body;
    expect(await finished(import_id)).toMatchObject({ status: 'rejected', error_count: 5 });
    const first = await s.call('GET', `/v1/metering/imports/${import_id}?limit=3`);
    const second = await s.call('GET', `/v1/metering/imports/${import_id}?limit=3&cursor=${first.body.next_cursor}`);
    expect([...codes(first.body), ...codes(second.body)]).toEqual([2, 3, 4, 5, 6].map((line) => `${line} quantity_invalid`));
    expect(second.body.next_cursor).toBeNull();
    const foreign = await s.call('GET', `/v1/metering/imports/${import_id}?cursor=abc.def`);
    expect(foreign).toMatchObject({ status: 400, body: { code: 'cursor_invalid' } });
  });

  it('shows another tenant nothing', async () => {
    const sent = await send([
      ['org', 'acme'],
      ['file', csv('http-foreign')],
    ]);
    const headers = { authorization: `Bearer ${s.other_key}` };
    const foreign = await s.call('GET', `/v1/metering/imports/${sent.body.import_id}`, undefined, headers);
    expect(foreign).toMatchObject({ status: 404, body: { code: 'import_not_found' } });
    expect((await s.call('GET', '/v1/metering/imports', undefined, headers)).body.data).toEqual([]);
    expect((await s.call('GET', '/v1/metering/imports?limit=1')).body.data).toHaveLength(1);
  });

  it('brings a meter file in that shows as site, meter and occupancy', async () => {
    const day = `300,20250301,${Array<string>(48).fill('0.25').join(',')},A,,,,`;
    const sent = await send([
      ['file', `100,NEM12,202504010000,,\n200,NMIHTTP001,E1,1,E1,N1,S,kWh,30,\n${day}\n900\n`],
      ['org', org_id],
    ]);
    // 48 × 0.25 kWh
    expect(await finished(sent.body.import_id)).toMatchObject({
      status: 'completed',
      format: 'nem12',
      totals: { accepted: 48, quantities: { energy: '12' } },
    });
    const sites = await s.call('GET', `/v1/sites?org_id=${org_id}`);
    expect(sites.body.data).toMatchObject([{ name: 'NMIHTTP001', time_zone: 'Australia/Brisbane', org_id }]);
    const { site_id } = sites.body.data[0];
    expect((await s.call('GET', `/v1/meters?site_id=${site_id}`)).body.data).toMatchObject([
      { identifier: 'NMIHTTP001', sku: 'energy' },
    ]);
    expect((await s.call('GET', `/v1/sites/${site_id}/occupancies`)).body.data).toMatchObject([
      { org_id, from: '2025-02-28T14:00:00Z', to: null },
    ]);
  });
});

describe('sites, meters and readings over HTTP', () => {
  it('go from nothing to usage', async () => {
    const site = await s.call('POST', '/v1/sites', { name: 'Unit 7', address: '7 Tally Street', time_zone: 'Australia/Sydney' });
    expect(site.status).toBe(201);
    const { site_id } = site.body;
    const occupancies = `/v1/sites/${site_id}/occupancies`;
    const occupied = await s.call('POST', occupancies, { org_id, from: '2025-01-01T00:00:00+11:00' });
    expect(occupied).toMatchObject({ status: 201, body: { from: '2024-12-31T13:00:00Z', to: null } });
    expect(await s.call('POST', occupancies, { org_id, from: '2025-06-01T00:00:00Z' })).toMatchObject({
      status: 409,
      body: { code: 'occupancy_overlaps' },
    });
    const ended = await s.call('PATCH', `${occupancies}/${occupied.body.occupancy_id}`, { to: '2025-12-01T00:00:00Z' });
    expect(ended).toMatchObject({ status: 200, body: { to: '2025-12-01T00:00:00Z' } });
    const meter = await s.call('POST', '/v1/meters', { site_id, identifier: 'HTTP-1', sku: 'lead' });
    expect(meter).toMatchObject({ status: 201, body: { registers: [{ register: '1', sku: 'lead' }] } });
    const { meter_id } = meter.body;
    const first = await s.call('POST', '/v1/metering/readings', {
      meter_id,
      time: '2025-02-01T00:00:00Z',
      value: '100',
      quality: 'actual',
    });
    expect(first).toMatchObject({ status: 201, body: { data: [{ usage: null }] } });
    const rest = await s.call('POST', '/v1/metering/readings', {
      readings: [
        { meter_id, time: '2025-03-01T00:00:00Z', value: 130.5, quality: 'estimated' },
        { meter_id, time: '2025-04-01T00:00:00Z', value: '131', quality: 'S' },
      ],
    });
    // 130.5 − 100 = 30.5, then 131 − 130.5 = 0.5
    expect(rest.body.data.map((one: { usage: { quantity: string } }) => one.usage.quantity)).toEqual(['30.5', '0.5']);
    const listed = await s.call('GET', `/v1/metering/readings?meter_id=${meter_id}`);
    expect(listed.body.data.map((one: { quality: string }) => one.quality)).toEqual(['substituted', 'estimated', 'actual']);
    const events = await s.t.superuser(
      "SELECT trim_scale(sum(quantity))::text AS sum FROM metering_event WHERE source = 'manual' AND org_id = $1",
      [org_id],
    );
    expect(events).toEqual([{ sum: '31' }]);
    expect((await s.call('GET', `/v1/sites/${site_id}`)).body).toMatchObject({ name: 'Unit 7' });
    expect((await s.call('GET', `/v1/meters/${meter_id}`)).body).toMatchObject({ identifier: 'HTTP-1' });
  });

  it.each([
    ['POST', '/v1/sites', { name: '', time_zone: 'UTC' }, 'name'],
    ['POST', '/v1/sites', { name: 'a', time_zone: 'Mars/Olympus' }, 'time_zone'],
    ['POST', '/v1/sites', { name: 'a', time_zone: 'UTC', colour: 'red' }, 'colour'],
    ['POST', '/v1/meters', { site_id: 'x', identifier: 'a', sku: 'lead' }, 'site_id'],
    ['POST', '/v1/metering/readings', { readings: [] }, ''],
  ])('%s %s refuses %o by name', async (method, path, body, field) => {
    const answer = await s.call(method, path, body);
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.body)).toContain(field);
  });

  it('of another tenant are as unknown as any', async () => {
    const { body } = await s.call('POST', '/v1/sites', { name: 'Ours', time_zone: 'UTC' });
    const headers = { authorization: `Bearer ${s.other_key}` };
    for (const id of [body.site_id, '01980000-0000-7000-8000-000000000000']) {
      expect(await s.call('GET', `/v1/sites/${id}`, undefined, headers)).toMatchObject({
        status: 404,
        body: { code: 'site_not_found' },
      });
      expect(await s.call('GET', `/v1/sites/${id}/occupancies`, undefined, headers)).toMatchObject({
        status: 404,
        body: { code: 'site_not_found' },
      });
      const foreign = { site_id: id, identifier: 'FOREIGN', sku: 'lead' };
      expect(await s.call('POST', '/v1/meters', foreign, headers)).toMatchObject({
        status: 404,
        body: { code: 'site_not_found' },
      });
    }
  });
});
