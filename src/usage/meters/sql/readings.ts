import { sql } from 'kysely';
import type { Actor, Db, Tx } from '../../../platform/postgres.ts';
import { inUtc } from '../decide/reading.ts';
import type { Reading, ReadingQuality, ReadingSource, ReadingState, RuleKind } from '../model/readings.ts';

/** A reading as it is judged by. */
export interface ReadRow {
  reading_id: string;
  time: string;
  is_last: boolean;
  value: string;
  quality: ReadingQuality;
  state: 'counted' | 'held';
  source: ReadingSource;
}

export interface NewReadingRow {
  reading_id: string;
  time: string;
  is_last: boolean;
  value: string;
  quality: ReadingQuality;
  state: ReadingState;
  flags: readonly RuleKind[];
  photo_id: string | null;
}

/** What counts or is held of a register at these times. */
export function selectReadsAt(db: Db, meter_id: string, register: string, times: readonly string[]): Promise<ReadRow[]> {
  return db.rows(sql<ReadRow>`
    ${reads(db, meter_id, register)} AND state IN ('counted', 'held') AND read_at = ANY (${times}::timestamptz[])`);
}

/** At which of these times another reading stood before. */
export async function selectReplacedAt(
  db: Db,
  meter_id: string,
  register: string,
  times: readonly string[],
): Promise<Set<string>> {
  const rows = await db.rows(sql<{ time: string }>`
    SELECT DISTINCT read_at AS time FROM meter_reading
     WHERE tenant_id = ${db.tenant_id} AND meter_id = ${meter_id} AND register = ${register} AND state = 'superseded'
       AND read_at = ANY (${times}::timestamptz[])`);
  return new Set(rows.map((row) => row.time));
}

/** What counts of a counter from the read before `from` to the read after `to`, and what is held in between; by time. */
export function selectReadsAround(db: Db, meter_id: string, register: string, from: string, to: string): Promise<ReadRow[]> {
  const all = reads(db, meter_id, register);
  return db.rows(sql<ReadRow>`
    (${all} AND state = 'counted' AND read_at < ${from} ORDER BY read_at DESC, is_last LIMIT 1)
    UNION ALL (${all} AND state IN ('counted', 'held') AND read_at BETWEEN ${from} AND ${to})
    UNION ALL (${all} AND state = 'counted' AND read_at > ${to} ORDER BY read_at, is_last DESC LIMIT 1)`);
}

/** The last reads that count before a time, latest first. */
export function selectReadsBefore(db: Db, meter_id: string, register: string, before: string, most: number): Promise<ReadRow[]> {
  return db.rows(sql<ReadRow>`
    ${reads(db, meter_id, register)} AND state = 'counted' AND read_at < ${before} ORDER BY read_at DESC, is_last LIMIT ${most}`);
}

/** What counts of a register in `[from, to)`, by time. */
export function selectReadsWithin(db: Db, meter_id: string, register: string, from: string, to: string): Promise<ReadRow[]> {
  return db.rows(sql<ReadRow>`
    ${reads(db, meter_id, register)} AND state = 'counted' AND read_at >= ${from} AND read_at < ${to} ORDER BY read_at, is_last DESC`);
}

export async function insertReadings(
  tx: Tx,
  of: { meter_id: string; register: string; source: ReadingSource },
  rows: readonly NewReadingRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.write(sql`
    INSERT INTO meter_reading (tenant_id, meter_id, register, source, created_by, created_at, reading_id, read_at, is_last, value, quality, state, flags, photo_id)
    SELECT ${tx.tenant_id}, ${of.meter_id}, ${of.register}, ${of.source}, ${JSON.stringify(tx.actor satisfies Actor)}::jsonb, ${tx.now.toString()}::timestamptz,
           reading_id, read_at, is_last, value::numeric, quality, state, string_to_array(flags, ','), photo_id
      FROM unnest(${rows.map((row) => row.reading_id)}::uuid[], ${rows.map((row) => row.time)}::timestamptz[], ${rows.map((row) => row.is_last)}::boolean[],
                  ${rows.map((row) => row.value)}::text[], ${rows.map((row) => row.quality)}::text[], ${rows.map((row) => row.state)}::text[],
                  ${rows.map((row) => row.flags.join(','))}::text[], ${rows.map((row) => row.photo_id)}::uuid[])
           AS r(reading_id, read_at, is_last, value, quality, state, flags, photo_id)`);
}

