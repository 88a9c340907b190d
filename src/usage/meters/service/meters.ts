import { recordAudit } from '../../../foundation/audit/service.ts';
import { emit } from '../../../foundation/events/service.ts';
import { parseDecimal } from '../../../kernel/decimal.ts';
import { newId } from '../../../kernel/id.ts';
import { requireSku } from '../../../offer/catalog/service.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { conversion } from '../decide/units.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import type { Meter, Register } from '../model.ts';
import {
  insertMeter,
  insertRegister,
  type MeterFilter,
  selectMeter,
  selectMeterByIdentifier,
  selectMeters,
} from '../sql/meters.ts';
import { requireSite } from './sites.ts';

export interface NewRegister {
  register: string;
  /** The meter's unless given. */
  sku?: string | undefined;
  /** Of its readings; the SKU's unless given. */
  unit?: string | undefined;
  direction?: Register['direction'] | undefined;
  /** `cumulative` unless given. */
  kind?: Register['kind'] | undefined;
  every_minutes?: number | null | undefined;
  digits?: number | null | undefined;
  multiplier?: string | undefined;
}

export interface NewMeter {
  site_id: string;
  /** Unique in the tenant: an NMI, a serial number. */
  identifier: string;
  sku: string;
  /** One called `1` unless given. */
  registers?: readonly NewRegister[] | undefined;
}

/**
 * A device at a site, with its registers. Throws `site_not_found`, `sku_unknown`, `register_repeated`, `unit_mismatch`, and by constraint
 * `register_invalid`, `meter_identifier_taken`.
 */
export async function registerMeter(tx: Tx, meter: NewMeter): Promise<Meter> {
  await requireSite(tx, meter.site_id);
  await requireSku(tx, meter.sku);
  const meter_id = newId(tx.now);
  const registers = meter.registers ?? [{ register: '1' }];
  if (new Set(registers.map((one) => one.register)).size < registers.length) throw errors.register_repeated();
  await insertMeter(tx, { meter_id, site_id: meter.site_id, identifier: meter.identifier, sku: meter.sku });
  for (const register of registers) await insertRegister(tx, meter_id, await completeRegister(tx, meter.sku, register));
  const made = await requireMeter(tx, meter_id);
  await recordAudit(tx, {
    action: 'meter.registered',
    target_type: 'meter',
    target_id: meter_id,
    before: null,
    after: { ...made },
  });
  await emit<typeof events>(tx, {
    type: 'meter.registered',
    aggregate_type: 'meter',
    aggregate_id: meter_id,
    data: { meter_id, site_id: made.site_id, identifier: made.identifier },
  });
  return made;
}

/** One more register of a meter. Throws `sku_unknown`, `unit_mismatch`. */
export async function addRegister(tx: Tx, meter: Meter, register: NewRegister): Promise<void> {
  const complete = await completeRegister(tx, meter.sku, register);
  await insertRegister(tx, meter.meter_id, complete);
  await recordAudit(tx, {
    action: 'meter.register_added',
    target_type: 'meter',
    target_id: meter.meter_id,
    before: { registers: meter.registers },
    after: { registers: [...meter.registers, complete] },
  });
}

/** Throws `meter_not_found`. */
export async function requireMeter(db: Db, meter_id: string): Promise<Meter> {
  const meter = await selectMeter(db, meter_id);
  if (!meter) throw errors.meter_not_found({ detail: `There is no meter ${meter_id}.` });
  return meter;
}

/** Throws `meter_not_found`. */
export async function requireMeterByIdentifier(db: Db, identifier: string): Promise<Meter> {
  const meter = await selectMeterByIdentifier(db, identifier);
  if (!meter) throw errors.meter_not_found({ detail: `There is no meter ${identifier}.` });
  return meter;
}

export function meterByIdentifier(db: Db, identifier: string): Promise<Meter | undefined> {
  return selectMeterByIdentifier(db, identifier);
}

/** Newest first. Throws `cursor_invalid`. */
export async function listMeters(
  db: Db,
  query: Pick<MeterFilter, 'org_ids' | 'limit'> & {
    site_id?: string | undefined;
    search?: string | undefined;
    cursor?: string | undefined;
  },
): Promise<{ data: Meter[]; next_cursor: string | null }> {
  const sort = 'meters.meter_id';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const { org_ids, limit, site_id = null, search = null } = query;
  const rows = await selectMeters(db, { site_id, search, org_ids, limit, below });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.meter_id]));
}

async function completeRegister(db: Db, meter_sku: string, register: NewRegister): Promise<Register> {
  const sku = await requireSku(db, register.sku ?? meter_sku);
  const unit = register.unit ?? sku.unit;
  const found = conversion(unit, sku.unit);
  if ('code' in found) throw errors.unit_mismatch({ detail: `Register ${register.register}: ${found.detail}.` });
  const direction = register.direction ?? (register.register.startsWith('B') ? 'export' : 'import');
  const { kind = 'cumulative', every_minutes = null, digits = null, multiplier = '1' } = register;
  if (kind === 'interval' && (digits !== null || (every_minutes ?? 1) > 1440))
    throw errors.register_invalid({ detail: `Register ${register.register}: an interval has no digits, and a day at the most.` });
  if (!isPositive(multiplier))
    throw errors.register_invalid({ detail: `Register ${register.register}: a multiplier is above zero.` });
  return { register: register.register, sku: sku.sku, unit, direction, kind, every_minutes, digits, multiplier };
}

function isPositive(multiplier: string): boolean {
  return parseDecimal(multiplier).units > 0n;
}
