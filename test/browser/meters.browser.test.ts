import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeComplaints, launchBrowser, openReader, setUp } from '../support/browser.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { form, formType } from '../support/world.ts';

let server: TestServer;
let address: string;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let org_id: string;
/** A water meter, read twice by hand; a read is expected every 15 days. */
let water: { meter_id: string };

beforeAll(async () => {
  server = await testServer({ jobs: true });
  org_id = (
    await made('/v1/orgs', {
      legal_name: 'Aurora Bakery',
      org_slug: 'aurora-bakery',
      billing_email: 'accounts@aurora.example',
      // NEM12 times are UTC+10 all year, and so are Brisbane's.
      default_timezone: 'Australia/Brisbane',
    })
  ).org_id;
  water = await meterWater();
  await made('/v1/metering/imports', form({ org: 'aurora-bakery' }, meterFile()), { 'content-type': formType });
  address = await server.listen();
  browser = await launchBrowser();
  ({ context, page } = await openReader(browser));
  await setUp(page, { address, token: server.tenant.setup_token, name: 'Mara Lindqvist', email: 'mara@tallowood.example' });
  await page.goto(`${address}/imports`);
  await page.getByRole('row', { name: /usage\.csv.*NEM12.*Completed.*1,488/ }).waitFor();
}, 120_000);

afterAll(async () => {
  await browser?.close();
});

