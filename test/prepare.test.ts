import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from './support/sources.ts';

/**
 * A checkout in a folder of its own, in which npm and the pinned Node are stand-ins that write down what they were asked:
 * `npm` makes node_modules, `node` answers its version and, asked to build, fills the folder it is given.
 */
let folder: string;

const npm = `
const { appendFileSync, chmodSync, copyFileSync, mkdirSync } = require('node:fs');
appendFileSync('log', 'npm ' + process.argv[2] + '\\n');
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
mkdirSync('node_modules/.bin', { recursive: true });
copyFileSync('node.sh', 'node_modules/.bin/node');
copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
`;
const node = (version: string) => `#!/bin/sh
if [ "$1" = --version ]; then echo ${version}; exit 0; fi
echo "vite $2" >> log
if [ -f console/broken ]; then exit 1; fi
mkdir -p "$5" && cp console/index.html "$5/index.html"
`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallystick-prepare-'));
  put('npm.cjs', npm);
  put('node.sh', node('v26.10.0'));
  chmodSync(join(folder, 'node.sh'), 0o755);
  put('package-lock.json', '{"packages":{}}');
  mkdirSync(join(folder, 'scripts'));
  copyFileSync(join(root, 'scripts/prepare.mjs'), join(folder, 'scripts/prepare.mjs'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the set-up', () => {
  it('installs once, and says nothing when quiet and nothing is to be done', async () => {
    expect((await prepare('--quiet')).output).toContain('Installing');
    expect(await prepare('--quiet')).toEqual({ status: 0, output: '' });
    expect(log()).toEqual(['npm install']);
  });

  it('installs again when the lockfile changed, but not when npm did so by hand', async () => {
    await prepare();
    put('package-lock.json', '{"packages":{"node_modules/a":{"version":"1.0.0"}}}');
    await prepare();
    expect(log()).toEqual(['npm install', 'npm install']);
    const byHand = '{"packages":{"node_modules/a":{"version":"2.0.0"}}}';
    put('package-lock.json', byHand);
    put('node_modules/.package-lock.json', byHand);
    expect((await prepare()).status).toBe(0);
    expect(log()).toEqual(['npm install', 'npm install']);
  });

  it('installs once when four start at the same moment', async () => {
    const runs = await Promise.all([prepare(), prepare(), prepare(), prepare()]);
    expect(runs.map((run) => run.status)).toEqual([0, 0, 0, 0]);
    expect(log()).toEqual(['npm install']);
    expect(existsSync(join(folder, '.prepare.lock'))).toBe(false);
  });

  it('takes over from a process that is gone', async () => {
    const gone = await pidOfTheDead();
    put('.prepare.lock', JSON.stringify({ pid: gone, host: hostname(), started: 4102444800000 }));
    const runs = await Promise.all([prepare(), prepare()]);
    expect(runs.map((run) => run.status)).toEqual([0, 0]);
    expect(log()).toEqual(['npm install']);
  });

  it('names the Node it needs when another was installed', async () => {
    put('node.sh', node('v24.1.0'));
    const { status, output } = await prepare();
    expect(status).toBe(1);
    expect(output).toContain('node_modules/.bin/node is v24.1.0, but must be Node 26');
    put('node.sh', node('v26.11.0'));
    copyFileSync(join(folder, 'node.sh'), join(folder, 'node_modules/.bin/node'));
    expect((await prepare()).status).toBe(0);
  });

  it('builds the console when its sources changed, and keeps the old one when the build fails', async () => {
    put('console/index.html', 'one');
    await prepare();
    await prepare();
    expect(log()).toEqual(['npm install', 'vite build']);
    put('console/index.html', 'two');
    put('console/broken', '');
    expect((await prepare()).status).toBe(1);
    expect(readFileSync(join(folder, 'console/dist/index.html'), 'utf8')).toBe('one');
    rmSync(join(folder, 'console/broken'));
    expect((await prepare()).status).toBe(0);
    expect(readFileSync(join(folder, 'console/dist/index.html'), 'utf8')).toBe('two');
  });

  it('leaves the console alone when told to', async () => {
    put('console/index.html', 'one');
    await prepare('--no-console');
    expect(log()).toEqual(['npm install']);
  });
});

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function log(): string[] {
  return readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');
}

function prepare(...options: string[]): Promise<{ status: number; output: string }> {
  const env = { PATH: '/usr/bin:/bin', npm_execpath: join(folder, 'npm.cjs') };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(folder, 'scripts/prepare.mjs'), ...options], { env }, (error, stdout, stderr) =>
      resolve({ status: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr }),
    );
  });
}

/** The id of a process that has ended. */
function pidOfTheDead(): Promise<number> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['--version'], () => resolve(child.pid ?? 0));
  });
}
