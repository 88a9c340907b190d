import { sql } from 'kysely';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { most_listed, type Replay, type ReplayOutcome, type StoreRange } from '../model/replays.ts';
import type { StoredEvent } from '../model.ts';
import { originalColumns } from './corrections.ts';

export type ReplayRow = Omit<Replay, 'sha256' | 'accepted' | 'duplicates' | 'rejected'> & {
  sha256: Buffer | null;
  accepted: string;
  duplicates: string;
  rejected: string;
  watermark: string;
  reached_org_id: string | null;
  reached_sku: string | null;
  reached_time: string | null;
  reached_request_id: string | null;
};

export async function insertStoreReplay(tx: Tx, replay_id: string, range: StoreRange): Promise<void> {
  const { org_id = null, sku = null, from, to } = range;
  await tx.write(sql`
    INSERT INTO usage_replay (tenant_id, replay_id, origin, org_id, sku, from_time, to_time, created_at)
    VALUES (${tx.tenant_id}, ${replay_id}, 'store', ${org_id}, ${sku}, ${from}, ${to}, ${tx.now.toString()})`);
}

/** A file is on record when it has been read to its end. */
export async function insertFileReplay(tx: Tx, replay_id: string, sha256: Buffer, outcome: ReplayOutcome): Promise<void> {
  const { accepted, duplicates, rejected, rejections } = outcome;
  await tx.write(sql`
    INSERT INTO usage_replay (tenant_id, replay_id, origin, sha256, status, accepted, duplicates, rejected, rejections, created_at, finished_at)
    VALUES (${tx.tenant_id}, ${replay_id}, 'file', ${sha256}, 'completed', ${accepted}, ${duplicates}, ${rejected},
            ${JSON.stringify(rejections)}::jsonb, ${tx.now.toString()}, ${tx.now.toString()})`);
}

export async function selectReplay(db: Db, replay_id: string): Promise<ReplayRow | undefined> {
  return db.maybe(sql<ReplayRow>`
    SELECT replay_id, origin, sha256, org_id, sku, from_time AS "from", to_time AS "to", status, accepted::text, duplicates::text, rejected::text,
           rejections, created_at, finished_at, watermark::text, reached_org_id, reached_sku, reached_time, reached_request_id
      FROM usage_replay WHERE tenant_id = ${db.tenant_id} AND replay_id = ${replay_id}`);
}

/** The next events of the range, in the order of organization, SKU, time and request id. */
export async function selectReplayed(db: Db, row: ReplayRow, most: number): Promise<StoredEvent[]> {
  const { org_id, sku, from, to, watermark, reached_org_id, reached_sku, reached_time, reached_request_id } = row;
  return db.rows(sql<StoredEvent>`
    SELECT ${originalColumns}
      FROM metering_event e
     WHERE e.tenant_id = ${db.tenant_id} AND e.event_time >= ${from}::timestamptz AND e.event_time < ${to}::timestamptz
       AND e.xid < ${watermark}::xid8
       AND ${org_id === null ? sql`true` : sql`e.org_id = ${org_id}`} AND ${sku === null ? sql`true` : sql`e.sku = ${sku}`}
       AND ${
         reached_org_id === null
           ? sql`true`
           : sql`(e.org_id, e.sku, e.event_time, e.request_id) >
                 (${reached_org_id}::uuid, ${reached_sku} COLLATE "C", ${reached_time}::timestamptz, ${reached_request_id} COLLATE "C")`
       }
     ORDER BY e.org_id, e.sku, e.event_time, e.request_id LIMIT ${most}`);
}

/** Keeps what a step did. False where another run was faster: its step is the one that counts. */
export async function updateReplay(
  tx: Tx,
  row: ReplayRow,
  outcome: ReplayOutcome,
  last: StoredEvent | undefined,
): Promise<boolean> {
  const { accepted, duplicates, rejected, rejections } = outcome;
  const listed = JSON.stringify([...row.rejections, ...rejections].slice(0, most_listed));
  const completed = last === undefined;
  const updated = await tx.write(sql`
    UPDATE usage_replay
       SET reached_org_id = coalesce(${last?.org_id ?? null}, reached_org_id), reached_sku = coalesce(${last?.sku ?? null}, reached_sku),
           reached_time = coalesce(${last?.time ?? null}, reached_time),
           reached_request_id = coalesce(${last?.request_id ?? null}, reached_request_id),
           accepted = accepted + ${accepted}, duplicates = duplicates + ${duplicates}, rejected = rejected + ${rejected},
           rejections = ${listed}::jsonb, status = ${completed ? 'completed' : 'running'}, finished_at = ${completed ? tx.now.toString() : null}
     WHERE tenant_id = ${tx.tenant_id} AND replay_id = ${row.replay_id} AND status = 'running'
       AND (reached_org_id, reached_sku, reached_time, reached_request_id)
           IS NOT DISTINCT FROM (${row.reached_org_id}::uuid, ${row.reached_sku}::text, ${row.reached_time}::timestamptz, ${row.reached_request_id}::text)
    RETURNING replay_id`);
  return updated.length > 0;
}
