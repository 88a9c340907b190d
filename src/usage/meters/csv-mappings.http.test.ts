import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';

const s = await testServer({ jobs: true });
let origin = '';

beforeAll(async () => {
  for (const org_slug of ['acme', 'other'])
    await s.call('POST', '/v1/orgs', {
      legal_name: org_slug,
      org_slug,
      billing_email: 'a@example.com',
      default_timezone: 'Europe/Berlin',
    });
  origin = await s.listen();
});

const definition = (over: Record<string, unknown> = {}) => ({
  delimiter: ';',
  decimal_mark: ',',
  meter: { column: 'Zähler' },
  org: { column: 'Kunde' },
  unit: { value: 'kWh' },
  time: { columns: ['Datum', 'Zeit'], format: 'DD.MM.YYYY HH:mm', zone: 'Europe/Berlin' },
  interval_minutes: 15,
  quantity: { column: 'Verbrauch' },
  ...over,
});

async function imported(file: string, fields: Record<string, string>) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', new Blob([file]), 'werte.csv');
  const answer = await fetch(`${origin}/v1/metering/imports`, {
    method: 'POST',
    headers: { authorization: `Bearer ${s.key}` },
    body: form,
  });
  const started = (await answer.json()) as { import_id: string; code?: string; errors?: { code: string }[] };
  if (answer.status !== 202) return { status: answer.status, body: started };
  for (let tries = 0; tries < 200; tries += 1) {
    const { body } = await s.call('GET', `/v1/metering/imports/${started.import_id}`);
    if (body.finished_at !== null) return { status: 202, body };
    await sleep(50);
  }
  throw new Error('the import did not finish');
}

describe('a CSV mapping', () => {
  it('is saved, listed, read, replaced and removed by its name', async () => {
    const made = await s.call('POST', '/v1/metering/csv-mappings', { name: 'stadtwerk', definition: definition() });
    expect(made.status).toBe(201);
    // What was left out is said in the answer.
    expect(made.body.definition).toMatchObject({
      encoding: 'utf-8',
      register: { value: 'E1' },
      quality: { value: 'A' },
      skip_lines: 0,
    });
    const taken = await s.call('POST', '/v1/metering/csv-mappings', { name: 'stadtwerk', definition: definition() });
    expect(taken).toMatchObject({ status: 409, body: { code: 'csv_mapping_name_taken' } });
    expect((await s.call('GET', '/v1/metering/csv-mappings')).body.data).toHaveLength(1);
    const replaced = await s.call('PUT', '/v1/metering/csv-mappings/stadtwerk', { definition: definition({ skip_lines: 3 }) });
    expect(replaced).toMatchObject({ status: 200, body: { definition: { skip_lines: 3 } } });
    expect((await s.call('GET', '/v1/metering/csv-mappings/stadtwerk')).body.definition.skip_lines).toBe(3);
    expect((await s.call('DELETE', '/v1/metering/csv-mappings/stadtwerk')).status).toBe(200);
    expect(await s.call('GET', '/v1/metering/csv-mappings/stadtwerk')).toMatchObject({
      status: 404,
      body: { code: 'csv_mapping_not_found' },
    });
  });

  it('that cannot be used is refused with every fault by its field', async () => {
    const answer = await s.call('POST', '/v1/metering/csv-mappings', {
      name: 'bad',
      definition: definition({
        decimal_mark: ',',
        delimiter: ',',
        time: { columns: ['Datum'], format: 'DD.MM.' },
        interval_minutes: 7,
      }),
    });
    expect(answer).toMatchObject({ status: 422, body: { code: 'csv_mapping_invalid' } });
    expect(answer.body.errors.map((one: { pointer: string; code: string }) => `${one.pointer} ${one.code}`)).toEqual([
      '/definition/decimal_mark decimal_mark_is_delimiter',
      '/definition/time/format time_format_incomplete',
      '/definition/interval_minutes interval_uneven',
    ]);
    const zone = await s.call('POST', '/v1/metering/csv-mappings', {
      name: 'bad',
      definition: definition({ time: { columns: ['Datum'], format: 'DD.MM.YYYY HH:mm', zone: 'Mars/Olympus' } }),
    });
    expect(zone.status).toBe(422);
  });

  it('reads a file into the usage of the organizations that it names', async () => {
    await s.call('POST', '/v1/metering/csv-mappings', { name: 'werte', definition: definition() });
    const file =
      'Zähler;Kunde;Datum;Zeit;Verbrauch\nDE1;acme;01.03.2023;00:00;1,5\nDE1;acme;01.03.2023;00:15;0,5\nDE2;other;01.03.2023;00:00;7\n';
    const { body } = await imported(file, { mapping: 'werte' });
    expect(body).toMatchObject({
      status: 'completed',
      format: 'csv',
      mapping: 'werte',
      totals: { accepted: 3, quantities: { energy: '9' } },
    });
    const again = await imported(file, { mapping: 'werte' });
    expect(again.body).toMatchObject({ status: 'completed', same_as: body.import_id, totals: { accepted: 0, duplicates: 3 } });
    // The same values in another file are no new usage, nor is one of them with another value.
    const other = await imported(`${file}DE3;nobody;01.03.2023;00:00;1\n`, { mapping: 'werte', on_error: 'keep_good' });
    expect(other.body).toMatchObject({
      totals: { accepted: 0, duplicates: 3, rejected: 1 },
      errors: [{ line: 5, code: 'org_unknown' }],
    });
  });

  it('that does not exist, or is for another format than asked, is refused before anything is read', async () => {
    expect(await imported('x', { mapping: 'none' })).toMatchObject({
      status: 422,
      body: { errors: [{ code: 'csv_mapping_not_found' }] },
    });
    expect(await imported('x', { mapping: 'none', format: 'nem12' })).toMatchObject({
      status: 422,
      body: { errors: [{ code: 'format_other' }] },
    });
  });
});
