import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeComplaints, launchBrowser, openReader, setUp } from '../support/browser.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { openShop } from '../support/shop.ts';

let server: TestServer;
let address: string;
let browser: Browser;
let page: Page;
let plan_id: string;

/** 10.00 a month and 1.00 a call; in January and February 2025 the one calls 100 times, the other 10 times. */
beforeAll(async () => {
  server = await testServer({ jobs: true });
  const shop = openShop(server);
  plan_id = await shop.plan('Calls', 'AUD', { call: { model: 'unit', unit_amount: '1' } }, { base_amount: '10.00' });
  for (const [slug, quantity] of [
    ['large', '100'],
    ['small', '10'],
  ] as const) {
    const org_id = await shop.customer(slug, [plan_id]);
    for (const month of ['01', '02']) await shop.use(org_id, 'call', quantity, `2025-${month}-10T00:00:00Z`);
  }
  address = await server.listen();
  browser = await launchBrowser();
  ({ page } = await openReader(browser));
  await setUp(page, { address, token: server.tenant.setup_token, name: 'Mara Lindqvist', email: 'mara@tallowood.example' });
}, 120_000);

afterAll(async () => {
  await browser?.close();
});

const pick = async (label: string, option: string | RegExp) => {
  await page.getByRole('combobox', { name: label }).click();
  await page.getByRole('option', { name: option }).click();
};

/** From the open draft: two months, and the page of what they come to. */
async function tryIt() {
  await page.getByRole('button', { name: 'Backtest', exact: true }).click();
  await page.getByLabel('First month').fill('2025-01');
  await page.getByLabel('Last month').fill('2025-02');
  await started();
}

async function started() {
  await page.getByRole('button', { name: 'Start the backtest' }).click();
  await page.waitForURL(/\/backtests\/[0-9a-f-]{36}$/);
  await page.getByRole('heading', { level: 1 }).getByText('Completed').waitFor();
}

describe('a plan', () => {
  it('is told to demand a backtest', async () => {
    await page.goto(`${address}/plans/${plan_id}`);
    await page.getByText('Nothing is demanded', { exact: false }).waitFor();
    await page.getByRole('button', { name: 'Change', exact: true }).click();
    await page.getByLabel('Months that a backtest covers at least').fill('2');
    await page.getByLabel('Revenue up by at most, in percent').fill('5');
    await page.getByRole('button', { name: 'Demand a backtest' }).click();
    await page.getByText('a backtest over 2 months or more, of everybody').waitFor();
  });
});

describe('a price draft', () => {
  it('is begun from its plan, and edited in fields, with the curve of the engine beside the live one', async () => {
    await page.goto(`${address}/plans/${plan_id}`);
    await page.getByRole('button', { name: 'Draft a price change' }).click();
    await page.getByLabel('Name').fill('Dearer calls');
    await page.getByRole('button', { name: 'Begin the draft' }).click();
    await page.getByRole('heading', { level: 1, name: 'Dearer calls' }).waitFor();
    await page.getByLabel('AUD per piece').fill('1.2');
    // 1,000 calls: 1,200.00 under the draft, 1,000.00 live.
    const curve = page.getByRole('table', { name: 'Amount in AUD against piece' });
    await curve.getByRole('row', { name: '1,000 piece 1,200.00 AUD 1,000.00 AUD' }).waitFor();
    await page.getByRole('button', { name: 'Keep this price in the draft' }).click();
    await page.getByText('call is changed in the draft').waitFor();
    await page.getByText('Changed', { exact: true }).waitFor();
  });

  it('is refused by name where it is no price', async () => {
    await pick('Edit as', 'JSON');
    await page.getByLabel('Price, as JSON of the price language').fill('{"model": "unit"}');
    await page.getByRole('button', { name: 'Keep this price in the draft' }).click();
    await page.getByText('/skus/call/unit_amount', { exact: true }).waitFor();
    await page.reload();
  });

  it('is not published before the plan’s demand is met, which is said', async () => {
    await page.getByText('revenue up by 5 % at most').waitFor();
    expect(await page.getByRole('button', { name: 'Publish the draft' }).isDisabled()).toBe(true);
  });
});