describe('a meter', () => {
  it('is found by its name, and shows what it used by day', async () => {
    await page.goto(`${address}/meters`);
    await page.getByLabel('Search meters and sites').fill('5234');
    await page.getByRole('link', { name: '6305234567' }).click();
    await page.getByRole('heading', { level: 1, name: '6305234567' }).waitFor();
    const chart = page.getByRole('table', { name: /^E1, kWh/ });
    // 48 × 1.5 kWh
    await chart.getByRole('row', { name: '1 Mar 2025 72 kWh – –', exact: true }).waitFor();
    await page.getByText('Nothing is missing').waitFor();
  });

  it('is read by hand with a photo, after the last read is shown and what it would come to', async () => {
    await page.goto(`${address}/meters/${water.meter_id}`);
    await page.getByRole('button', { name: 'Enter a reading' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('150 m3').waitFor();
    await dialog.getByLabel('Shows, in m3').fill('140');
    await dialog.getByText('The reading will wait for review.', { exact: false }).waitFor();
    await dialog.getByLabel('Shows, in m3').fill('163.5');
    await dialog.getByLabel('Read at').fill('2025-03-03T11:00');
    // 163.5 − 150, from 1 February to 3 March
    await dialog.getByText('13.5 m3 in 30 days.').waitFor();
    await dialog.getByLabel('Photo of the device').setInputFiles({ name: 'meter.webp', mimeType: 'image/webp', buffer: photo });
    await dialog.getByText('meter.webp').waitFor();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The reading was saved').waitFor();
    const row = page.getByRole('row', { name: /3 Mar 2025, 11:00.*163\.5.*Actual.*Manual.*13\.5/ });
    const address_of_photo = await row.getByRole('link', { name: /^Photo of the reading/ }).getAttribute('href');
    const back = await context.request.get(`${address}${address_of_photo}`);
    expect([back.status(), back.headers()['content-type']]).toEqual([200, 'image/webp']);
  });

  it('says where readings are missing, and fills the gap with an estimate', async () => {
    const gap = page.getByRole('table', { name: 'Gaps' }).getByRole('row').nth(1);
    await gap.getByText('1 reading', { exact: true }).waitFor();
    await gap.getByRole('button', { name: 'Estimate' }).click();
    await page.getByText('1 reading was estimated').waitFor();
    // Half-way in time: 1 January and 1 February are 31 days apart, and a read is expected every 15
    await page.getByRole('row', { name: /16 Jan 2025.*Estimated.*Estimate/ }).waitFor();
  });

  it('goes on with another device', async () => {
    await page.getByRole('button', { name: 'Replace the device' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Replaced at').fill('2025-03-20T09:00');
    await dialog.getByLabel('Serial number').fill('B-2');
    await dialog.getByLabel('Old one showed').fill('160');
    await dialog.getByRole('button', { name: 'Replace', exact: true }).click();
    await dialog.getByText('it showed 163.5', { exact: false }).waitFor();
    await dialog.getByLabel('Old one showed').fill('170');
    await dialog.getByRole('button', { name: 'Replace', exact: true }).click();
    await page.getByText('was replaced').waitFor();
    await page.getByText('B-2', { exact: true }).waitFor();
    // 170 − 163.5
    await page.getByRole('row', { name: /20 Mar 2025, 09:00.*170.*Last of the old device.*6\.5/ }).waitFor();
  });
});

describe('the review queue', () => {
  it('counts a held reading once it is accepted, another in its place, or none', async () => {
    const held = async (time: string, value: string) =>
      server.call('POST', '/v1/metering/readings', { meter_id: water.meter_id, time, value, quality: 'actual' });
    const rule = { meter_id: water.meter_id, kind: 'above_max', action: 'hold', threshold: '20' };
    await server.call('POST', '/v1/metering/reading-rules', rule);
    for (const [time, value] of [
      ['2025-04-01T00:00:00Z', '50'],
      ['2025-04-02T00:00:00Z', '60'],
      ['2025-04-03T00:00:00Z', '70'],
    ] as const)
      expect((await held(time, value)).body.data[0].outcome).toBe('held');
    await page.goto(`${address}/reviews`);
    await page.getByRole('button', { name: 'Accept 50 of W-1' }).click();
    // 50 − 0 of the new device
    await page.getByText('50 of water is usage now.').waitFor();
    await page.getByRole('button', { name: 'Correct 60 of W-1' }).click();
    await page.getByLabel('Value that counts, in m3').fill('52');
    await page.getByRole('dialog').getByRole('button', { name: 'Correct' }).click();
    await page.getByText('Another value counts').waitFor();
    await page.getByRole('button', { name: 'Reject 70 of W-1' }).click();
    await page.getByLabel('Reason').fill('Read from another meter');
    await page.getByRole('button', { name: 'Reject the reading' }).click();
    await page.getByText('Nothing waits').waitFor();
    await page.goto(`${address}/reviews?status=rejected`);
    await page.getByText('Read from another meter', { exact: false }).waitFor();
    await held('2025-04-05T00:00:00Z', '90');
  });
});

describe('no page of meters breaks a rule that axe knows', () => {
  it('in the light and in the dark theme', async () => {
    const { data } = (await server.call('GET', '/v1/meters')).body;
    const paths = [
      '/meters',
      ...data.map((one: { meter_id: string }) => `/meters/${one.meter_id}`),
      '/reviews',
      '/reviews?status=corrected',
    ];
    const found: string[] = [];
    for (const path of paths) found.push(...(await axeComplaints(page, { address, path })));
    expect(found).toEqual([]);
  }, 180_000);
});

async function made(path: string, body: unknown, headers?: Record<string, string>) {
  const answer = await server.call('POST', path, body, headers);
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
  return answer.body;
}

async function meterWater(): Promise<{ meter_id: string }> {
  await made('/v1/skus', { sku: 'water', type: 'energy', unit: 'm3' });
  const { site_id } = await made('/v1/sites', { name: 'Bakehouse', address: '3 Tally Street', time_zone: 'Australia/Brisbane' });
  await made(`/v1/sites/${site_id}/occupancies`, { org_id, from: '2025-01-01T00:00:00+10:00' });
  const registers = [{ register: '1', every_minutes: 15 * 1440 }];
  const { meter_id } = await made('/v1/meters', { site_id, identifier: 'W-1', sku: 'water', registers });
  await made('/v1/metering/readings', [
    { meter_id, time: '2025-01-01T00:00:00Z', value: '100', quality: 'actual' },
    { meter_id, time: '2025-02-01T00:00:00Z', value: '150', quality: 'actual' },
  ]);
  return { meter_id };
}

/** A WebP of one pixel. */
const photo = Buffer.from('UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAQAcJaQAA3AA/v3AgAA=', 'base64');

/** March 2025 of one meter, 1.5 kWh in each half-hour. */
function meterFile(): string {
  const days = Array.from(
    { length: 31 },
    (_, day) => `300,202503${String(day + 1).padStart(2, '0')},${'1.5,'.repeat(48)}A,,,20250401000000,`,
  );
  return ['100,NEM12,202504010000,TESTMDP,TESTRET', '200,6305234567,E1,E1,E1,N1,METER01,kWh,30,', ...days, '900', ''].join(
    '\r\n',
  );
}
