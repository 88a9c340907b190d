import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clock } from '../../src/platform/clock.ts';
import { axeComplaints, axeFindings, dialogOf, isTooWide, launchBrowser, openReader, setUp } from '../support/browser.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { openShop } from '../support/shop.ts';
import { type Wire, wire } from '../support/wire.ts';

let server: TestServer;
let address: string;
let line: Wire;
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** A customer with usage in this month. */
let org_id: string;
const complaints: string[] = [];

const now = clock.now();
/** The first day of this month; its cycle ends once the tenant's clock is set. */
const month = now.toZonedDateTimeISO('UTC').toPlainDate().with({ day: 1 });

beforeAll(async () => {
  server = await testServer({ jobs: true, webhooks: true, scheduler: true });
  const shop = openShop(server);
  const plan_id = await shop.plan('Calls', 'AUD', { call: { model: 'unit', unit_amount: '0.25' } }, { base_amount: '10.00' });
  org_id = await shop.customer('aurora-bakery', [plan_id], `${month}T00:00:00Z`);
  await shop.use(org_id, 'call', '40', `${now}`);
  line = await wire(await server.listen());
  ({ address } = line);
  browser = await launchBrowser();
  ({ context, page } = await openReader(browser));
  page.on('pageerror', (error) => complaints.push(error.message));
  await setUp(page, { address, token: server.tenant.setup_token, name: 'Mara Lindqvist', email: 'mara@tallowood.example' });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await line?.close();
});

const pick = async (label: string, option: string | RegExp) => {
  await page.getByRole('combobox', { name: label, exact: true }).click();
  await page.getByRole('option', { name: option, exact: typeof option === 'string' }).click();
};
const dialog = () => dialogOf(page);
const press = (name: string) => page.getByRole('button', { name, exact: true }).click();

