/**
 * Everything `npm test` promises: types, lint and format, nothing unused, then every test. Ends with `N passed, N failed`, in which each
 * check counts as one and each test as one, and exits 1 when anything failed.
 *
 *   npm test                     all of it
 *   npm test -- src/pricing      only the tests whose path contains that (options for vitest go the same way)
 */
import { type SpawnOptions, spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingServers } from '../test/support/optional-servers.ts';

interface Tally {
  passed: number;
  failed: number;
}

interface Check {
  title: string;
  /** A JavaScript file of node_modules and its arguments. */
  command: readonly [string, ...string[]];
  /** The check is left out while this path does not exist. */
  needs?: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const isCi = /^(?:1|true)$/.test(process.env.CI ?? '');
const filters = process.argv.slice(2);

const checks: readonly Check[] = [
  { title: 'Types of server and tests (tsc)', command: ['typescript/bin/tsc', '--noEmit', '-p', '.'] },
  {
    title: 'Types of the console (tsc)',
    command: ['typescript/bin/tsc', '--noEmit', '-p', 'console'],
    needs: 'console/src/main.tsx',
  },
  { title: 'Types of the client (tsc)', command: ['typescript/bin/tsc', '--noEmit', '-p', 'sdk/client'] },
  {
    title: 'Lint and format (biome)',
    command: ['@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '--diagnostic-level=warn'],
  },
  { title: 'Nothing unused (knip)', command: ['knip/bin/knip.js', '--no-progress', '--no-config-hints', '--exclude=types'] },
];

const tallies = [...(filters.length === 0 ? await runChecks() : []), await runTests()];
const total = tallies.reduce((sum, one) => ({ passed: sum.passed + one.passed, failed: sum.failed + one.failed }));
process.exitCode = total.failed === 0 ? 0 : 1;
console.log(`\n${total.passed} passed, ${total.failed} failed`);

/** The checks run beside each other, and nothing beside them; their results are printed in order. */
async function runChecks(): Promise<Tally[]> {
  const due = checks.filter(({ needs }) => needs === undefined || globSync(needs, { cwd: root }).length > 0);
  const running = due.map(async (check) => ({ check, ...(await run(check.command, { stdio: ['ignore', 'pipe', 'pipe'] })) }));
  const tallies: Tally[] = [];
  for (const one of running) {
    const { check, status, output, seconds } = await one;
    heading(check.title);
    if (status !== 0) console.log(output.trimEnd());
    console.log(`${status === 0 ? 'passed' : 'FAILED'} in ${seconds.toFixed(1)} s`);
    tallies.push(status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });
  }
  return tallies;
}

async function runTests(): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-results-'));
  const results = join(folder, 'results.json');
  const leftOut = testsLeftOut();
  heading(`Tests (vitest${filters.length > 0 ? ` ${filters.join(' ')}` : ''})`);
  const { status } = await run(
    ['vitest/vitest.mjs', 'run', ...filters, '--reporter=default', '--reporter=json', `--outputFile.json=${results}`],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const tally = readTally(results, status);
  rmSync(folder, { recursive: true, force: true });
  for (const notice of leftOut.notices) console.log(notice);
  return { passed: tally.passed, failed: tally.failed + leftOut.failed };
}

/** What is not installed makes vitest.config.ts leave tests out: here they are named, and on CI each such program is a failure. */
function testsLeftOut(): { notices: string[]; failed: number } {
  const notices = missingServers().flatMap(({ title, advice, files }) => {
    const needing = globSync(files, { cwd: root, exclude: (path) => path.includes('node_modules') });
    if (needing.length === 0) return [];
    return [`${isCi ? 'FAILED' : 'Not run'}: ${title} was not found (${advice}), which these need: ${needing.join(', ')}`];
  });
  return { notices, failed: isCi ? notices.length : 0 };
}

interface Results {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { status: string; assertionResults: { status: string }[] }[];
}

/** Counts tests, files that broke before their first test, and, when nothing else explains it, the run itself. */
function readTally(path: string, status: number): Tally {
  let results: Results;
  try {
    results = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    console.log(`FAILED: vitest left no results (${error instanceof Error ? error.message : error}).`);
    return { passed: 0, failed: 1 };
  }
  const broken = results.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = results.numFailedTests + broken;
  return { passed: results.numPassedTests, failed: failed === 0 && status !== 0 ? 1 : failed };
}

interface Run {
  status: number;
  output: string;
  seconds: number;
}

/** Runs a package's command on the pinned Node, with node_modules/.bin first in PATH. */
function run([script, ...arguments_]: readonly [string, ...string[]], options: SpawnOptions): Promise<Run> {
  const started = performance.now();
  const bin = join(root, 'node_modules', '.bin');
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}` };
  const child = spawn(process.execPath, [join(root, 'node_modules', script), ...arguments_], { cwd: root, env, ...options });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ status: code ?? 1, output, seconds: (performance.now() - started) / 1000 }));
  });
}

function heading(title: string): void {
  console.log(`\n── ${title}`);
}
