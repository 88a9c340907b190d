import { accessSync, chownSync, closeSync, constants, existsSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

export interface FileLock {
  release(): void;
}

/** A lock whose holder lives as long as this process does must not be collected as garbage. */
const held = new Set<DatabaseSync>();

const busy = 5;

/**
 * Takes a lock on the file at `path`, made where there is none; null while somebody else's lock excludes it. The kernel lets go of it
 * when the process ends, however it ends: there is nothing to clean up after a SIGKILL, and no process id that another process may
 * have by now. Node has no flock; SQLite, which comes with Node, locks a file the same way on every system.
 */
export function lockFile(
  path: string,
  mode: 'shared' | 'exclusive',
  owner: { uid: number; gid: number } | null = null,
): FileLock | null {
  // Never opened beside SQLite: to close any one descriptor of a file is to lose all locks of the process on it.
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
  accessSync(path, constants.R_OK | constants.W_OK);
  if (owner) chownSync(path, owner.uid, owner.gid);
  const file = new DatabaseSync(path, { timeout: 0 });
  try {
    file.exec(
      `PRAGMA journal_mode = MEMORY; ${mode === 'exclusive' ? 'BEGIN EXCLUSIVE' : 'BEGIN; SELECT count(*) FROM sqlite_schema'}`,
    );
  } catch (error) {
    file.close();
    if ((error as { errcode?: number }).errcode === busy) return null;
    throw error;
  }
  held.add(file);
  return {
    release() {
      if (held.delete(file)) file.close();
    },
  };
}