describe('automatic billing', () => {
  it('says what switching on does, and then closes and bills the cycle that ended', async () => {
    await page.goto(`${address}/scheduler`);
    await press('Switch on');
    await dialog().getByText('Invoices will be issued without anybody looking at them first.').waitFor();
    await dialog().getByLabel('Hours').fill('500');
    await dialog().getByRole('button', { name: 'Switch on' }).click();
    await dialog().getByText('A whole number up to 336.').waitFor();
    await dialog().getByLabel('Hours').fill('0');
    await dialog().getByLabel('Nothing before, if you like').fill(`${month}`);
    await dialog().getByText('closed and invoiced at once', { exact: false }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await dialog().getByRole('button', { name: 'Switch on' }).click();
    await page.getByText('Cycles are billed by themselves').waitFor();
    await server.call('PUT', '/v1/test-clock', { now: `${month.add({ months: 1, days: 1 })}T00:00:00Z` });
    const billed = async () => (await server.call('GET', '/v1/billing/cycles')).body.data[0]?.run?.status;
    await expect.poll(billed, { timeout: 60_000 }).toBe('completed');
    await page.reload();
    const closed = page.getByRole('table', { name: /^Closed billing cycles/ });
    await closed.getByRole('row', { name: /aurora-bakery.*Completed 1.*by itself/ }).waitFor();
    const upcoming = page.getByRole('table', { name: /^Upcoming billing cycles/ });
    await upcoming.getByRole('row', { name: /aurora-bakery.*UTC.*Open/ }).waitFor();
  });

  it('stands beside what else recurs, with when it is due', async () => {
    await page.getByRole('tab', { name: 'Schedules and runs' }).click();
    await page.getByRole('table', { name: 'Schedules', exact: true }).getByRole('row').nth(1).waitFor();
  });
});

describe('the explorer of events', () => {
  it('finds by type and aggregate, and forgets the filter', async () => {
    await page.goto(`${address}/events`);
    await pick('Type', 'invoice.generated');
    await expect.poll(() => page.url()).toContain('type=invoice.generated');
    const rows = page.getByRole('table', { name: 'Events, newest first' }).getByRole('row');
    await expect.poll(() => rows.count()).toBe(2);
    await page.getByLabel('About, by its id').fill('nothing-like-it');
    await page.keyboard.press('Enter');
    await page.getByText('No event matches').waitFor();
    await press('Clear the filter');
    await page.getByRole('row', { name: /billing\.run\.completed/ }).waitFor();
  });

  it('shows at once what an action in another page causes, and holds it while paused', async () => {
    await page.getByRole('switch', { name: 'Live' }).click();
    await page.getByRole('status').getByText('Connected').waitFor();
    const loads = await page.evaluate<number>('performance.getEntriesByType("navigation").length');
    const other = await context.newPage();
    await createOrganization(other, 'Lantern Works');
    const tail = page.getByRole('table', { name: 'Events, newest first' });
    await tail.getByRole('row', { name: /organization\.created new/ }).waitFor();
    await press('Pause');
    await createOrganization(other, 'Millrace Dairy');
    await page.getByText('1 came meanwhile').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    expect(await tail.getByRole('row', { name: /organization\.created new/ }).count()).toBe(1);
    await press('Resume');
    await expect.poll(() => tail.getByRole('row', { name: /organization\.created new/ }).count()).toBe(2);
    expect(await page.evaluate('performance.getEntriesByType("navigation").length')).toBe(loads);
    await other.close();
  });

  it('goes on with the tail after the connection was lost, and misses nothing', async () => {
    line.cut();
    await page.getByRole('status').getByText('Connecting again').waitFor();
    await server.call('POST', '/v1/skus', { sku: 'while-away', type: 'action', unit: 'piece' });
    await page.getByRole('row', { name: /sku\.created new/ }).waitFor();
  });
});

describe('one event', () => {
  it('shows its envelope, its data, its reactions, and the picture of causes and effects', async () => {
    const [closed] = (await server.call('GET', '/v1/events?type=billing.cycle.closed')).body.data;
    await page.goto(`${address}/events/${closed.event_id}`);
    await page.getByRole('heading', { level: 1, name: 'billing.cycle.closed' }).waitFor();
    await page.getByRole('cell', { name: 'invoicing.bill-cycle' }).waitFor();
    await page
      .getByRole('group', { name: 'Data', exact: true })
      .getByText('"closed_by": "scheduler"', { exact: false })
      .waitFor();
    const picture = page.getByRole('group', { name: 'Causes and effects' });
    const cause = picture.getByRole('link', { name: /^billing\.cycle\.closed, routed.*reaction invoicing\.bill-cycle/ });
    const effect = picture.getByRole('link', { name: /^invoice\.generated, routed/ });
    expect(await cause.getAttribute('aria-current')).toBe('true');
    expect((await cause.boundingBox())!.x).toBeLessThan((await effect.boundingBox())!.x);
    // By keyboard alone: the effect is a link like any other.
    await effect.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'invoice.generated' }).waitFor();
    await page.getByRole('link', { name: 'the event before' }).click();
    await page.getByRole('heading', { level: 1, name: 'billing.cycle.closed' }).waitFor();
  });

  it('is larger and smaller as one likes', async () => {
    const size = page.getByLabel('Size of the picture');
    const before = Number.parseInt((await size.textContent()) ?? '', 10);
    await press('Smaller');
    await expect.poll(async () => Number.parseInt((await size.textContent()) ?? '', 10)).toBeLessThan(before);
    await press('Fit the width');
  });

  it('is sent again after one is sure, to no second effect', async () => {
    await press('Send again');
    await dialog().getByRole('button', { name: 'Send it again' }).click();
    await page.getByText('The event was sent again').waitFor();
    await page.getByRole('heading', { level: 1 }).getByText('Routed').waitFor();
    expect((await server.call('GET', `/v1/invoices?org_id=${org_id}`)).body.data).toHaveLength(1);
  });
});

