import { recordAudit } from '../../../foundation/audit/service.ts';
import { emit } from '../../../foundation/events/service.ts';
import { assert } from '../../../kernel/assert.ts';
import { newId } from '../../../kernel/id.ts';
import { requireSku } from '../../../offer/catalog/service.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import { enqueue } from '../../../platform/jobs.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { Ingest } from '../../metering/model.ts';
import { occupantAt } from '../decide/occupant.ts';
import { countedSince, registerOf } from '../decide/reading.ts';
import { conversion, convert } from '../decide/units.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import type { Reading } from '../model.ts';
import { insertReading, lockMeter, selectLastReading, selectReading, selectReadings } from '../sql/meters.ts';
import { selectOccupancies } from '../sql/sites.ts';
import { requireMeter } from './meters.ts';

export interface NewReading {
  meter_id: string;
  /** May be left out where the meter has one. */
  register?: string | undefined;
  /** RFC 3339. */
  time: string;
  /** What the register shows, in its unit. */
  value: string;
  quality: Reading['quality'];
}

export const reading_job = 'meters.send_reading';

/**
 * Keeps what a register shows. The difference to the reading before is usage of whoever occupied the site then, from that reading on; the
 * register's first reading is none. The usage goes to metering as soon as the reading is committed, and again by a job if that fails.
 * Throws `meter_not_found`, `register_unknown`, `reading_*`.
 */
export async function recordReading(tx: Tx, ingest: Pick<Ingest, 'ingestEvents'>, reading: NewReading): Promise<Reading> {
  const meter = await lockMeter(tx, reading.meter_id);
  if (!meter) throw errors.meter_not_found({ detail: `There is no meter ${reading.meter_id}.` });
  const register = registerOf(meter, reading.register);
  if (reading.value.startsWith('-')) throw errors.reading_below_previous({ detail: 'A register shows zero or more.' });
  const before = (await selectLastReading(tx, meter.meter_id, register.register)) ?? null;
  const counted = countedSince(before, reading, tx.now);
  const made: Reading = {
    reading_id: newId(tx.now),
    meter_id: meter.meter_id,
    register: register.register,
    time: reading.time,
    value: reading.value,
    quality: reading.quality,
    usage: null,
  };
  if (before !== null && counted !== null) {
    const org_id = occupantAt(await selectOccupancies(tx, meter.site_id), before.time);
    if (org_id === null) throw errors.reading_without_occupant({ detail: `Nobody occupied the site at ${before.time}.` });
    const sku = await requireSku(tx, register.sku);
    const unit = conversion(register.unit, sku.unit);
    assert('power' in unit, 'a register has a unit of its SKU');
    made.usage = {
      // By its start alone: two readings that follow the same one cannot both become usage.
      request_id: `reading/${meter.meter_id}/${register.register}/${before.time}`,
      org_id,
      sku: sku.sku,
      quantity: convert(counted, unit.power),
      time: before.time,
    };
  }
  await insertReading(tx, made);
  await recordAudit(tx, {
    action: 'meter.read',
    target_type: 'meter',
    target_id: meter.meter_id,
    org_id: made.usage?.org_id ?? null,
    before: before && { ...before },
    after: { ...made },
  });
  await emit<typeof events>(tx, {
    type: 'meter.read',
    aggregate_type: 'meter',
    aggregate_id: meter.meter_id,
    org_id: made.usage?.org_id ?? null,
    data: { reading_id: made.reading_id, meter_id: made.meter_id, register: made.register, time: made.time, value: made.value },
  });
  if (made.usage) {
    await enqueue(tx, reading_job, { reading_id: made.reading_id }, { key: `reading ${made.reading_id}` });
    tx.afterCommit(() => sendReading(ingest, tx.tenant_id, tx.now, made));
  }
  return made;
}

/** Sends a reading's usage to metering, once in effect. Throws `reading_refused` when metering does not take it. */
export async function sendReading(
  ingest: Pick<Ingest, 'ingestEvents'>,
  tenant_id: string,
  now: Temporal.Instant,
  reading: Reading,
): Promise<void> {
  if (reading.usage === null) return;
  const event = { ...reading.usage, source: 'manual', metadata: { quality: reading.quality, to: reading.time } };
  const { rejected } = await ingest.ingestEvents(tenant_id, [event], { now });
  const refusal = rejected[0];
  if (refusal) throw errors.reading_refused({ detail: `${refusal.code}: ${refusal.detail}` });
}

export function readingById(db: Db, reading_id: string): Promise<Reading | undefined> {
  return selectReading(db, reading_id);
}

/** Latest first. Throws `meter_not_found`, `cursor_invalid`. */
export async function listReadings(
  db: Db,
  query: { meter_id: string; limit: number; cursor?: string | undefined },
): Promise<{ data: Reading[]; next_cursor: string | null }> {
  await requireMeter(db, query.meter_id);
  const sort = 'readings.time';
  const [time, reading_id] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const before = time !== undefined && reading_id !== undefined ? { time, reading_id } : null;
  const rows = await selectReadings(db, { meter_id: query.meter_id, limit: query.limit, before });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.time, row.reading_id]));
}
