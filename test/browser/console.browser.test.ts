import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeComplaints, launchBrowser, openReader } from '../support/browser.ts';
import { type TestServer, testServer } from '../support/server.ts';

const email = 'mara@tallowood.example';
const password = 'copper stick of hazel';
let server: TestServer;
let address: string;
let browser: Browser;
/** One signed-in reader; what a test does is there for the next. */
let context: BrowserContext;
let page: Page;
let org_id: string;
const complaints: string[] = [];

beforeAll(async () => {
  server = await testServer({ jobs: true });
  address = await server.listen();
  org_id = await sell(server);
  browser = await launchBrowser();
  ({ context, page } = await openReader(browser));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on(
    'console',
    (message) => message.type() === 'error' && /content security/i.test(message.text()) && complaints.push(message.text()),
  );
}, 120_000);

afterAll(async () => {
  await browser?.close();
});

describe('signing in', () => {
  it('sends whoever is not signed in to the form, and by the printed link makes the first administrator', async () => {
    await page.goto(`${address}/invoices`);
    await page.waitForURL(/\/sign-in\?next=/);
    await page.goto(`${address}/setup#token=${server.tenant.setup_token}`);
    await page.getByLabel('Name').fill('Mara Lindqvist');
    await page.getByLabel('Email').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Create account and sign in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    expect(page.url()).toBe(`${address}/`);
    expect(await page.locator('aside').getByText('Test', { exact: true }).isVisible()).toBe(true);
  });

  it('does not say whether the address or the password was wrong', async () => {
    await page.getByRole('button', { name: /^Account of/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    const of_password = await refusal(email);
    const of_address = await refusal('nobody@tallowood.example');
    expect(of_address).toBe(of_password);
  });

  it('leads back to the page that asked for it', async () => {
    await page.goto(`${address}/plans`);
    await page.getByLabel('Email').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Plans and prices' }).waitFor();
  });

  it('goes on when the access token ran out, by the refresh token', async () => {
    const kept = (await context.cookies()).filter((cookie) => cookie.path !== '/');
    expect(kept).toHaveLength(1);
    await context.clearCookies();
    await context.addCookies(kept);
    await page.goto(`${address}/organizations`);
    await page.getByRole('link', { name: 'Aurora Bakery' }).waitFor();
  });
});

describe('a meter file', () => {
  it('is refused as a whole for one bad row, which is named by its line', async () => {
    await page.goto(`${address}/imports`);
    await choose('Organization', 'Aurora Bakery');
    await drop('short.csv', meterFile().replace(/^(300,20250302,)1\.5,/m, '$1'));
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('Rejected', { exact: true }).first().waitFor();
    await page.getByText('Nothing was imported.', { exact: false }).waitFor();
    const refused = page.getByRole('table', { name: 'Refused' }).getByRole('row');
    expect(await refused.nth(1).getByRole('cell').first().textContent()).toBe('4');
  });

  it('is taken by dropping it, and its sums are shown', async () => {
    await page.getByRole('combobox', { name: 'New meters count as' }).click();
    await page.getByRole('option', { name: 'energy.import' }).click();
    await drop('march.csv', meterFile());
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('Every row counts.').waitFor();
    // 31 days × 48 half-hours × 1.5 kWh
    await page.getByText('2,232', { exact: true }).first().waitFor();
  });

  it('changes nothing the second time', async () => {
    await drop('march-again.csv', meterFile());
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('This file was imported before', { exact: false }).waitFor();
  });

  it('shows in the usage explorer, day by day', async () => {
    await page.goto(`${address}/usage?from=2025-03-01&to=2025-04-01&sku=energy.import`);
    const rows = page.getByRole('table', { name: 'Quantities by window and SKU' }).getByRole('row');
    await rows.nth(31).waitFor();
    expect(await rows.count()).toBe(32);
    // 48 × 1.5 kWh
    await page.getByRole('row', { name: '1 Mar 2025 energy.import 48 72 kWh', exact: true }).waitFor();
  });
});

describe('an invoice', () => {
  it('is made by a billing run', async () => {
    await page.goto(`${address}/runs`);
    await page.getByRole('button', { name: 'Run billing' }).first().click();
    await page.getByLabel('From').fill('2025-03-01');
    await page.getByLabel('Until, not included').fill('2025-04-01');
    await page.getByRole('dialog').getByRole('button', { name: 'Run billing' }).click();
    await page.getByText('1 invoice issued.').waitFor();
    await page.getByRole('link', { name: 'See the invoices' }).click();
    await page.getByRole('row', { name: /Aurora Bakery.*March 2025.*Open/ }).waitFor();
  });

  it('opens each line into the steps that sum to it, and the usage behind it', async () => {
    await page
      .getByRole('row', { name: /Aurora Bakery/ })
      .getByRole('link')
      .click();
    await page.getByRole('button', { name: /energy\.import|Energy/ }).click();
    const steps = page.getByRole('table', { name: 'Steps that sum to the line' });
    // The first 1,000 kWh at 0.3185, the other 1,232 at 0.2874: 318.5 + 354.0768 = 672.5768, billed as 672.58
    await steps.getByRole('row', { name: /Tier 1.*1,000.*0\.3185.*318\.5/ }).waitFor();
    await steps.getByRole('row', { name: /Tier 2.*1,232.*0\.2874.*354\.0768/ }).waitFor();
    await steps.getByRole('row', { name: /Exact sum.*672\.5768/ }).waitFor();
    await steps.getByRole('row', { name: /On the invoice.*672\.58/ }).waitFor();
    await page.getByText('the steps sum to the line, to the last digit', { exact: false }).waitFor();
    await page.getByText('1,488 events, 2,232 kWh').waitFor();
  });

  it('comes as a PDF and as a bundle', async () => {
    expect((await download('PDF')).subarray(0, 5).toString()).toBe('%PDF-');
    const bundle = JSON.parse((await download('Bundle')).toString());
    // 31.20 base and 672.58 energy
    expect([bundle.invoice.total, bundle.invoice.currency]).toEqual(['703.78', 'AUD']);
  });

  it('is marked as paid after one is sure', async () => {
    await page.getByRole('button', { name: 'Mark as paid' }).click();
    await page.getByLabel('Reference, if there is one').fill('Transfer 4711');
    await page.getByRole('dialog').getByRole('button', { name: 'Mark as paid' }).click();
    await page.getByText('Transfer 4711').waitFor();
    expect(await page.getByRole('button', { name: 'Void' }).count()).toBe(0);
  });
});

describe('a credit note', () => {
  it('takes a part of a line back, and says beside the line what cannot be', async () => {
    await page.getByRole('button', { name: 'Credit', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Aurora Bakery has paid: what you credit is owed back.', { exact: false }).waitFor();
    await dialog.getByRole('button', { name: 'Issue the credit note' }).click();
    await dialog.getByText('Say why, for the customer.').waitFor();
    await dialog.getByLabel('Reason').fill('The freezer was metered twice');
    await dialog.getByRole('button', { name: 'Issue the credit note' }).click();
    await dialog.getByText('Enter what to credit of a line.').waitFor();
    const energy = dialog.getByLabel(/Credit of .*(energy\.import|Energy)/);
    await energy.fill('672.59');
    await dialog.getByRole('button', { name: 'Issue the credit note' }).click();
    await dialog.getByText('672.59 AUD is not a part of the 672.58 AUD that the line has left.').waitFor();
    await energy.fill('100.5');
    await dialog.getByText('Together 100.5 AUD').waitFor();
    await dialog.getByRole('button', { name: 'Issue the credit note' }).click();
    await page.getByRole('row', { name: /CN-000001.*The freezer was metered twice.*100\.50/ }).waitFor();
    // Paid 703.78, so all of it is owed back.
    await page.getByText('-100.50').waitFor();
  });

  it('has a page of its own, a PDF and a bundle', async () => {
    await page.getByRole('link', { name: 'CN-000001' }).click();
    await page.getByRole('heading', { level: 1, name: 'CN-000001' }).waitFor();
    await page.getByRole('row', { name: /572\.08 AUD 100\.50 AUD/ }).waitFor();
    await page.getByText('Owed back: the invoice was paid').waitFor();
    expect((await download('PDF')).subarray(0, 5).toString()).toBe('%PDF-');
    const bundle = JSON.parse((await download('Bundle')).toString());
    expect([bundle.credit_note.total, bundle.invoice.total]).toEqual(['100.50', '703.78']);
  });

  it('takes the rest back at once', async () => {
    await page.getByRole('link', { name: /^INV-/ }).first().click();
    await page.getByRole('button', { name: 'Credit', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Credit everything' }).click();
    // 31.20 + 572.08
    await dialog.getByText('Together 603.28 AUD').waitFor();
    await dialog.getByLabel('Reason').fill('Goodwill');
    await dialog.getByRole('button', { name: 'Issue the credit note' }).click();
    await page.getByRole('row', { name: /CN-000002.*Goodwill.*603\.28/ }).waitFor();
    await page.getByRole('heading', { level: 1 }).getByText('Credited').waitFor();
    expect(await page.getByRole('button', { name: 'Credit', exact: true }).count()).toBe(0);
  });
});

describe('an estimate', () => {
  it('is what billing would charge', async () => {
    await page.goto(`${address}/estimator`);
    await choose('Organization', 'Aurora Bakery');
    await page.getByRole('combobox', { name: 'SKU 1' }).click();
    await page.getByRole('option', { name: /energy\.import/ }).click();
    await page.getByLabel('Leads').fill('2232');
    await page.getByRole('button', { name: 'Estimate' }).click();
    await page.getByRole('row', { name: /energy\.import.*672\.58/ }).waitFor();
    await page.getByRole('row', { name: /Total.*703\.78/ }).waitFor();
  });
});

describe('the keyboard', () => {
  it('skips to the content, goes anywhere by two letters, and finds an invoice in the palette', async () => {
    await page.goto(`${address}/`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to content');
    await page.keyboard.press('Enter');
    expect(await page.locator(':focus').getAttribute('id')).toBe('content');
    await page.keyboard.press('g');
    await page.keyboard.press('i');
    await page.getByRole('heading', { level: 1, name: 'Invoices' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: /^Search pages/ }).fill('aurora bakery');
    await page.getByRole('option', { name: /^Aurora Bakery/ }).waitFor();
    await page.getByRole('option', { name: /Aurora Bakery.*703\.78/ }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: /\d/ }).waitFor();
  });

  it('opens an explanation, with the focus always in sight', async () => {
    await tabTo(/energy\.import|Energy/);
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await page.keyboard.press('Enter');
    await page.getByRole('table', { name: 'Steps that sum to the line' }).waitFor();
  });
});

describe('no page breaks a rule that axe knows', () => {
  it('in the light and in the dark theme, which follow the system', async () => {
    const found: string[] = [];
    for (const path of await paths()) found.push(...(await axeComplaints(page, { address, path })));
    expect(found).toEqual([]);
  }, 180_000);
});

describe('the content security policy', () => {
  it('was never in the way, and no page threw', () => expect(complaints).toEqual([]));
});

/** What there is to sell, and a bakery that buys it since March 2025. Gives the bakery's org_id. */
async function sell({ call }: TestServer): Promise<string> {
  const made = async (method: string, path: string, body: unknown) => {
    const answer = await call(method, path, body);
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
    return answer.body;
  };
  await made('POST', '/v1/skus', { sku: 'energy.import', type: 'energy', unit: 'kWh' });
  const { model_id } = await made('POST', '/v1/business-models', { code: 'energy', name: 'Energy', currency: 'AUD' });
  const { plan_id } = await made('POST', '/v1/plans', { model_id, name: 'Home Anytime', base_amount: '31.20' });
  const tiers = [
    { up_to: '1000', unit_amount: '0.3185' },
    { up_to: null, unit_amount: '0.2874' },
  ];
  await made('PUT', `/v1/plans/${plan_id}/skus/energy.import`, { price: { model: 'graduated', tiers } });
  const org = await made('POST', '/v1/orgs', {
    legal_name: 'Aurora Bakery',
    org_slug: 'aurora-bakery',
    billing_email: 'accounts@aurora.example',
    // NEM12 times are UTC+10 all year, and so are Brisbane's.
    default_timezone: 'Australia/Brisbane',
  });
  await made('POST', `/v1/orgs/${org.org_id}/entitlements`, { plan_id, effective_at: '2025-03-01T00:00:00+10:00' });
  return org.org_id;
}

/** March 2025 of one meter, 1.5 kWh in each half-hour. Line 4 is 2 March. */
function meterFile(): string {
  const days = Array.from(
    { length: 31 },
    (_, day) => `300,202503${String(day + 1).padStart(2, '0')},${'1.5,'.repeat(48)}A,,,20250401000000,`,
  );
  return ['100,NEM12,202504010000,TESTMDP,TESTRET', '200,6305234567,E1,E1,E1,N1,METER01,kWh,30,', ...days, '900', ''].join(
    '\r\n',
  );
}

async function drop(name: string, text: string): Promise<void> {
  const file = `new File([${JSON.stringify(text)}], ${JSON.stringify(name)}, { type: 'text/csv' })`;
  const dataTransfer = await page.evaluateHandle(
    `(() => { const data = new DataTransfer(); data.items.add(${file}); return data; })()`,
  );
  const zone = page.getByTestId('drop-zone');
  await zone.dispatchEvent('dragover', { dataTransfer });
  await zone.dispatchEvent('drop', { dataTransfer });
  await page.getByText(name).first().waitFor();
}

async function choose(label: string, option: string): Promise<void> {
  const box = page.getByRole('combobox', { name: label });
  await box.fill(option.slice(0, 6));
  await page.getByRole('option', { name: option }).click();
}

async function download(link: string): Promise<Buffer> {
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: link, exact: true }).click()]);
  return readFileSync(await file.path());
}

const focused = () => page.evaluate<string>("document.activeElement?.textContent ?? ''");

async function tabTo(name: RegExp): Promise<void> {
  for (let presses = 0; presses < 80; presses += 1) {
    await page.keyboard.press('Tab');
    if (name.test(await focused()) && (await page.evaluate<string>('document.activeElement.tagName')) === 'BUTTON') return;
  }
  throw new Error(`The focus never came to ${name}.`);
}

/** Every page, those of single things with one that exists, and an invoice with a line opened. */
async function paths(): Promise<string[]> {
  const invoice = (await server.call('GET', '/v1/invoices')).body.data[0];
  const { lines } = (await server.call('GET', `/v1/invoices/${invoice.invoice_id}`)).body;
  const note = (await server.call('GET', '/v1/credit-notes')).body.data[0];
  const plan = (await server.call('GET', '/v1/plans')).body.data[0];
  const job = (await server.call('GET', '/v1/metering/imports')).body.data.at(-1);
  return [
    '/',
    '/usage?from=2025-03-01&to=2025-04-01',
    `/imports?import_id=${job.import_id}`,
    '/organizations',
    `/organizations/${org_id}`,
    '/plans',
    `/plans/${plan.plan_id}`,
    '/estimator',
    '/invoices',
    `/invoices/${invoice.invoice_id}?line=${lines.at(-1).line_id}`,
    `/credit-notes/${note.credit_note_id}`,
    '/runs',
    '/api-keys',
    '/audit',
    '/sign-in',
    '/setup#token=made-up',
    '/nowhere',
    '/invoices/01980000-0000-7000-8000-000000000000',
    '/credit-notes/01980000-0000-7000-8000-000000000000',
  ];
}

/** What the form says to an address with a wrong password, without the request's id. */
async function refusal(address: string): Promise<string> {
  await page.getByLabel('Email').fill(address);
  await page.getByLabel('Password').fill('not the password at all');
  const answered = page.waitForResponse((answer) => answer.url().endsWith('/v1/session') && answer.request().method() === 'POST');
  await page.getByRole('button', { name: 'Sign in' }).click();
  expect((await answered).status()).toBe(401);
  return ((await page.getByRole('alert').textContent()) ?? '').replace(/Request .*/s, '');
}
