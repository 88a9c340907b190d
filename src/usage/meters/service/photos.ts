import { hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { recordAudit } from '../../../foundation/audit/service.ts';
import { newId } from '../../../kernel/id.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { mediaTypeOf } from '../decide/photo.ts';
import { errors } from '../errors.ts';
import type { Photo } from '../model/photos.ts';
import { insertPhoto, selectPhoto, selectPhotoByHash } from '../sql/photos.ts';

/** The largest photo that is taken. */
export const max_photo_bytes = 8 * 1024 * 1024;

/** A photo in memory, looked at and named. Throws `photo_too_large`, `photo_invalid`. */
export interface TakenPhoto {
  content: Buffer;
  sha256: Buffer;
  media_type: Photo['media_type'];
}

/** Reads what is uploaded, no further than is taken. Throws `photo_too_large`, `photo_invalid`. */
export async function receivePhoto(content: Readable): Promise<TakenPhoto> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > max_photo_bytes) throw errors.photo_too_large({ detail: `A photo has at most ${max_photo_bytes} bytes.` });
    chunks.push(chunk);
  }
  const whole = Buffer.concat(chunks);
  const media_type = mediaTypeOf(whole);
  if (media_type === null) throw errors.photo_invalid({ detail: 'Send a JPEG, a PNG or a WebP; what counts are its bytes.' });
  return { content: whole, sha256: hash('sha256', whole, 'buffer'), media_type };
}

/** Keeps a photo in the data folder under its hash, and on record. The same photo again is the one that is there. */
export async function keepPhoto(tx: Tx, data_dir: string, photo: TakenPhoto): Promise<Photo> {
  await writeOnce(pathOf(data_dir, tx.tenant_id, photo.sha256.toString('hex')), photo.content);
  const known = await selectPhotoByHash(tx, photo.sha256);
  if (known) return known;
  const photo_id = newId(tx.now);
  await insertPhoto(tx, { photo_id, sha256: photo.sha256, media_type: photo.media_type, bytes: photo.content.length });
  const kept = await requirePhoto(tx, photo_id);
  await recordAudit(tx, { action: 'photo.kept', target_type: 'photo', target_id: photo_id, before: null, after: { ...kept } });
  return kept;
}

/** Throws `photo_not_found`. */
export async function requirePhoto(db: Db, photo_id: string): Promise<Photo> {
  const found = await selectPhoto(db, photo_id);
  if (!found) throw errors.photo_not_found({ detail: `There is no photo ${photo_id}.` });
  return found;
}

/** The bytes of a photo that is on record. Throws `photo_not_found` where this server does not have the file. */
export async function readPhoto(data_dir: string, tenant_id: string, photo: Photo): Promise<Readable> {
  const path = pathOf(data_dir, tenant_id, photo.sha256);
  try {
    await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw errors.photo_not_found({ detail: 'The photo is on record, but its file is not on this server.' });
  }
  return createReadStream(path);
}

/** On disk when this resolves, whole or not at all. */
async function writeOnce(path: string, content: Buffer): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  const partial = `${path}.${newId(Temporal.Instant.fromEpochMilliseconds(0)).slice(-12)}.part`;
  const file = await open(partial, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

function pathOf(data_dir: string, tenant_id: string, sha256: string): string {
  return join(data_dir, 'photos', tenant_id, sha256);
}
