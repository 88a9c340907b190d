import { sql } from 'kysely';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { FarApart } from '../decide/gaps.ts';
import type { Gap } from '../model/gaps.ts';
import type { ReadingQuality } from '../model/readings.ts';

/** Readings of a register, from the last before `from` on, after which none came for longer than `every_minutes`; by time. */
export function selectFarApart(
  db: Db,
  of: { meter_id: string; register: string; every_minutes: number },
  range: { from: string; to: string },
): Promise<FarApart[]> {
  const reads = sql`
    SELECT read_at FROM meter_reading
     WHERE tenant_id = ${db.tenant_id} AND meter_id = ${of.meter_id} AND register = ${of.register} AND state = 'counted'`;
  return db.rows(sql<FarApart>`
    SELECT read_at, next FROM (
      SELECT read_at, lead(read_at) OVER (ORDER BY read_at) AS next FROM (
        (${reads} AND read_at < ${range.from} ORDER BY read_at DESC LIMIT 1)
        UNION ALL (${reads} AND read_at >= ${range.from} AND read_at < ${range.to})
        UNION ALL (${reads} AND read_at >= ${range.to} ORDER BY read_at LIMIT 1)) r) apart
     WHERE read_at < ${range.to} AND coalesce(next, ${range.to}) - read_at > make_interval(mins => ${of.every_minutes}) ORDER BY read_at`);
}

/** Sums of an interval register's values by local day and quality. */
export function sumDays(
  db: Db,
  of: { meter_id: string; register: string; time_zone: string },
  range: { from: string; to: string },
): Promise<{ day: string; quality: ReadingQuality; sum: string; count: number }[]> {
  return db.rows(sql<{ day: string; quality: ReadingQuality; sum: string; count: number }>`
    SELECT (read_at AT TIME ZONE ${of.time_zone})::date AS day, quality, trim_scale(sum(value))::text AS sum, count(*)::int AS count FROM meter_reading
     WHERE tenant_id = ${db.tenant_id} AND meter_id = ${of.meter_id} AND register = ${of.register} AND state = 'counted'
       AND read_at >= ${range.from} AND read_at < ${range.to}
     GROUP BY day, quality ORDER BY day`);
}

/** Registers of which it is known how often they should be read. */
export function selectExpected(db: Db): Promise<{ meter_id: string; register: string }[]> {
  return db.rows(sql<{ meter_id: string; register: string }>`
    SELECT meter_id, register FROM meter_register WHERE tenant_id = ${db.tenant_id} AND every_minutes IS NOT NULL ORDER BY meter_id, register`);
}

export type OpenGap = Pick<Gap, 'from' | 'to' | 'missing'> & { gap_id: string };

export function selectOpenGaps(db: Db, meter_id: string, register: string): Promise<OpenGap[]> {
  return db.rows(sql<OpenGap>`
    SELECT gap_id, starts_at AS "from", ends_at AS "to", missing FROM meter_gap
     WHERE tenant_id = ${db.tenant_id} AND meter_id = ${meter_id} AND register = ${register} AND closed_at IS NULL ORDER BY starts_at`);
}

export async function insertGap(tx: Tx, gap_id: string, meter_id: string, gap: Gap): Promise<void> {
  await tx.write(sql`
    INSERT INTO meter_gap (tenant_id, gap_id, meter_id, register, starts_at, ends_at, missing, found_at)
    VALUES (${tx.tenant_id}, ${gap_id}, ${meter_id}, ${gap.register}, ${gap.from}, ${gap.to}, ${gap.missing}, ${tx.now.toString()})`);
}

export async function closeGaps(tx: Tx, gap_ids: readonly string[]): Promise<void> {
  if (gap_ids.length === 0) return;
  await tx.write(sql`
    UPDATE meter_gap SET closed_at = ${tx.now.toString()} WHERE tenant_id = ${tx.tenant_id} AND gap_id = ANY (${gap_ids}::uuid[])`);
}

/** The same gap, which has grown or shrunk at its end. */
export async function updateGap(tx: Tx, gap_id: string, gap: Gap): Promise<void> {
  await tx.write(sql`
    UPDATE meter_gap SET ends_at = ${gap.to}, missing = ${gap.missing} WHERE tenant_id = ${tx.tenant_id} AND gap_id = ${gap_id}`);
}
