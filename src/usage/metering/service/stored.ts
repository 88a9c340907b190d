import type { Db } from '../../../platform/postgres.ts';
import { selectStoredIds } from '../sql/stored.ts';

/** Which of these request ids are stored already: sending one of them again is a duplicate, or a conflict. */
export async function storedAmong(db: Db, request_ids: readonly string[]): Promise<Set<string>> {
  if (request_ids.length === 0) return new Set();
  return new Set((await selectStoredIds(db, request_ids)).map((row) => row.request_id));
}
