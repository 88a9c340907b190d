import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { installClient } from '../../test/support/client-package.ts';
import { testServer } from '../../test/support/server.ts';
import { root } from '../../test/support/sources.ts';

const s = await testServer();

it('reports usage by the example of its README, from the package as it is published', async () => {
  const address = await s.listen();
  const org = { legal_name: 'One', org_slug: 'one', billing_email: 'a@example.com', default_timezone: 'UTC' };
  const { org_id } = (await s.call('POST', '/v1/orgs', org)).body;
  await s.call('POST', '/v1/skus', { sku: 'mail', type: 'action', unit: 'mail' });
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-client-'));
  await installClient(folder);

  const [, example = ''] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'sdk/client/README.md'), 'utf8')) ?? [];
  const script = example.replace('https://billing.example.com', address).replace('tsk_live_…', s.key).replace('ORG', org_id);
  writeFileSync(join(folder, 'example.mjs'), script);
  await promisify(execFile)(process.execPath, ['example.mjs'], { cwd: folder });

  const { data } = (await s.call('GET', `/v1/metering/events?org_id=${org_id}`)).body;
  expect(data).toMatchObject([{ sku: 'mail', quantity: '1' }]);
  const acks = readFileSync(join(folder, 'usage.acks'), 'utf8').trimEnd().split('\n');
  expect(acks.map((line) => JSON.parse(line))).toMatchObject([
    {
      ack: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      events: [{ request_id: data[0].request_id, leaf: data[0].leaf, sku: 'mail', org_id }],
    },
  ]);
  rmSync(folder, { recursive: true });
});
