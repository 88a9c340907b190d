import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from './support/sources.ts';

const buf = (...args: string[]) =>
  spawnSync(join(root, 'node_modules/.bin/buf'), args, { cwd: join(root, 'proto'), encoding: 'utf8' });

it('keeps src/proto as protoc-gen-es makes it of proto/', () => {
  const out = mkdtempSync(join(tmpdir(), 'tallystick-proto-'));
  const template = join(out, 'buf.gen.yaml');
  const made = join(out, 'made');
  const settings = readFileSync(join(root, 'proto/buf.gen.yaml'), 'utf8');
  writeFileSync(template, settings.replace('../src/proto', made).replace('../node_modules', join(root, 'node_modules')));
  const { status, stderr } = buf('generate', '--template', template);
  expect([status, stderr]).toEqual([0, '']);
  expect(filesIn(join(root, 'src/proto'))).toEqual(filesIn(made));
  rmSync(out, { recursive: true, force: true });
});

it('keeps the .proto files to the rules of buf', () => {
  expect(buf('lint')).toMatchObject({ status: 0, stdout: '' });
});

function filesIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}