describe('dead letters', () => {
  it('hold an event that was given up, until it is sent again', async () => {
    await server.t.superuser(
      `UPDATE billing_events SET status = 'dead', routed_at = NULL, attempts = 10, last_error = 'Error: the mail server was away'
        WHERE tenant_id = $1 AND type = 'organization.created'`,
      [server.tenant.tenant_id],
    );
    expect(await axeComplaints(page, { address, path: '/dead-letters' })).toEqual([]);
    const rows = page.getByRole('table', { name: /^Dead events/ }).getByRole('row');
    await rows.nth(1).getByText('the mail server was away', { exact: false }).waitFor();
    const count = await rows.count();
    await page.getByLabel('Choose organization.created').first().check();
    await press('Send 1 again');
    await dialog().getByRole('button', { name: 'Send again', exact: true }).click();
    await dialog().getByText('1 event was sent again.').waitFor();
    await dialog().getByRole('button', { name: 'Close' }).last().click();
    await expect.poll(() => rows.count()).toBe(count - 1);
    await press('Send all again');
    await dialog().getByRole('button', { name: 'Send all again' }).click();
    await page.getByText('No event is dead').waitFor();
  });
});

describe('a replay', () => {
  it('says first what would happen, then does it, and ends', async () => {
    await page.goto(`${address}/replays`);
    await page.getByRole('button', { name: 'Replay events' }).first().click();
    await pick('Type', 'billing.cycle.closed');
    await press('See what would happen');
    await dialog().getByText('1 event would be sent again; every effect was had before, so nothing would change.').waitFor();
    await dialog()
      .getByRole('row', { name: /billing\.cycle\.closed 1 0 invoicing\.bill-cycle 1 0/ })
      .waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await press('Start the replay');
    await page.getByRole('heading', { level: 1 }).getByText('Completed').waitFor({ timeout: 60_000 });
    await page.getByText('1 of 1').waitFor();
  });

  it('rests, goes on and is cancelled', async () => {
    const body = { selection: { from: '2020-01-01T00:00:00Z' }, rate_per_second: 1 };
    const { replay_id } = (await server.call('POST', '/v1/replays', body)).body;
    await page.goto(`${address}/replays/${replay_id}`);
    await press('Pause');
    await page.getByRole('heading', { level: 1 }).getByText('Paused').waitFor();
    await press('Resume');
    await page
      .getByRole('heading', { level: 1 })
      .getByText(/Running|Queued/)
      .waitFor();
    await press('Cancel the replay');
    await page.getByRole('heading', { level: 1 }).getByText('Cancelled').waitFor();
  });

  it('works out again what was issued, and finds 0 differences', async () => {
    await page.goto(`${address}/replays?tab=verifications`);
    await page.getByRole('button', { name: 'Verify', exact: true }).first().click();
    await dialog().getByRole('button', { name: 'Verify', exact: true }).click();
    await page.getByText('Everything that was looked at comes to the same again', { exact: false }).waitFor({ timeout: 60_000 });
    await page.getByRole('heading', { level: 1 }).getByText('0 differences').waitFor();
  });
});

describe('no page of events, replays and the scheduler', () => {
  it('breaks a rule that axe knows, in the light or in the dark theme, or is wider than a small screen', async () => {
    const found: string[] = [];
    for (const path of await paths()) {
      found.push(...(await axeComplaints(page, { address, path })));
      if (await isTooWide(page, 420)) found.push(`${path}: wider than 420 px`);
    }
    expect(found).toEqual([]);
  }, 240_000);

  it('threw', () => expect(complaints).toEqual([]));
});

async function paths(): Promise<string[]> {
  const first = async (path: string) => (await server.call('GET', path)).body.data[0];
  const event = await first('/v1/events?type=billing.cycle.closed');
  const replay = (await server.call('GET', '/v1/replays')).body.data.at(-1);
  const verification = await first('/v1/replays/verifications');
  return [
    '/events',
    `/events/${event.event_id}`,
    '/replays',
    `/replays/${replay.replay_id}`,
    `/verifications/${verification.verification_id}`,
    '/scheduler',
    '/scheduler?tab=schedules',
  ];
}

async function createOrganization(other: Page, name: string): Promise<void> {
  await other.goto(`${address}/organizations`);
  await other.getByRole('button', { name: 'New organization' }).first().click();
  const form = dialogOf(other);
  await form.getByLabel('Legal name').fill(name);
  await form.getByLabel('Billing email').fill('accounts@example.com');
  await form.getByRole('button', { name: 'Create' }).click();
  await form.waitFor({ state: 'hidden' });
}
