// Makes a checkout ready to run: installs what package-lock.json names, checks that the Node it pins runs, builds the
// console. Plain JavaScript for Node 20 and npm alone, since nothing else is there yet. Done again only for what changed.
//
//   node scripts/prepare.mjs [--quiet] [--no-console]
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (...parts) => join(root, ...parts);
const options = new Set(process.argv.slice(2));

const pinnedNode = at('node_modules', '.bin', 'node');
const pinnedMajor = 26;
const installStamp = at('node_modules', '.tallystick-stamp');
const consoleStamp = at('console', 'dist', '.tallystick-stamp');
const lock = at('.prepare.lock');
const lock_stale_ms = 30 * 60_000;

main();

function main() {
  if (Number.parseInt(process.versions.node, 10) < 20)
    fail(`Node ${process.versions.node} is too old to start the set-up: it needs Node 20 or newer.`);
  const unknown = [...options].filter((option) => option !== '--quiet' && option !== '--no-console');
  if (unknown.length > 0) fail(`Unknown option ${unknown[0]}. Known: --quiet, --no-console.`);
  if (isReady()) return say('Dependencies and console are up to date.', { quietly: true });
  withLock(() => {
    if (!isInstalled()) install();
    if (!isConsoleBuilt()) buildConsole();
  });
}

function isReady() {
  return isInstalled() && isConsoleBuilt();
}

/** True when the stamp, written after the pinned Node answered, is of this package-lock.json and this kind of machine. */
function isInstalled() {
  return existsSync(pinnedNode) && textOf(installStamp) === installedState();
}

function installedState() {
  const text = textOf(at('package-lock.json'));
  if (text === undefined) fail('package-lock.json is missing: restore it from the repository.');
  return `${sha256(text)} ${process.platform}-${process.arch}`;
}

function install() {
  if (!holdsWhatTheLockfileNames()) {
    say('Installing dependencies (once, and again when package-lock.json changes) …');
    // `install` keeps to the lockfile as `ci` does, but also forgives one that lacks the binaries of other kinds of machine.
    const arguments_ = ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
    const npm = process.env.npm_execpath;
    const { status, error } =
      npm?.endsWith('.js') || npm?.endsWith('.cjs') ? run(process.execPath, [npm, ...arguments_]) : run('npm', arguments_);
    if (error?.code === 'ENOENT') fail('npm was not found. It comes with Node: https://nodejs.org');
    if (status !== 0)
      fail(`npm install failed (${status ?? error?.message}). Its message above says why; the registry must be reachable.`);
  }
  checkPinnedNode();
  writeFileSync(installStamp, installedState());
}

/** True when npm's own record of node_modules agrees with package-lock.json, after `npm install` by hand say. */
function holdsWhatTheLockfileNames() {
  const installed = packagesOf(at('node_modules', '.package-lock.json'));
  const wanted = packagesOf(at('package-lock.json'));
  if (installed === undefined || wanted === undefined) return false;
  const isThere = ([path, entry]) => entry.optional || installed[path]?.version === entry.version;
  return Object.entries(wanted).every((pair) => pair[0] === '' || isThere(pair));
}

function packagesOf(path) {
  const text = textOf(path);
  return text === undefined ? undefined : JSON.parse(text).packages;
}

function checkPinnedNode() {
  const { status, stdout, error } = spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' });
  const version = status === 0 ? stdout.trim() : undefined;
  if (version?.startsWith(`v${pinnedMajor}.`)) return;
  const what = version === undefined ? `does not run (${error?.code ?? status})` : `is ${version}`;
  fail(
    `node_modules/.bin/node ${what}, but must be Node ${pinnedMajor}. It is installed by the npm package "node", whose install\n` +
      'script has to run: try  npm install --no-save --ignore-scripts=false',
  );
}

function isConsoleBuilt() {
  if (options.has('--no-console') || !existsSync(at('console', 'index.html'))) return true;
  return textOf(consoleStamp) === consoleState();
}

function consoleState() {
  const files = [...filesUnder('console'), 'package-lock.json'].map((path) => `${path} ${sha256(readFileSync(at(path)))}`);
  return sha256(files.join('\n'));
}

function filesUnder(folder) {
  return readdirSync(at(folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .filter(({ name }) => name !== 'node_modules' && !/^dist/.test(name))
    .flatMap((entry) => (entry.isDirectory() ? filesUnder(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]));
}

/** Builds beside the old one and swaps at the end: a failed build leaves what was served before. */
function buildConsole() {
  say('Building the console …');
  const state = consoleState();
  const next = at('console', 'dist.next');
  const vite = at('node_modules', 'vite', 'bin', 'vite.js');
  const { status, error } = run(pinnedNode, [vite, 'build', 'console', '--outDir', next, '--emptyOutDir', '--logLevel', 'warn']);
  if (status !== 0) fail(`The console did not build (${status ?? error?.message}).`);
  writeFileSync(join(next, '.tallystick-stamp'), state);
  rmSync(at('console', 'dist'), { recursive: true, force: true });
  renameSync(next, at('console', 'dist'));
}

/**
 * Runs `work` alone. The lock is a folder's worth of state in one file, linked into place whole, so that it is never seen
 * without its owner. A lock whose process is gone, or that is half an hour old, is taken over.
 */
function withLock(work) {
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), started: Date.now(), nonce: randomBytes(8).toString('hex') });
  const draft = `${lock}.${process.pid}`;
  writeFileSync(draft, mine);
  const release = () => {
    rmSync(draft, { force: true });
    if (textOf(lock) === mine) rmSync(lock, { force: true });
  };
  process.on('exit', release);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
  for (let waited = false; !linked(draft); waited = true) {
    if (removeIfStale(draft)) continue;
    if (!waited) say('Another set-up is running in this folder; waiting for it …');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  work();
  release();
}

function linked(draft) {
  try {
    linkSync(draft, lock);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Moves a stale lock aside; when another process replaced it in between, gives that one back. */
function removeIfStale(draft) {
  const judged = textOf(lock);
  if (judged === undefined) return true;
  const { pid, host, started } = JSON.parse(judged);
  const isGone = host === hostname() && !isAlive(pid);
  if (!isGone && Date.now() - started < lock_stale_ms) return false;
  const aside = `${draft}.aside`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return true;
  }
  const taken = textOf(aside);
  if (taken !== judged) linked(aside);
  rmSync(aside, { force: true });
  return true;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function run(command, arguments_) {
  return spawnSync(command, arguments_, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
}

function textOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function sha256(data) {
  return createHash('sha256').update(data).digest('hex');
}

function say(message, { quietly = false } = {}) {
  if (!(quietly && options.has('--quiet'))) console.log(message);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
