import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { testServer } from '../support/server.ts';
import { root } from '../support/sources.ts';

it('gets a newcomer from nothing to a verified invoice, by the commands of the README as they stand there', async () => {
  const server = await testServer({ jobs: true });
  const address = await server.listen();
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-readme-'));
  const script = commandsOf('## A first invoice in five minutes')
    .replace(/^KEY=.*$/m, `KEY=${server.key}`)
    .replaceAll('http://127.0.0.1:3000', address)
    .replaceAll('npm run tallystick --', `"${process.execPath}" "${join(root, 'src/main.ts')}"`);
  const { status, output } = await bash(`${script}\napi GET "/invoices/$INVOICE" | field 'total.amount'`, folder);
  expect(output).toContain('VERIFIED: signed by a key you trust, complete, and the arithmetic is right.');
  // 12.00 + 100 × 0.30 + 30.5 × 0.25 = 49.625
  expect(output.trimEnd().endsWith('49.63')).toBe(true);
  expect(status).toBe(0);
  expect(readFileSync(join(folder, 'invoice.pdf'), 'latin1').startsWith('%PDF-')).toBe(true);

  // "Change any one character": the quantity's last digit.
  const bundle = readFileSync(join(folder, 'bundle.json'), 'utf8');
  writeFileSync(join(folder, 'bundle.json'), bundle.replaceAll('130.5', '130.6'));
  const again = await bash(
    script
      .split('\n')
      .filter((line) => line.includes(' verify '))
      .join('\n'),
    folder,
  );
  expect(again.output).toContain('NOT VERIFIED');
  expect(again.status).toBe(1);
  rmSync(folder, { recursive: true, force: true });
});

/** The shell blocks of one section of the README, one after another. */
function commandsOf(heading: string): string {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [, section = ''] = readme.split(heading);
  const [body = ''] = section.split('\n## ');
  return [...body.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1]).join('\n');
}

function bash(script: string, cwd: string): Promise<{ status: number; output: string }> {
  return new Promise((resolve) => {
    execFile('bash', ['-euo', 'pipefail', '-c', script], { cwd, timeout: 25_000 }, (error, stdout, stderr) =>
      resolve({ status: typeof error?.code === 'number' ? error.code : error ? 1 : 0, output: stderr + stdout }),
    );
  });
}
