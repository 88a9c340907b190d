import { newId } from '../../../kernel/id.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import type { Principal } from '../../../platform/http.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { recordAudit } from '../../audit/service.ts';
import { emit } from '../../events/service.ts';
import { requireOrganization, requireVisible } from '../../tenancy/service.ts';
import { requireScopesHeld } from '../decide.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import type { ApiKey, NewApiKey } from '../model.ts';
import { insertKey, lockKey, selectKeys, updateKeyRevoked } from '../sql/keys.ts';
import { hashOf, newApiKey, shownParts } from './tokens.ts';

/** Makes a key that can do no more than its maker. The answer holds the key, this once. Throws `scope_unknown`, `scope_not_held`, `scope_not_boundable`, `key_expires_in_past`. */
export async function createKey(
  tx: Tx,
  key: NewApiKey,
  maker: Pick<Principal, 'mode' | 'scopes' | 'org_ids'>,
  wall: Temporal.Instant,
): Promise<ApiKey & { key: string }> {
  requireScopesHeld(key.scopes, maker.scopes, key.org_id !== undefined);
  // Whoever sees only some organizations says for which of them the key is.
  if (maker.org_ids !== null || key.org_id !== undefined) {
    requireVisible(maker.org_ids, key.org_id ?? '');
    if (key.org_id !== undefined) await requireOrganization(tx, key.org_id);
  }
  if (key.expires_at !== undefined && Temporal.Instant.compare(Temporal.Instant.from(key.expires_at), wall) <= 0) {
    throw errors.key_expires_in_past({
      errors: [{ pointer: '/expires_at', code: 'key_expires_in_past', detail: 'is in the past' }],
    });
  }
  return putKey(tx, { key, text: newApiKey(maker.mode) }, wall);
}

/** Stores a key whose text is given: for the first key of a tenant, and for `createKey`. */
export async function putKey(
  tx: Tx,
  { key, text }: { key: NewApiKey; text: string },
  wall: Temporal.Instant,
): Promise<ApiKey & { key: string }> {
  const made = await insertKey(tx, {
    ...key,
    scopes: [...new Set(key.scopes)].sort(),
    org_id: key.org_id ?? null,
    api_key_id: newId(wall),
    key_hash: hashOf(text),
    ...shownParts(text),
    at: wall.toString(),
  });
  const { api_key_id, scopes } = made;
  await recordAudit(tx, {
    action: 'api_key.created',
    target_type: 'api_key',
    target_id: api_key_id,
    org_id: made.org_id,
    before: null,
    after: made,
  });
  await emit<typeof events>(tx, {
    type: 'api_key.created',
    aggregate_type: 'api_key',
    aggregate_id: api_key_id,
    org_id: made.org_id,
    data: { api_key_id, scopes },
  });
  return { ...made, key: text };
}

/** Ends a key for ever; one that has ended is left as it is. Throws `api_key_not_found`. */
export async function revokeKey(
  tx: Tx,
  api_key_id: string,
  by: Pick<Principal, 'org_ids'>,
  wall: Temporal.Instant,
): Promise<void> {
  const key = await lockKey(tx, api_key_id);
  const visible = key && (by.org_ids === null || (key.org_id !== null && by.org_ids.includes(key.org_id)));
  if (!key || !visible) throw errors.api_key_not_found({ detail: `There is no API key ${api_key_id}.` });
  if (key.revoked_at !== null) return;
  const after = await updateKeyRevoked(tx, api_key_id, wall.toString());
  await recordAudit(tx, {
    action: 'api_key.revoked',
    target_type: 'api_key',
    target_id: api_key_id,
    org_id: key.org_id,
    before: key,
    after,
  });
  await emit<typeof events>(tx, {
    type: 'api_key.revoked',
    aggregate_type: 'api_key',
    aggregate_id: api_key_id,
    org_id: key.org_id,
    data: { api_key_id },
  });
}

/** Newest first, those that ended too. Throws `cursor_invalid`. */
export async function listKeys(
  db: Db,
  query: { org_ids: readonly string[] | null; limit: number; cursor?: string },
): Promise<{ data: ApiKey[]; next_cursor: string | null }> {
  const sort = 'api_keys.api_key_id';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await selectKeys(db, { ...query, below });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.api_key_id]));
}
