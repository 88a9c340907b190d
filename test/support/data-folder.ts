import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface DataFolder {
  path: string;
  /** The cluster of the folder's PostgreSQL, wherever it is. */
  cluster(): string;
  remove(): void;
}

/** A data folder of its own. Run by root, the database is another user's, who has to come in or else is given a place elsewhere. */
export function dataFolder(): DataFolder {
  const path = mkdtempSync(join(tmpdir(), 'tallystick-'));
  chmodSync(path, 0o755);
  const pointer = join(path, 'postgres.place');
  const elsewhere = () => (existsSync(pointer) ? readFileSync(pointer, 'utf8').trim() : null);
  return {
    path,
    cluster: () => join(elsewhere() ?? join(path, 'postgres'), 'cluster'),
    remove() {
      const other = elsewhere();
      if (other !== null) rmSync(other, { recursive: true, force: true });
      rmSync(path, { recursive: true, force: true });
    },
  };
}
