import { sql } from 'kysely';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { Replay } from '../model.ts';

/** What a replay looks for, as it is stored. */
export interface Criteria {
  delivery_id?: string;
  from?: string | undefined;
  to?: string | undefined;
  types?: readonly string[] | undefined;
  statuses: readonly string[];
  /** Whether what was replayed already is left out. */
  only_unreplayed: boolean;
}

export type Work = Replay & { criteria: Criteria; after_delivery_id: string | null };

export async function insertReplay(tx: Tx, replay: { replay_id: string; webhook_id: string; criteria: Criteria }): Promise<void> {
  await tx.write(sql`
    INSERT INTO webhook_replay (tenant_id, replay_id, webhook_id, criteria, status)
    VALUES (${tx.tenant_id}, ${replay.replay_id}, ${replay.webhook_id}, ${JSON.stringify(replay.criteria)}::jsonb, 'running')`);
}

export function lockReplay(tx: Tx, replay_id: string): Promise<Work | undefined> {
  return tx.maybe(sql<Work>`
    SELECT ${columns}, criteria, after_delivery_id FROM webhook_replay
     WHERE tenant_id = ${tx.tenant_id} AND replay_id = ${replay_id} FOR NO KEY UPDATE`);
}

export function selectReplay(db: Db, webhook_id: string, replay_id: string): Promise<Replay | undefined> {
  return db.maybe(sql<Replay>`
    SELECT ${columns} FROM webhook_replay WHERE tenant_id = ${db.tenant_id} AND webhook_id = ${webhook_id} AND replay_id = ${replay_id}`);
}

/**
 * Makes the next deliveries of a replay, oldest first: of each event the newest delivery that was finished before the replay began. Dead letters
 * among them count as replayed. Answers how many were looked at, and how many made.
 */
export async function insertReplayed(
  tx: Tx,
  work: Work,
  limit: number,
): Promise<{ seen: number; made: number; last: string | null }> {
  const { criteria } = work;
  return tx.one(sql<{ seen: number; made: number; last: string | null }>`
    WITH chosen AS MATERIALIZED (
      SELECT d.delivery_id, d.event_id, d.event_type, d.event_at FROM webhook_delivery d
       WHERE d.tenant_id = ${tx.tenant_id} AND d.webhook_id = ${work.webhook_id} AND d.kind <> 'test'
         AND d.status = ANY (${criteria.statuses}::text[]) AND d.created_at < ${work.created_at}
         AND (${work.after_delivery_id}::uuid IS NULL OR d.delivery_id > ${work.after_delivery_id}::uuid)
         AND (${criteria.delivery_id ?? null}::uuid IS NULL OR d.delivery_id = ${criteria.delivery_id ?? null}::uuid)
         AND (${criteria.from ?? null}::timestamptz IS NULL OR d.event_at >= ${criteria.from ?? null}::timestamptz)
         AND (${criteria.to ?? null}::timestamptz IS NULL OR d.event_at < ${criteria.to ?? null}::timestamptz)
         AND (${criteria.types ?? null}::text[] IS NULL OR d.event_type = ANY (${criteria.types ?? null}::text[]))
         AND (NOT ${criteria.only_unreplayed} OR NOT EXISTS (
           SELECT FROM webhook_delivery later
            WHERE later.tenant_id = d.tenant_id AND later.webhook_id = d.webhook_id AND later.event_id = d.event_id
              AND later.delivery_id > d.delivery_id AND later.replay_id IS DISTINCT FROM ${work.replay_id}::uuid))
       ORDER BY d.delivery_id LIMIT ${limit}),
    made AS (
      INSERT INTO webhook_delivery (tenant_id, webhook_id, event_id, event_type, event_at, kind, replay_id)
      SELECT ${tx.tenant_id}, ${work.webhook_id}, event_id, event_type, event_at, 'replay', ${work.replay_id} FROM chosen ORDER BY delivery_id
      ON CONFLICT DO NOTHING RETURNING 1),
    letters AS (
      UPDATE webhook_dlq q SET replayed_at = clock_timestamp() FROM chosen
       WHERE q.tenant_id = ${tx.tenant_id} AND q.delivery_id = chosen.delivery_id AND q.replayed_at IS NULL)
    SELECT (SELECT count(*)::int FROM chosen) AS seen, (SELECT count(*)::int FROM made) AS made,
           (SELECT delivery_id FROM chosen ORDER BY delivery_id DESC LIMIT 1) AS last`);
}

export async function updateReplay(
  tx: Tx,
  replay_id: string,
  progress: { made: number; last: string | null; completed: boolean },
): Promise<void> {
  await tx.write(sql`
    UPDATE webhook_replay
       SET deliveries = deliveries + ${progress.made}, after_delivery_id = coalesce(${progress.last}::uuid, after_delivery_id),
           status = ${progress.completed ? 'completed' : 'running'}, finished_at = ${progress.completed ? sql`clock_timestamp()` : sql`NULL`}
     WHERE tenant_id = ${tx.tenant_id} AND replay_id = ${replay_id}`);
}

const columns = sql.raw('replay_id, webhook_id, status, deliveries, created_at, finished_at');
