import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, expect, it } from 'vitest';
import { findChromium } from '../../test/support/chromium.ts';
import { installClient } from '../../test/support/client-package.ts';
import { testServer } from '../../test/support/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'tallystick-client-'));
let browser: Browser | undefined;
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

it('runs in a page: sends 500 events and keeps their acknowledgements, and what was waiting when the page was left', async () => {
  const s = await testServer();
  const address = await s.listen();
  const org = { legal_name: 'One', org_slug: 'one', billing_email: 'a@example.com', default_timezone: 'UTC' };
  const { org_id } = (await s.call('POST', '/v1/orgs', org)).body;
  await s.call('POST', '/v1/skus', { sku: 'mail', type: 'action', unit: 'mail' });
  const api_key = (await s.call('POST', '/v1/api-keys', { name: 'page', scopes: ['usage:write'] })).body.key as string;
  const inPage = (work: string) => `(async () => {
    const [org_id, api_key] = ${JSON.stringify([org_id, api_key])};
    const [main, kept] = await Promise.all([import('/client/main.js'), import('/client/browser.js')]);
    ${work}
  })()`;
  const dist = await installClient(folder);
  browser = await chromium.launch({ executablePath: findChromium(), args: ['--headless', '--no-sandbox', '--disable-gpu'] });
  const page = await (await browser.newContext()).newPage();
  // The modules of the build as they are, from the server's own origin.
  await page.route(`${address}/client/*.js`, (route) =>
    route.fulfill({
      contentType: 'text/javascript',
      body: readFileSync(join(dist, basename(new URL(route.request().url()).pathname))),
    }),
  );
  await page.goto(`${address}/livez`);

  const outcome = await page.evaluate(
    inPage(`
      const acks = kept.indexedDbAcks();
      const usage = main.createUsageBuffer({ base_url: '', api_key, acks, queue: kept.indexedDbQueue(), batch_events: 100 });
      await Promise.all(Array.from({ length: 500 }, () => usage.track({ org_id, sku: 'mail', quantity: '1' })));
      await usage.flush();
      const records = await acks.records();
      const counts = usage.counts();
      // Left behind when the page goes.
      const late = main.createUsageBuffer({ base_url: '', api_key, queue: kept.indexedDbQueue('late'), batch_age_ms: 600_000 });
      kept.sendOnPageHide(late);
      for (let at = 0; at < 5; at += 1) await late.track({ org_id, sku: 'mail', quantity: '2' });
      return { counts, acked: records.flatMap(({ events }) => events).length };`),
  );
  expect(outcome).toEqual({ counts: { waiting: 0, accepted: 500, duplicates: 0, rejected: 0 }, acked: 500 });

  await page.goto('about:blank');
  const query = `org_id=${org_id}&sku=mail&from=2020-01-01&to=2099-01-01&window=month`;
  const used = async () => (await s.call('GET', `/v1/metering/usage?${query}`)).body.data[0];
  await expect.poll(used).toMatchObject({ count: 505, value: '510' });

  // The next page finds the five in IndexedDB and sends them again: once is once.
  await page.goto(`${address}/livez`);
  const again = await page.evaluate(
    inPage(`
      const usage = main.createUsageBuffer({ base_url: '', api_key, queue: kept.indexedDbQueue('late') });
      await usage.flush();
      return usage.counts();`),
  );
  expect(again).toEqual({ waiting: 0, accepted: 0, duplicates: 5, rejected: 0 });
  expect(await used()).toMatchObject({ count: 505 });
  expect(await s.t.superuser('SELECT * FROM audit')).toEqual([]);
});
