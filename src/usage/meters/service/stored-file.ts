import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isId } from '../../../kernel/id.ts';
import { errors } from '../errors.ts';

/** The largest file that an import takes unless told otherwise. */
export const max_import_bytes = 512 * 1024 * 1024;

export interface StoredFile {
  path: string;
  sha256: Buffer;
  bytes: number;
}

/**
 * Keeps what is uploaded under the import's id until it is processed; on disk when this resolves. A part of it is written before the next is
 * asked for, so that parts may share their memory. Throws `import_file_too_large`, `import_file_empty`, having removed what it wrote.
 */
export async function storeFile(
  data_dir: string,
  import_id: string,
  content: AsyncIterable<Uint8Array>,
  max_bytes = max_import_bytes,
): Promise<StoredFile> {
  await mkdir(folderOf(data_dir), { recursive: true, mode: 0o700 });
  const [path, partial] = [pathOf(data_dir, import_id), `${pathOf(data_dir, import_id)}.part`];
  const digest = createHash('sha256');
  let bytes = 0;
  try {
    const file = await open(partial, 'w', 0o600);
    try {
      for await (const part of content) {
        bytes += part.length;
        if (bytes > max_bytes) throw errors.import_file_too_large({ detail: `An import takes at most ${max_bytes} bytes.` });
        digest.update(part);
        await file.writeFile(part);
      }
      if (bytes === 0) throw errors.import_file_empty({ detail: 'The file holds no bytes at all.' });
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  return { path, sha256: digest.digest(), bytes };
}

/** Undefined when the file is not here. */
export async function sizeOfFile(data_dir: string, import_id: string): Promise<number | undefined> {
  try {
    return (await stat(pathOf(data_dir, import_id))).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export async function headOfFile(data_dir: string, import_id: string): Promise<Buffer> {
  const file = await open(pathOf(data_dir, import_id));
  try {
    const head = Buffer.alloc(4096);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return head.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

export function readFile(data_dir: string, import_id: string): AsyncGenerator<Buffer> {
  return fileParts(pathOf(data_dir, import_id));
}

/** A file's bytes, each part in the memory of the one before: whoever keeps some copies them. */
export async function* fileParts(path: string): AsyncGenerator<Buffer> {
  const file = await open(path);
  const part = Buffer.alloc(256 * 1024);
  try {
    for (;;) {
      const { bytesRead } = await file.read(part, 0, part.length, null);
      if (bytesRead === 0) return;
      yield part.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

export async function removeFile(data_dir: string, import_id: string): Promise<void> {
  await rm(pathOf(data_dir, import_id), { force: true });
}

/** Where an import may keep what it needs while it runs. */
export function scratchPath(data_dir: string, import_id: string, name: string): string {
  return `${pathOf(data_dir, import_id)}.${name}`;
}

/** Removes what nobody fetched for a week: uploads that a crash left behind before they were on record. */
export async function sweepFiles(data_dir: string, now: Temporal.Instant): Promise<void> {
  await mkdir(folderOf(data_dir), { recursive: true, mode: 0o700 });
  const oldest_ms = now.epochMilliseconds - 7 * 24 * 3_600_000;
  for (const name of await readdir(folderOf(data_dir))) {
    if (!isId(name.replace(/\.[a-z0-9-]+$/, ''))) continue;
    const { mtimeMs } = await stat(join(folderOf(data_dir), name));
    if (mtimeMs < oldest_ms) await rm(join(folderOf(data_dir), name), { force: true });
  }
}

function pathOf(data_dir: string, import_id: string): string {
  return join(folderOf(data_dir), import_id);
}

function folderOf(data_dir: string): string {
  return join(data_dir, 'imports');
}
