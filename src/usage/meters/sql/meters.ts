import { sql } from 'kysely';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { Meter, Reading, Register } from '../model.ts';

export async function insertMeter(tx: Tx, meter: Omit<Meter, 'registers' | 'created_at'>): Promise<void> {
  await tx.write(sql`
    INSERT INTO meter (tenant_id, meter_id, site_id, identifier, sku, created_at)
    VALUES (${tx.tenant_id}, ${meter.meter_id}, ${meter.site_id}, ${meter.identifier}, ${meter.sku}, ${tx.now.toString()})`);
}

export async function insertRegister(tx: Tx, meter_id: string, register: Register): Promise<void> {
  await tx.write(sql`
    INSERT INTO meter_register (tenant_id, meter_id, register, sku, unit, direction, created_at)
    VALUES (${tx.tenant_id}, ${meter_id}, ${register.register}, ${register.sku}, ${register.unit}, ${register.direction}, ${tx.now.toString()})`);
}

export function selectMeter(db: Db, meter_id: string): Promise<Meter | undefined> {
  return db.maybe(sql<Meter>`${meters} WHERE m.tenant_id = ${db.tenant_id} AND m.meter_id = ${meter_id}`);
}

export function selectMeterByIdentifier(db: Db, identifier: string): Promise<Meter | undefined> {
  return db.maybe(sql<Meter>`${meters} WHERE m.tenant_id = ${db.tenant_id} AND m.identifier = ${identifier}`);
}

export interface MeterFilter {
  site_id: string | null;
  /** Only meters at sites that one of these occupies, has occupied or will; null for all. */
  org_ids: readonly string[] | null;
  below: string | null;
  limit: number;
}

/** Newest first, one more than the limit. */
export function selectMeters(db: Db, filter: MeterFilter): Promise<Meter[]> {
  return db.rows(sql<Meter>`
    ${meters}
     WHERE m.tenant_id = ${db.tenant_id} AND (${filter.below}::uuid IS NULL OR m.meter_id < ${filter.below}::uuid)
       AND (${filter.site_id}::uuid IS NULL OR m.site_id = ${filter.site_id}::uuid)
       AND (${filter.org_ids}::uuid[] IS NULL OR EXISTS (
             SELECT 1 FROM occupancy o WHERE o.tenant_id = m.tenant_id AND o.site_id = m.site_id AND o.org_id = ANY (${filter.org_ids}::uuid[])))
     ORDER BY m.meter_id DESC LIMIT ${filter.limit + 1}`);
}

/** Until the transaction ends, nobody else adds a reading of this meter. */
export async function lockMeter(tx: Tx, meter_id: string): Promise<Meter | undefined> {
  await tx.rows(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`meter_reading ${tx.tenant_id} ${meter_id}`}, 0))`);
  return selectMeter(tx, meter_id);
}

/** The register's last reading, whenever it was entered. */
export function selectLastReading(
  db: Db,
  meter_id: string,
  register: string,
): Promise<{ time: string; value: string } | undefined> {
  return db.maybe(sql<{ time: string; value: string }>`
    SELECT read_at AS time, trim_scale(value)::text AS value FROM meter_reading
     WHERE tenant_id = ${db.tenant_id} AND meter_id = ${meter_id} AND register = ${register} ORDER BY read_at DESC LIMIT 1`);
}

export async function insertReading(tx: Tx, reading: Reading): Promise<void> {
  const { usage } = reading;
  await tx.write(sql`
    INSERT INTO meter_reading (tenant_id, reading_id, meter_id, register, read_at, value, quality, used_from, request_id, org_id, sku, quantity,
      created_at)
    VALUES (${tx.tenant_id}, ${reading.reading_id}, ${reading.meter_id}, ${reading.register}, ${reading.time}, ${reading.value},
      ${reading.quality}, ${usage?.time ?? null}, ${usage?.request_id ?? null}, ${usage?.org_id ?? null}, ${usage?.sku ?? null},
      ${usage?.quantity ?? null}, ${tx.now.toString()})`);
}

export async function selectReading(db: Db, reading_id: string): Promise<Reading | undefined> {
  const row = await db.maybe(sql<ReadingRow>`${readings} WHERE tenant_id = ${db.tenant_id} AND reading_id = ${reading_id}`);
  return row && readingOf(row);
}

export interface ReadingFilter {
  meter_id: string;
  /** The reading that the page before ended with. */
  before: { time: string; reading_id: string } | null;
  limit: number;
}

/** Latest first, one more than the limit. */
export async function selectReadings(db: Db, filter: ReadingFilter): Promise<Reading[]> {
  const before = filter.before;
  const rows = await db.rows(sql<ReadingRow>`
    ${readings}
     WHERE tenant_id = ${db.tenant_id} AND meter_id = ${filter.meter_id}
       AND (${before?.time ?? null}::timestamptz IS NULL
         OR (read_at, reading_id) < (${before?.time ?? null}::timestamptz, ${before?.reading_id ?? null}::uuid))
     ORDER BY read_at DESC, reading_id DESC LIMIT ${filter.limit + 1}`);
  return rows.map(readingOf);
}

/** Until the transaction ends, nobody else makes or changes a meter of this name. */
export async function lockIdentifier(tx: Tx, identifier: string): Promise<void> {
  await tx.rows(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`meter ${tx.tenant_id} ${identifier}`}, 0))`);
}

type ReadingRow = Omit<Reading, 'usage'> & {
  request_id: string | null;
  org_id: string | null;
  sku: string | null;
  quantity: string | null;
  used_from: string | null;
};

function readingOf({ request_id, org_id, sku, quantity, used_from, ...reading }: ReadingRow): Reading {
  const is_usage = request_id !== null && org_id !== null && sku !== null && quantity !== null && used_from !== null;
  return { ...reading, usage: is_usage ? { request_id, org_id, sku, quantity, time: used_from } : null };
}

const meters = sql`
  SELECT m.meter_id, m.site_id, m.identifier, m.sku, m.created_at,
         coalesce((SELECT jsonb_agg(jsonb_build_object('register', r.register, 'sku', r.sku, 'unit', r.unit, 'direction', r.direction) ORDER BY r.register)
                     FROM meter_register r WHERE r.tenant_id = m.tenant_id AND r.meter_id = m.meter_id), '[]') AS registers
    FROM meter m`;

const readings = sql`
  SELECT reading_id, meter_id, register, read_at AS time, trim_scale(value)::text AS value, quality, request_id, org_id, sku,
         trim_scale(quantity)::text AS quantity, used_from
    FROM meter_reading`;