export async function updateReadingState(tx: Tx, reading_ids: readonly string[], state: ReadingState): Promise<void> {
  if (reading_ids.length === 0) return;
  await tx.write(
    sql`UPDATE meter_reading SET state = ${state} WHERE tenant_id = ${tx.tenant_id} AND reading_id = ANY (${reading_ids}::uuid[])`,
  );
}

export async function selectReadingsById(db: Db, reading_ids: readonly string[]): Promise<Reading[]> {
  const rows = await db.rows(
    sql<Reading>`${readings} WHERE m.tenant_id = ${db.tenant_id} AND m.reading_id = ANY (${reading_ids}::uuid[])`,
  );
  return rows.map(readingOf);
}

export interface ReadingFilter {
  meter_id: string;
  register: string | null;
  states: readonly ReadingState[] | null;
  from: string | null;
  to: string | null;
  /** The reading that the page before ended with. */
  before: { time: string; reading_id: string } | null;
  limit: number;
}

/** Latest first, one more than the limit. */
export async function selectReadings(db: Db, filter: ReadingFilter): Promise<Reading[]> {
  const { before } = filter;
  const rows = await db.rows(sql<Reading>`
    ${readings}
     WHERE m.tenant_id = ${db.tenant_id} AND m.meter_id = ${filter.meter_id}
       AND (${filter.register}::text IS NULL OR m.register = ${filter.register}::text)
       AND (${filter.states}::text[] IS NULL OR m.state = ANY (${filter.states}::text[]))
       AND (${filter.from}::timestamptz IS NULL OR m.read_at >= ${filter.from}::timestamptz)
       AND (${filter.to}::timestamptz IS NULL OR m.read_at < ${filter.to}::timestamptz)
       AND (${before?.time ?? null}::timestamptz IS NULL
         OR (m.read_at, m.reading_id) < (${before?.time ?? null}::timestamptz, ${before?.reading_id ?? null}::uuid))
     ORDER BY m.read_at DESC, m.reading_id DESC LIMIT ${filter.limit + 1}`);
  return rows.map(readingOf);
}

/** Times inside of documents come as JSON has them in the database. */
export function readingOf(row: Reading): Reading {
  return row.usage === null ? row : { ...row, usage: { ...row.usage, time: inUtc(row.usage.time) } };
}

function reads(db: Db, meter_id: string, register: string) {
  return sql`
    SELECT reading_id, read_at AS time, is_last, trim_scale(value)::text AS value, quality, state, source FROM meter_reading
     WHERE tenant_id = ${db.tenant_id} AND meter_id = ${meter_id} AND register = ${register}`;
}

/** A counter's usage belongs to the read that ends it, and between two devices to the last of the one that went. */
export const readings = sql`
  SELECT m.reading_id, m.meter_id, m.register, m.read_at AS time, trim_scale(m.value)::text AS value, m.quality, m.state, m.source, m.is_last, m.flags,
         m.photo_id, m.created_by, m.created_at,
         (SELECT jsonb_build_object('request_id', u.request_id, 'org_id', u.org_id, 'sku', u.sku, 'quantity', trim_scale(u.quantity)::text,
                   'time', u.starts_at, 'refusal', u.refusal)
            FROM reading_usage u
           WHERE (u.tenant_id, u.meter_id, u.register) = (m.tenant_id, m.meter_id, m.register) AND u.state = 'live' AND m.state = 'counted'
             AND CASE WHEN r.kind = 'interval' THEN u.starts_at = m.read_at
                      ELSE u.ends_at = m.read_at AND (m.is_last OR NOT EXISTS (
                             SELECT FROM meter_device d
                              WHERE (d.tenant_id, d.meter_id, d.register, d.installed_at) = (m.tenant_id, m.meter_id, m.register, m.read_at))) END) AS usage
    FROM meter_reading m JOIN meter_register r USING (tenant_id, meter_id, register)`;
