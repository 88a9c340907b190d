import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { EmbeddedPostgresError } from './errors.ts';
import type { Place } from './place.ts';

export interface Postmaster {
  pid: number;
  port: number;
}

export interface LaunchOptions {
  password: string;
  /** The same as before, where pools already know it; any free one otherwise. */
  port?: number;
  settings: Record<string, string>;
  log_file: string;
}

/** Recovery after a crash reads at most `max_wal_size` of log. */
const ready_within_ms = 300_000;
/** The processes of a postmaster that was killed see it within moments, but one in the middle of a long query may take its time. */
const orphans_end_within_ms = 30_000;
const most_log_bytes = 4 * 1024 * 1024;

/** Superuser connection to the database `postgres`. */
export function superuser(port: number, password: string): pg.ClientConfig {
  return { host: '127.0.0.1', port, user: 'postgres', password, database: 'postgres' };
}

/** The server that postmaster.pid names, when that process lives and is the server of this cluster. */
export function runningPostmaster(place: Place): Postmaster | null {
  const file = join(place.cluster, 'postmaster.pid');
  if (!existsSync(file)) return null;
  const lines = readFileSync(file, 'utf8').split('\n');
  const pid = Number.parseInt(lines[0] ?? '', 10);
  const port = Number.parseInt(lines[3] ?? '', 10);
  return pid > 0 && port > 0 && serves(pid, place.cluster) ? { pid, port } : null;
}

/** Launches the server and waits until it answers. The caller holds the lock of the place, and no server of it runs. */
export async function launchPostmaster(place: Place, options: LaunchOptions): Promise<Postmaster> {
  const began = performance.now();
  for (;;) {
    const port = options.port ?? (await freePort());
    disownRecycledPid(place.cluster);
    const log = openLog(options.log_file);
    const from = fstatSync(log).size;
    const child = spawnServer(place, port, options.settings, log);
    closeSync(log);
    if (await answers(superuser(port, options.password), child)) {
      const running = runningPostmaster(place);
      if (running) return running;
    }
    const said = textFrom(options.log_file, from);
    const passes = /pre-existing shared memory block|already in use/.test(said);
    if (!passes || performance.now() - began > orphans_end_within_ms)
      throw new EmbeddedPostgresError(`PostgreSQL did not start:\n${said.trim()}`);
    await sleep(200);
  }
}

/** True when the server answers; false when the process ends before it does. Without a process: a server that runs already. */
export async function answers(connection: pg.ClientConfig, child: ChildProcess | null): Promise<boolean> {
  const ended = new AbortController();
  child?.once('exit', () => ended.abort()).once('error', () => ended.abort());
  const began = performance.now();
  while (!ended.signal.aborted) {
    const client = new pg.Client(connection);
    client.on('error', () => undefined);
    try {
      await client.connect();
      return true;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === '28P01') throw new EmbeddedPostgresError('The password in postgres.secret.json is not that of this database.');
      // 57P03: it is starting, stopping or recovering.
      if (code !== 'ECONNREFUSED' && code !== 'ECONNRESET' && code !== '57P03') throw error;
      if (child === null && code === 'ECONNREFUSED') return false;
    } finally {
      await client.end();
    }
    if (performance.now() - began > ready_within_ms)
      throw new EmbeddedPostgresError('PostgreSQL does not answer; see postgres.log in the data folder.');
    await sleep(20);
  }
  return false;
}

/** Fast shutdown: sessions end, everything committed is on disk. Fulfilled when the process is gone. */
export async function stopPostmaster(place: Place): Promise<void> {
  const running = runningPostmaster(place);
  if (!running) return;
  process.kill(running.pid, 'SIGINT');
  const began = performance.now();
  while (runningPostmaster(place)?.pid === running.pid) {
    if (performance.now() - began > 60_000) throw new EmbeddedPostgresError('PostgreSQL did not stop within a minute.');
    await sleep(10);
  }
}

function spawnServer(place: Place, port: number, settings: Record<string, string>, log: number): ChildProcess {
  const all: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: `${port}`,
    unix_socket_directories: '',
    shared_buffers: '128MB',
    max_connections: '60',
    max_wal_size: '4GB',
    // After a checkpoint every page goes into the log whole once: the fewer, the less log. Recovery is bounded by max_wal_size.
    checkpoint_timeout: '30min',
    wal_compression: 'off',
    dynamic_shared_memory_type: 'mmap',
    io_method: 'sync',
    max_worker_processes: '8',
    max_logical_replication_workers: '0',
    autovacuum_naptime: '20s',
    random_page_cost: '1.1',
    // The program answers for the errors of its statements. The server's log is for what befalls the server, and so stays small.
    log_min_messages: 'log',
    log_checkpoints: 'off',
    log_autovacuum_min_duration: '-1',
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(place.binaries.postgres, ['-D', place.cluster, ...flags], {
    ...(place.ids ?? {}),
    cwd: place.root,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    detached: true,
    stdio: ['ignore', log, log],
  });
  child.unref();
  return child;
}

function openLog(file: string): number {
  if (existsSync(file) && statSync(file).size > most_log_bytes) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}

function textFrom(file: string, from: number): string {
  const log = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(16_384);
    return buffer.toString('utf8', 0, readSync(log, buffer, 0, buffer.length, from));
  } finally {
    closeSync(log);
  }
}

/**
 * After a reboot, or in a container that starts again, the pid in postmaster.pid may be somebody else's, and PostgreSQL would refuse to
 * start for it. The file itself stays: it also names the shared memory by which PostgreSQL knows whether sessions outlived their server.
 */
function disownRecycledPid(cluster: string): void {
  const file = join(cluster, 'postmaster.pid');
  if (!existsSync(file)) return;
  const [pid = '', ...rest] = readFileSync(file, 'utf8').split('\n');
  if (alive(Number.parseInt(pid, 10))) writeFileSync(file, [`${no_process}`, ...rest].join('\n'));
}

/** Above every pid that a system gives. */
const no_process = 2_000_000_000;

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A server's working folder is its cluster. Where /proc cannot tell, its command line does. */
function serves(pid: number, cluster: string): boolean {
  if (!alive(pid)) return false;
  if (process.platform !== 'linux')
    return spawnSync('/bin/ps', ['-p', `${pid}`, '-o', 'command='], { encoding: 'utf8' }).stdout.includes(cluster);
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another user's process, or one that ended just now.
    if (code === 'EACCES' || code === 'EPERM' || code === 'ENOENT' || code === 'ESRCH') return false;
    throw error;
  }
}

/** A port of loopback that nobody listens on at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no free port'))));
    });
  });
}
