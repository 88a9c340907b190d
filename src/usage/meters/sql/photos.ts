import { sql } from 'kysely';
import type { Actor, Db, Tx } from '../../../platform/postgres.ts';
import type { Photo } from '../model/photos.ts';

export async function insertPhoto(tx: Tx, photo: Omit<Photo, 'sha256' | 'created_at'> & { sha256: Buffer }): Promise<void> {
  await tx.write(sql`
    INSERT INTO reading_photo (tenant_id, photo_id, sha256, media_type, bytes, created_by, created_at)
    VALUES (${tx.tenant_id}, ${photo.photo_id}, ${photo.sha256}, ${photo.media_type}, ${photo.bytes}, ${JSON.stringify(tx.actor satisfies Actor)}::jsonb,
      ${tx.now.toString()})`);
}

export function selectPhoto(db: Db, photo_id: string): Promise<Photo | undefined> {
  return db.maybe(sql<Photo>`${photos} WHERE tenant_id = ${db.tenant_id} AND photo_id = ${photo_id}`);
}

export function selectPhotoByHash(db: Db, sha256: Buffer): Promise<Photo | undefined> {
  return db.maybe(sql<Photo>`${photos} WHERE tenant_id = ${db.tenant_id} AND sha256 = ${sha256}`);
}

const photos = sql`SELECT photo_id, encode(sha256, 'hex') AS sha256, media_type, bytes, created_at FROM reading_photo`;
