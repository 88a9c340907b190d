import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { initialiseCluster } from './embedded-postgres/cluster.ts';
import { EmbeddedPostgresError, FolderInUseError } from './embedded-postgres/errors.ts';
import { findPlace, type Place } from './embedded-postgres/place.ts';
import {
  answers,
  type LaunchOptions,
  launchPostmaster,
  type Postmaster,
  runningPostmaster,
  stopPostmaster,
  superuser,
} from './embedded-postgres/postmaster.ts';
import { type FileLock, lockFile } from './file-lock.ts';
import { keptFile } from './kept-file.ts';

export interface EmbeddedPostgres {
  /** Superuser connection to the database `tallystick`. */
  admin: pg.PoolConfig;
  /** The login that the program's pools use; it may do nothing but act as the database roles. */
  login: { name: string; password: string };
  /** Stops the server, unless other processes still use it: the last one stops it. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  data_dir: string;
  settings?: Record<string, string>;
  /** Work beside the process that serves the folder, where one does, instead of being refused: for one command. */
  share?: boolean;
  /** Told when a server that died was started again. */
  onRestart?: (outcome: { error?: unknown }) => void;
}

const database = 'tallystick';
const watch_ms = 1000;
/** For a process that was just killed to be gone. */
const patience_ms = 1500;
const turn_ms = 120_000;

/**
 * Starts PostgreSQL in `<data_dir>/postgres`, initialising it the first time; a server that a killed process left behind is taken over,
 * and one that dies is started again. One process serves a folder: a second one is refused with FolderInUseError.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await start(options);
  } catch (error) {
    if (!isAboutFiles(error)) throw error;
    throw new EmbeddedPostgresError(`The data folder ${options.data_dir} cannot be used: ${error.message}`, { cause: error });
  }
}

async function start({ data_dir, settings = {}, share = false, onRestart }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  mkdirSync(data_dir, { recursive: true, mode: 0o755 });
  const place = await findPlace(data_dir);
  const serving = share ? null : await claim(place, data_dir);
  const secrets = loadSecrets(data_dir);
  const launch: LaunchOptions = { password: secrets.superuser_password, settings, log_file: join(data_dir, 'postgres.log') };
  let server: Postmaster;
  let using: FileLock | null;
  const turn = await takeTurn(place);
  try {
    await initialiseCluster(place, secrets.superuser_password);
    server = await reach(place, launch);
    await createDatabase(superuser(server.port, secrets.superuser_password));
    using = lockFile(join(place.root, 'use.lock'), 'shared', place.ids);
  } catch (error) {
    serving?.release();
    throw error;
  } finally {
    turn.release();
  }
  const leave = stopAtExit(place, () => using?.release());
  const watch = share ? null : keepAlive(place, { ...launch, port: server.port }, onRestart);
  return {
    admin: { ...superuser(server.port, secrets.superuser_password), database },
    login: { name: 'tally_login', password: secrets.login_password },
    async stop() {
      await watch?.end();
      const last_turn = await takeTurn(place);
      try {
        using?.release();
        const alone = lockFile(join(place.root, 'use.lock'), 'exclusive', place.ids);
        if (alone) await stopPostmaster(place);
        alone?.release();
      } finally {
        leave();
        last_turn.release();
        serving?.release();
      }
    },
  };
}

interface Secrets {
  superuser_password: string;
  login_password: string;
}

function loadSecrets(data_dir: string): Secrets {
  const secret = () => randomBytes(24).toString('hex');
  const make = (): Secrets => ({ superuser_password: secret(), login_password: secret() });
  return JSON.parse(keptFile(join(data_dir, 'postgres.secret.json'), () => JSON.stringify(make()))) as Secrets;
}

/** For as long as this process lives it alone serves the folder. */
async function claim(place: Place, data_dir: string): Promise<FileLock> {
  const mine = await patiently(patience_ms, () => lockFile(join(place.root, 'serve.lock'), 'exclusive', place.ids));
  if (mine) return mine;
  throw new FolderInUseError(
    `Another tallystick is running on ${data_dir}. Stop it first, or choose another TALLYSTICK_DATA_DIR.`,
  );
}

/** One process at a time initialises, starts or stops the server of a place. */
async function takeTurn(place: Place): Promise<FileLock> {
  const mine = await patiently(turn_ms, () => lockFile(join(place.root, 'start.lock'), 'exclusive', place.ids));
  if (mine) return mine;
  throw new EmbeddedPostgresError('Another tallystick has been starting or stopping on this data folder for two minutes.');
}

async function patiently(most_ms: number, attempt: () => FileLock | null): Promise<FileLock | null> {
  const began = performance.now();
  for (;;) {
    const lock = attempt();
    if (lock || performance.now() - began > most_ms) return lock;
    await sleep(20);
  }
}

/** The running server, taken over, or a new one. */
async function reach(place: Place, options: LaunchOptions): Promise<Postmaster> {
  const running = runningPostmaster(place);
  if (running && (await answers(superuser(running.port, options.password), null))) return running;
  // It was killed a moment ago, or is on its way out.
  await stopPostmaster(place);
  return launchPostmaster(place, options);
}

async function createDatabase(connection: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(connection);
  client.on('error', () => undefined);
  await client.connect();
  try {
    const known = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (known.rowCount === 0) await client.query(`CREATE DATABASE ${database}`);
  } finally {
    await client.end();
  }
}

/** A process that ends without `stop` takes the server with it, unless others use it; a SIGKILL alone leaves it behind. */
function stopAtExit(place: Place, release: () => void): () => void {
  const atExit = () => {
    release();
    const alone = lockFile(join(place.root, 'use.lock'), 'exclusive', place.ids);
    const running = alone && runningPostmaster(place);
    if (running) process.kill(running.pid, 'SIGINT');
  };
  process.once('exit', atExit);
  return () => process.removeListener('exit', atExit);
}

/** Starts the server again where it has died, on the same port. */
function keepAlive(
  place: Place,
  options: LaunchOptions,
  onRestart: EmbeddedPostgresOptions['onRestart'],
): { end(): Promise<void> } {
  let work: Promise<void> | null = null;
  const revive = async () => {
    const turn = lockFile(join(place.root, 'start.lock'), 'exclusive', place.ids);
    if (!turn) return;
    try {
      if (runningPostmaster(place)) return;
      await launchPostmaster(place, options);
      onRestart?.({});
    } catch (error) {
      onRestart?.({ error });
    } finally {
      turn.release();
    }
  };
  const timer = setInterval(() => {
    if (work || runningPostmaster(place)) return;
    work = revive().finally(() => {
      work = null;
    });
  }, watch_ms);
  timer.unref();
  return {
    async end() {
      clearInterval(timer);
      await work;
    },
  };
}

function isAboutFiles(error: unknown): error is NodeJS.ErrnoException {
  const { code, path } = error as NodeJS.ErrnoException;
  return (
    error instanceof Error &&
    path !== undefined &&
    /^(EACCES|EPERM|EROFS|ENOSPC|EDQUOT|ENOTDIR|EEXIST|ENAMETOOLONG|EISDIR)$/.test(code ?? '')
  );
}
