import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '../model.ts';

/**
 * Checkpoints outside the database: `<data folder>/checkpoints/<tenant>.ndjson`, one line each, flushed to disk. Whoever can change
 * the database cannot thereby change these, so that a log that was cut or rewritten no longer fits them.
 */
let folder: string | null = null;
const sizes = new Map<string, number>();
let turn: Promise<void> = Promise.resolve();

/** Names the folder, once, at start. Until then checkpoints are in the database alone. */
export function keepCheckpointsIn(data_dir: string): void {
  folder = join(data_dir, 'checkpoints');
  sizes.clear();
}

/** The size of the last checkpoint in the tenant's file; 0 without one. */
export async function witnessedSize(tenant_id: string): Promise<number> {
  const known = sizes.get(tenant_id);
  if (known !== undefined) return known;
  const last = folder === null ? undefined : lastWhole(await endOf(join(folder, `${tenant_id}.ndjson`)));
  const size = last?.size ?? 0;
  sizes.set(tenant_id, size);
  return size;
}

/** Appends the checkpoints of one tenant that its file does not have, oldest first. Writers take turns. */
export function witnessCheckpoints(checkpoints: readonly Checkpoint[]): Promise<void> {
  const mine = turn.then(() => append(checkpoints));
  turn = mine.catch(() => undefined);
  return mine;
}

async function append(checkpoints: readonly Checkpoint[]): Promise<void> {
  const tenant_id = checkpoints[0]?.tenant_id;
  if (folder === null || tenant_id === undefined) return;
  const size = await witnessedSize(tenant_id);
  const lines = checkpoints.filter((each) => each.size > size).map(lineOf);
  if (lines.length === 0) return;
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${tenant_id}.ndjson`);
  // A line that a crash cut short is ended, so that the next one is whole.
  const end = await endOf(path);
  const broken = end !== '' && !end.endsWith('\n');
  const file = await open(path, 'a', 0o600);
  try {
    await file.write(`${broken ? '\n' : ''}${lines.join('\n')}\n`);
    await file.datasync();
  } finally {
    await file.close();
  }
  sizes.set(tenant_id, checkpoints.at(-1)!.size);
}

/** The format that `tallystick verify --since` reads. */
function lineOf({ jws, size, previous_size, consistency }: Checkpoint): string {
  return JSON.stringify({ checkpoint: jws, size, previous_size, consistency });
}

/** The last 64 KiB of a file, some dozen lines; nothing where there is no file. */
async function endOf(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const length = Math.min(size, 65_536);
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.toString('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function lastWhole(content: string): { size: number } | undefined {
  const whole = content
    .slice(0, content.lastIndexOf('\n') + 1)
    .trimEnd()
    .split('\n');
  for (const line of whole.reverse()) {
    try {
      return JSON.parse(line) as { size: number };
    } catch (error) {
      // A cut line in the middle: the one before it counts.
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return undefined;
}