describe('a backtest', () => {
  it('shows revenue before and under the draft, and who pays how much more', async () => {
    await tryIt();
    // Before 2 × (110 + 20) = 260.00; under the draft 2 × (130 + 22) = 304.00: 44.00 more, 16.92 %.
    await page.getByText('304.00 AUD').first().waitFor();
    await page.getByText('+16.92 %').first().waitFor();
    const months = page.getByRole('table', { name: /^Revenue by month/ });
    await months.getByRole('row', { name: 'January 2025 152.00 AUD 130.00 AUD' }).waitFor();
    // large 220.00 → 260.00 is 18.18 %, small 40.00 → 44.00 is 10 %.
    const change = page.getByRole('table', { name: /^Organizations by the change/ });
    await change.getByRole('row', { name: '10 to 15 % 1' }).waitFor();
    await change.getByRole('row', { name: '15 to 20 % 1' }).waitFor();
    const rows = page.getByRole('table', { name: 'Organizations of the backtest' }).getByRole('row');
    expect((await rows.nth(1).textContent()) ?? '').toMatch(/large.*220\.00.*260\.00.*\+40\.00.*\+18\.18 %/);
    await pick('Order', 'Largest fall first');
    await expect.poll(async () => rows.nth(1).textContent()).toMatch(/small.*\+4\.00/);
  });

  it('gives the table as a file', async () => {
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'CSV' }).click()]);
    expect(readFileSync(await file.path(), 'utf8').split('\n')[1]).toMatch(
      /large,large,rated,220\.00,0\.00,260\.00,40\.00,18\.18/,
    );
  });

  it('that is over the limit says so beside the button, and one that is not lets the draft be published', async () => {
    await page.getByRole('link', { name: 'Open the draft' }).click();
    await page.getByText('Revenue rises by 16.92 %, and 5 % are allowed.').waitFor();
    await page.getByLabel('AUD per piece').fill('1.04');
    await page.getByRole('button', { name: 'Keep this price in the draft' }).click();
    await page.getByText('There is none yet.').waitFor();
    await tryIt();
    await page.getByRole('link', { name: 'Open the draft' }).click();
    await page.getByText('Tried', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Publish the draft' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click();
    await page.getByText('Published', { exact: true }).first().waitFor();
  });

  it('leaves a new version, whose differences to the one before are shown', async () => {
    await page.goto(`${address}/plans/${plan_id}`);
    const table = page.getByRole('table', { name: 'Differences between two versions' });
    await table.getByRole('row', { name: 'Unit amount 1 1.04' }).waitFor();
  });

  it('holds two drafts side by side', async () => {
    for (const [name, amount] of [
      ['One way', '1.5'],
      ['Another way', '0.9'],
    ] as const) {
      await page.goto(`${address}/plans/${plan_id}`);
      await page.getByRole('button', { name: 'Draft a price change' }).click();
      await page.getByLabel('Name').fill(name);
      await page.getByRole('button', { name: 'Begin the draft' }).click();
      await page.getByLabel('AUD per piece').fill(amount);
      await page.getByRole('button', { name: 'Keep this price in the draft' }).click();
      await page.getByText('call is changed in the draft').first().waitFor();
    }
    await page.goto(`${address}/backtests`);
    await page.getByRole('button', { name: 'Backtest', exact: true }).click();
    await pick('Draft', 'One way');
    await pick('Beside it', 'Another way');
    await page.getByLabel('First month').fill('2025-01');
    await page.getByLabel('Last month').fill('2025-01');
    await started();
    // 20 of base and 110 × 1.50, and 110 × 0.90.
    await page.getByText('185.00 AUD').first().waitFor();
    await page.getByText('119.00 AUD').first().waitFor();
  });
});

describe('no page of these breaks a rule that axe knows', () => {
  it('in the light and in the dark theme', async () => {
    const drafts = (await server.call('GET', '/v1/pricing/drafts')).body.data;
    const backtests = (await server.call('GET', '/v1/pricing/backtests')).body.data;
    const found: string[] = [];
    for (const path of [
      '/drafts',
      `/drafts/${drafts[0].draft_id}`,
      '/backtests',
      `/backtests/${backtests[0].backtest_id}`,
      `/plans/${plan_id}`,
    ])
      found.push(...(await axeComplaints(page, { address, path })));
    expect(found).toEqual([]);
  }, 120_000);
});
