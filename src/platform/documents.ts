import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { assert } from '../kernel/assert.ts';

/** Files that the database points to. A key is a path of lower-case words, such as `usage/2026-01/generation-7.ndjson.gz`. */
export interface Documents {
  /** Keeps what comes under the key: whole and on disk when it resolves, or not at all. What was there before is replaced. */
  put(key: string, content: AsyncIterable<Uint8Array>): Promise<Kept>;
  /** `bytes` from `at` on. Throws DocumentError where they are not there. */
  read(key: string, range: { at: number; bytes: number }): Promise<Buffer>;
  /** All of it, piece by piece. Throws DocumentError. */
  stream(key: string): AsyncIterable<Buffer>;
}

export interface Kept {
  bytes: number;
  sha256: Buffer;
}

/** A document is missing, or shorter than the database says. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
}

let kept: Documents | null = null;

/** Names the process's documents, once, at start: the folder `documents` of the data folder. */
export function keepDocumentsIn(data_dir: string): void {
  kept = documentFolder(join(data_dir, 'documents'));
}

export function documents(): Documents {
  assert(kept, 'documents are kept somewhere');
  return kept;
}

/** Documents as files of a folder. */
export function documentFolder(folder: string): Documents {
  const pathOf = (key: string) => {
    assert(
      /^[a-z0-9][a-z0-9-]*(\/[a-z0-9][a-z0-9.-]*)+$/.test(key) && !key.includes('..'),
      'a key is a path of lower-case words',
    );
    return join(folder, key);
  };
  return {
    async put(key, content) {
      const path = pathOf(key);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const draft = `${path}.${randomBytes(6).toString('hex')}.part`;
      const file = await open(draft, 'wx', 0o600);
      try {
        const hash = createHash('sha256');
        let bytes = 0;
        for await (const piece of content) {
          hash.update(piece);
          bytes += piece.length;
          await file.writeFile(piece);
        }
        await file.sync();
        await file.close();
        await rename(draft, path);
        await syncFolder(dirname(path));
        return { bytes, sha256: hash.digest() };
      } catch (error) {
        await file.close();
        await rm(draft, { force: true });
        throw error;
      }
    },
    async read(key, { at, bytes }) {
      const file = await open(pathOf(key), 'r').catch(missing(key));
      try {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(bytes), 0, bytes, at);
        if (bytesRead < bytes) throw new DocumentError(`The document ${key} ends before byte ${at + bytes}.`);
        return buffer;
      } finally {
        await file.close();
      }
    },
    async *stream(key) {
      try {
        for await (const piece of createReadStream(pathOf(key), { highWaterMark: 256 * 1024 })) yield piece as Buffer;
      } catch (error) {
        missing(key)(error);
      }
    },
  };
}

/** The name itself has to be on disk before anybody relies on it. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function missing(key: string) {
  return (error: unknown): never => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new DocumentError(`There is no document ${key}.`, { cause: error });
  };
}
