import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clock } from '../../src/platform/clock.ts';
import { axeComplaints, isTooWide, launchBrowser, openReader, setUp } from '../support/browser.ts';
import { inboundSender } from '../support/inbound-sender.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { openShop } from '../support/shop.ts';
import { type Receiver, receiver } from '../support/webhooks.ts';

let server: TestServer;
let address: string;
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** A customer with usage in the month before this one, and one that sees only itself. */
let org_id: string;
let other_org_id: string;
let hook: Receiver;
/** What the receiver answers. */
let answered = 200;
const complaints: string[] = [];

/** The first day of the month before this one. */
const month = clock.now().toZonedDateTimeISO('UTC').toPlainDate().with({ day: 1 }).subtract({ months: 1 });

beforeAll(async () => {
  server = await testServer({ jobs: true, webhooks: true, scheduler: true });
  const shop = openShop(server);
  const plan_id = await shop.plan('Calls', 'AUD', { call: { model: 'unit', unit_amount: '0.25' } }, { base_amount: '10.00' });
  org_id = await shop.customer('aurora-bakery', [plan_id], `${month}T00:00:00Z`);
  other_org_id = await shop.customer('harbour-mill', [], `${month}T00:00:00Z`);
  await shop.use(org_id, 'call', '40', `${month.add({ days: 9 })}T10:00:00Z`);
  hook = await receiver((_request, response) => response.writeHead(answered).end(answered === 200 ? 'thank you' : 'no'));
  address = await server.listen();
  browser = await launchBrowser();
  ({ context, page } = await openReader(browser));
  page.on('pageerror', (error) => complaints.push(error.message));
  await setUp(page, { address, token: server.tenant.setup_token, name: 'Mara Lindqvist', email: 'mara@tallowood.example' });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await hook?.close();
});

