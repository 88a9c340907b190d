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

  const readme = readFileSync(join(root, 'sdk/client/README.md'), 'utf8');
  const [example = ''] = blocksOf(readme);
  const script = example.replace('https://billing.example.com', address).replace('tsk_live_…', s.key).replace('ORG', org_id);
  writeFileSync(join(folder, 'example.mts'), script);
  const run = (...command: string[]) => promisify(execFile)(process.execPath, command, { cwd: folder });
  // A strict program with the package's declarations, of which the other calls of the README must be right too.
  writeFileSync(join(folder, 'calls.mts'), callsOfReadme(readme));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const node_types = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node'];
  await run(tsc, '--noEmit', '--strict', '--module', 'nodenext', '--target', 'esnext', ...node_types, 'example.mts', 'calls.mts');
  await run('example.mts');

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

function blocksOf(readme: string): string[] {
  return [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => block!);
}

/** The block about calls as a program: what it takes as given is declared. */
function callsOfReadme(readme: string): string {
  const given = ['base_url', 'api_key', 'id', 'invoice_id'].map((name) => `declare const ${name}: string;`).join('\n');
  return `import { createClient } from '@tallystick/client';\n${given}\n${blocksOf(readme)[2]}\nexport { org, pdf };`;
}
