import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeComplaints, axeFindings, dialogOf, isTooWide, launchBrowser, openReader, setUp } from '../support/browser.ts';
import { inboundSender } from '../support/inbound-sender.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { openShop } from '../support/shop.ts';
import { type Receiver, receiver } from '../support/webhooks.ts';

let server: TestServer;
let address: string;
let browser: Browser;
let page: Page;
/** A customer that sees only itself. */
let other_org_id: string;
let hook: Receiver;
/** What the receiver answers. */
let answered = 200;
const complaints: string[] = [];

beforeAll(async () => {
  server = await testServer({ jobs: true, webhooks: true });
  other_org_id = await openShop(server).customer('harbour-mill', []);
  hook = await receiver((_request, response) => response.writeHead(answered).end(answered === 200 ? 'thank you' : 'no'));
  address = await server.listen();
  browser = await launchBrowser();
  ({ page } = await openReader(browser));
  page.on('pageerror', (error) => complaints.push(error.message));
  await setUp(page, { address, token: server.tenant.setup_token, name: 'Mara Lindqvist', email: 'mara@tallowood.example' });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await hook?.close();
});

const dialog = () => dialogOf(page);
const press = (name: string) => page.getByRole('button', { name, exact: true }).click();

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
    expect(await axeFindings(page)).toEqual([]);
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
    await expect.poll(() => hook.received.some(({ body }) => body.includes('"told"')), { timeout: 60_000 }).toBe(true);
    await page.reload();
    const row = page.getByRole('row', { name: /^sku\.created.*Delivered.*1.*200/ });
    await row.waitFor();
    await row.getByRole('button', { name: 'sku.created', exact: true }).click();
    await page.getByText('Answered 200', { exact: true }).waitFor();
    await page.getByRole('group', { name: 'Answer', exact: true }).getByText('thank you', { exact: false }).waitFor();
    await page.getByRole('group', { name: 'Request', exact: true }).getByText('webhook-signature', { exact: false }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
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
    expect(await axeComplaints(page, { address, path: '/dead-letters?tab=webhooks' })).toEqual([]);
    await page.getByLabel('Choose sku.created').check();
    await press('Replay 1');
    await dialog().getByRole('button', { name: 'Replay', exact: true }).click();
    await dialog().getByText('1 delivery is sent again.').waitFor();
    await dialog().getByRole('button', { name: 'Close' }).last().click();
    await page.getByText('No delivery is dead').waitFor();
    await expect.poll(() => hook.received.filter(({ body }) => body.includes('refused')).length).toBe(2);
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
    const making = dialogOf(customer.page);
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

describe('no page of webhooks', () => {
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
  const webhook = (await server.call('GET', '/v1/webhooks')).body.data.at(-1);
  const endpoint = (await server.call('GET', '/v1/inbound-endpoints')).body.data[0];
  return [
    '/webhooks',
    '/webhooks?tab=in',
    `/webhooks/${webhook.webhook_id}`,
    `/webhooks/in/${endpoint.endpoint_id}`,
    '/dead-letters?tab=in',
  ];
}