const pick = async (label: string, option: string | RegExp) => {
  await page.getByRole('combobox', { name: label, exact: true }).click();
  await page.getByRole('option', { name: option, exact: typeof option === 'string' }).click();
};
const dialog = () => page.getByRole('dialog');
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
    await dialog().getByRole('button', { name: 'Switch on' }).click();
    await page.getByText('Cycles are billed by themselves').waitFor();
    const closed = page.getByRole('table', { name: /^Closed billing cycles/ });
    await expect
      .poll(async () => (await page.reload(), await settled(page), (await closed.count()) ? closed.textContent() : ''), {
        timeout: 60_000,
        interval: 500,
      })
      .toMatch(/aurora-bakery.*Completed.*1.*by itself/);
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
    expect(await tail.getByRole('row', { name: /organization\.created new/ }).count()).toBe(1);
    await press('Resume');
    await expect.poll(() => tail.getByRole('row', { name: /organization\.created new/ }).count()).toBe(2);
    expect(await page.evaluate('performance.getEntriesByType("navigation").length')).toBe(loads);
    await other.close();
  });

  it('goes on with the tail after the connection was lost, and misses nothing', async () => {
    await context.setOffline(true);
    await page.getByRole('status').getByText('Connecting again').waitFor();
    await server.call('POST', '/v1/skus', { sku: 'while-away', type: 'action', unit: 'piece' });
    await context.setOffline(false);
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

describe('an endpoint for webhooks', () => {
  it('is made with its events chosen, and its secret shown once', async () => {
    await page.goto(`${address}/webhooks`);
    await page.getByRole('button', { name: 'New endpoint' }).first().click();
    await dialog().getByLabel('URL').fill('http://10.0.0.7/hook');
    await dialog().getByLabel('Only these').check();
    await dialog().getByRole('button', { name: 'Make the endpoint' }).click();
    await dialog().getByText('Choose at least one.').waitFor();
    await dialog().getByLabel('Find a type').fill('sku.');
    await dialog().getByLabel('sku.created').check();
    await dialog().getByRole('button', { name: 'Make the endpoint' }).click();
    // Refused by the server, beside the field.
    await dialog().getByLabel('URL').and(page.locator('[aria-invalid]')).waitFor();
    await dialog().getByLabel('URL').fill(hook.url);
    await dialog().getByRole('button', { name: 'Make the endpoint' }).click();
    await dialog()
      .getByText(/^whsec_/)
      .waitFor();
    await dialog().getByRole('button', { name: 'Done' }).click();
    await page.getByRole('link', { name: hook.url }).click();
    await page.getByRole('heading', { level: 1, name: hook.url }).waitFor();
    expect(await page.getByText(/whsec_/).count()).toBe(0);
  });

  it('is sent a test event, and then what happens, with each attempt to be seen', async () => {
    await press('Send a test event');
    await page.getByRole('row', { name: /Test.*Delivered/ }).waitFor();
    await server.call('POST', '/v1/skus', { sku: 'told', type: 'action', unit: 'piece' });
    await page.reload();
    const row = page.getByRole('row', { name: /^sku\.created.*Delivered.*1.*200/ });
    await row.waitFor();
    await row.getByRole('button', { name: 'sku.created', exact: true }).click();
    await page.getByText('Answered 200').waitFor();
    await page.getByRole('group', { name: 'Answer', exact: true }).getByText('thank you', { exact: false }).waitFor();
    await page.getByRole('group', { name: 'Request', exact: true }).getByText('webhook-signature', { exact: false }).waitFor();
    expect(hook.received.some(({ body }) => body.includes('told'))).toBe(true);
  });

  it('is changed, and gets another secret', async () => {
    await press('Change');
    await dialog().getByLabel('Description, if you like').fill('Stock of the bakery');
    await dialog().getByRole('button', { name: 'Save' }).click();
    await page.getByText('Stock of the bakery').waitFor();
    await press('Rotate the secret');
    await dialog()
      .getByLabel(/^Hours/)
      .fill('999');
    await dialog().getByRole('button', { name: 'Rotate', exact: true }).click();
    await dialog().getByText('A whole number from 0 to 168.').waitFor();
    await dialog()
      .getByLabel(/^Hours/)
      .fill('1');
    await dialog().getByRole('button', { name: 'Rotate', exact: true }).click();
    await dialog()
      .getByText(/^whsec_/)
      .waitFor();
    await dialog().getByRole('button', { name: 'Done' }).click();
  });
});

describe('dead letters', () => {
  it('hold a delivery that was given up, until it is replayed', async () => {
    answered = 410;
    await server.call('POST', '/v1/skus', { sku: 'refused', type: 'action', unit: 'piece' });
    await expect
      .poll(async () => (await server.call('GET', '/v1/webhooks')).body.data[0].status, { timeout: 60_000 })
      .toBe('disabled');
    answered = 200;
    await page.goto(`${address}/`);
    await page.getByRole('link', { name: /1 webhook delivery/ }).click();
    await page.getByRole('row', { name: /sku\.created.*410 Gone/ }).waitFor();
    await page.getByRole('link', { name: hook.url }).click();
    await press('Switch on');
    await dialog().getByRole('button', { name: 'Switch on' }).click();
    await page.getByRole('button', { name: 'Switch off' }).waitFor();
    await page.goto(`${address}/dead-letters?tab=webhooks`);
    await page.getByLabel('Choose sku.created').check();
    await press('Replay 1');
    await dialog().getByRole('button', { name: 'Replay', exact: true }).click();
    await dialog().getByText('1 delivery is sent again.').waitFor();
    await dialog().getByRole('button', { name: 'Close' }).last().click();
    await page.getByText('No delivery is dead').waitFor();
    await expect.poll(() => hook.received.filter(({ body }) => body.includes('refused')).length).toBe(2);
  });

  it('hold an event that was given up, until it is sent again', async () => {
    await server.t.superuser(
      `UPDATE billing_events SET status = 'dead', routed_at = NULL, attempts = 10, last_error = 'Error: the mail server was away'
        WHERE tenant_id = $1 AND type = 'organization.created'`,
      [server.tenant.tenant_id],
    );
    await page.goto(`${address}/dead-letters`);
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

describe('webhooks in', () => {
  it('have an endpoint with a secret shown once, and what came is seen and processed again', async () => {
    await page.goto(`${address}/webhooks?tab=in`);
    await page.getByRole('button', { name: 'New endpoint for webhooks in' }).first().click();
    await dialog().getByLabel('Name').fill('Card payments');
    await dialog().getByRole('button', { name: 'Make the endpoint' }).click();
    const secret = (await dialog()
      .getByText(/^whsec_/)
      .textContent())!;
    const to = ((await dialog().getByRole('group', { name: 'Address' }).textContent()) ?? '').split('/').at(-1)!;
    await dialog().getByRole('button', { name: 'Done' }).click();
    const { deliver, settled: processed } = inboundSender(server);
    const { inbound_webhook_id } = (await deliver({ to, secret })).body;
    await processed(inbound_webhook_id);
    await page.getByRole('link', { name: 'Card payments' }).click();
    await page
      .getByRole('row', { name: /payment\.succeeded.*Processed/ })
      .getByRole('button', { name: 'payment.succeeded' })
      .click();
    await page.getByRole('group', { name: 'Body' }).getByText('"payment.succeeded"', { exact: false }).waitFor();
  });
});

describe('a replay', () => {
  it('says first what would happen, then does it, and ends', async () => {
    await page.goto(`${address}/replays`);
    await page.getByRole('button', { name: 'Replay events' }).first().click();
    await pick('Type', 'billing.cycle.closed');
    await press('See what would happen');
    await dialog().getByText('1 event would be sent again; every effect was had before', { exact: false }).waitFor();
    await dialog()
      .getByRole('row', { name: /billing\.cycle\.closed 1 0 invoicing\.bill-cycle 1 0/ })
      .waitFor();
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

describe('somebody of a customer', () => {
  it('sees and makes endpoints of its own organization, and nothing else of operations', async () => {
    await server.call('POST', '/v1/webhooks', { url: hook.url, org_id: other_org_id, event_types: ['invoice.generated'] });
    const invited = await server.call('POST', `/v1/orgs/${other_org_id}/members`, {
      ...{ email: 'ines@harbour.example', name: 'Ines Duarte', role: 'technical' },
    });
    const customer = await openReader(browser);
    await setUp(customer.page, { address, token: invited.body.setup_token, name: 'Ines Duarte', email: 'ines@harbour.example' });
    await customer.page.getByRole('link', { name: 'Webhooks' }).click();
    await customer.page.getByText('No endpoints yet').waitFor();
    expect(await customer.page.getByRole('link', { name: /^(Events|Replay|Scheduler)$/ }).count()).toBe(0);
    expect(await customer.page.getByRole('tab').count()).toBe(0);
    await customer.page.getByRole('button', { name: 'New endpoint' }).first().click();
    const making = customer.page.getByRole('dialog');
    await making.getByLabel('URL').fill(`${hook.url}/of-harbour`);
    await making.getByLabel('Only these').check();
    await making.getByLabel('invoice.generated').check();
    // What is told about the tenant alone is not offered.
    expect(await making.getByLabel('sku.created').count()).toBe(0);
    await making.getByRole('button', { name: 'Make the endpoint' }).click();
    await making.getByRole('button', { name: 'Done' }).click();
    const rows = customer.page.getByRole('table', { name: /^Endpoints/ }).getByRole('row');
    await rows.nth(1).getByText('of-harbour', { exact: false }).waitFor();
    expect(await rows.count()).toBe(2);
    expect(await axeComplaints(customer.page, { address, path: '/webhooks' })).toEqual([]);
    const foreign = (await server.call('GET', '/v1/webhooks')).body.data.find(
      (one: { org_id: string | null }) => one.org_id === null,
    );
    await customer.page.goto(`${address}/webhooks/${foreign.webhook_id}`);
    await customer.page.getByText('Unknown webhook').waitFor();
    await customer.context.close();
  });
});

describe('no page of operations', () => {
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
  const webhook = (await server.call('GET', '/v1/webhooks')).body.data.at(-1);
  const endpoint = await first('/v1/inbound-endpoints');
  const replay = (await server.call('GET', '/v1/replays')).body.data.at(-1);
  const verification = await first('/v1/replays/verifications');
  return [
    '/events',
    `/events/${event.event_id}`,
    '/dead-letters',
    '/dead-letters?tab=webhooks',
    '/dead-letters?tab=in',
    '/webhooks',
    '/webhooks?tab=in',
    `/webhooks/${webhook.webhook_id}`,
    `/webhooks/in/${endpoint.endpoint_id}`,
    '/replays',
    '/replays?tab=verifications',
    `/replays/${replay.replay_id}`,
    `/verifications/${verification.verification_id}`,
    '/scheduler',
    '/scheduler?tab=schedules',
  ];
}

const settled = (which: Page) => which.getByRole('heading', { level: 1 }).waitFor();

async function createOrganization(other: Page, name: string): Promise<void> {
  await other.goto(`${address}/organizations`);
  await other.getByRole('button', { name: 'New organization' }).first().click();
  const form = other.getByRole('dialog');
  await form.getByLabel('Legal name').fill(name);
  await form.getByLabel('Billing email').fill('accounts@example.com');
  await form.getByRole('button', { name: 'Create' }).click();
  await form.waitFor({ state: 'hidden' });
}
