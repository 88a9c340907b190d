import { sql } from 'kysely';
import { isId } from '../../../kernel/id.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { inUtc } from '../decide/reading.ts';
import type { Device, Meter, Register } from '../model.ts';

export async function insertMeter(tx: Tx, meter: Omit<Meter, 'registers' | 'devices' | 'created_at'>): Promise<void> {
  await tx.write(sql`
    INSERT INTO meter (tenant_id, meter_id, site_id, identifier, sku, created_at)
    VALUES (${tx.tenant_id}, ${meter.meter_id}, ${meter.site_id}, ${meter.identifier}, ${meter.sku}, ${tx.now.toString()})`);
}

export async function insertRegister(tx: Tx, meter_id: string, register: Register): Promise<void> {
  await tx.write(sql`
    INSERT INTO meter_register (tenant_id, meter_id, register, sku, unit, direction, kind, every_minutes, digits, multiplier, created_at)
    VALUES (${tx.tenant_id}, ${meter_id}, ${register.register}, ${register.sku}, ${register.unit}, ${register.direction}, ${register.kind},
      ${register.every_minutes}, ${register.digits}, ${register.multiplier}, ${tx.now.toString()})`);
}

export async function insertDevice(tx: Tx, meter_id: string, device: Device): Promise<void> {
  await tx.write(sql`
    INSERT INTO meter_device (tenant_id, meter_id, register, installed_at, serial, digits, multiplier, created_at)
    VALUES (${tx.tenant_id}, ${meter_id}, ${device.register}, ${device.installed_at}, ${device.serial}, ${device.digits}, ${device.multiplier},
      ${tx.now.toString()})`);
}

export async function selectMeter(db: Db, meter_id: string): Promise<Meter | undefined> {
  const found = await db.maybe(sql<Meter>`${meters} WHERE m.tenant_id = ${db.tenant_id} AND m.meter_id = ${meter_id}`);
  return found && meterOf(found);
}

export async function selectMeterByIdentifier(db: Db, identifier: string): Promise<Meter | undefined> {
  const found = await db.maybe(sql<Meter>`${meters} WHERE m.tenant_id = ${db.tenant_id} AND m.identifier = ${identifier}`);
  return found && meterOf(found);
}

/** By identifier or by id. */
export async function selectMetersCalled(db: Db, names: readonly string[]): Promise<Meter[]> {
  const ids = names.filter(isId);
  const rows = await db.rows(
    sql<Meter>`${meters} WHERE m.tenant_id = ${db.tenant_id} AND (m.identifier = ANY (${names}::text[]) OR m.meter_id = ANY (${ids}::uuid[]))`,
  );
  return rows.map(meterOf);
}

export interface MeterFilter {
  site_id: string | null;
  /** Part of the identifier or of the site's name, in any case; null for all. */
  search: string | null;
  /** Only meters at sites that one of these occupies, has occupied or will; null for all. */
  org_ids: readonly string[] | null;
  below: string | null;
  limit: number;
}

/** Newest first, one more than the limit. */
export async function selectMeters(db: Db, filter: MeterFilter): Promise<Meter[]> {
  const rows = await db.rows(sql<Meter>`
    ${meters}
     WHERE m.tenant_id = ${db.tenant_id} AND (${filter.below}::uuid IS NULL OR m.meter_id < ${filter.below}::uuid)
       AND (${filter.site_id}::uuid IS NULL OR m.site_id = ${filter.site_id}::uuid)
       AND (${filter.search}::text IS NULL OR strpos(lower(m.identifier), lower(${filter.search}::text)) > 0 OR EXISTS (
             SELECT 1 FROM site s WHERE s.tenant_id = m.tenant_id AND s.site_id = m.site_id AND strpos(lower(s.name), lower(${filter.search}::text)) > 0))
       AND (${filter.org_ids}::uuid[] IS NULL OR EXISTS (
             SELECT 1 FROM occupancy o WHERE o.tenant_id = m.tenant_id AND o.site_id = m.site_id AND o.org_id = ANY (${filter.org_ids}::uuid[])))
     ORDER BY m.meter_id DESC LIMIT ${filter.limit + 1}`);
  return rows.map(meterOf);
}

/** Until the transaction ends, nobody else adds a reading of this meter. */
export async function lockMeter(tx: Tx, meter_id: string): Promise<Meter | undefined> {
  await tx.rows(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`meter_reading ${tx.tenant_id} ${meter_id}`}, 0))`);
  return selectMeter(tx, meter_id);
}

/** Until the transaction ends, nobody else makes or changes a meter of this name. */
export async function lockIdentifier(tx: Tx, identifier: string): Promise<void> {
  await tx.rows(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`meter ${tx.tenant_id} ${identifier}`}, 0))`);
}

/** Times inside of documents come as JSON has them in the database. */
function meterOf(row: Meter): Meter {
  return { ...row, devices: row.devices.map((one) => ({ ...one, installed_at: inUtc(one.installed_at) })) };
}

const meters = sql`
  SELECT m.meter_id, m.site_id, m.identifier, m.sku, m.created_at,
         coalesce((SELECT jsonb_agg(jsonb_build_object('register', r.register, 'sku', r.sku, 'unit', r.unit, 'direction', r.direction, 'kind', r.kind,
                     'every_minutes', r.every_minutes, 'digits', r.digits, 'multiplier', trim_scale(r.multiplier)::text) ORDER BY r.register)
                     FROM meter_register r WHERE r.tenant_id = m.tenant_id AND r.meter_id = m.meter_id), '[]') AS registers,
         coalesce((SELECT jsonb_agg(jsonb_build_object('register', d.register, 'installed_at', d.installed_at,
                     'serial', d.serial, 'digits', d.digits, 'multiplier', trim_scale(d.multiplier)::text) ORDER BY d.installed_at, d.register)
                     FROM meter_device d WHERE d.tenant_id = m.tenant_id AND d.meter_id = m.meter_id), '[]') AS devices
    FROM meter m`;
