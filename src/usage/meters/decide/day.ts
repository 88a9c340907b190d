import type { Sku } from '../../../offer/catalog/model.ts';
import type { ImportOptions, Meter, Occupancy, Register, UsageRow } from '../model.ts';
import { type Fault, fault, shown } from './faults.ts';
import { intervalStart, type Nem12Day } from './nem12.ts';
import { default_skus, mapRegister } from './registers.ts';
import { conversion, convert } from './units.ts';

/** What is known where a meter stands. */
export interface MeterState {
  /** Null while the meter is unknown. */
  meter: Meter | null;
  /** Of the meter's site, by start. */
  occupancies: readonly Occupancy[];
}

/** What has to be made before the rows can be stored; only where the import may make it. */
export interface Missing {
  /** The meter's SKU. */
  meter: { sku: string } | null;
  register: Register | null;
  /** The SKU of the register, and the unit it would have. */
  sku: { sku: string; unit: string } | null;
  occupancy: { from: string; to: string | null } | null;
}

export interface DayPlan {
  rows: UsageRow[];
  faults: Fault[];
  notes: Fault[];
  /** Intervals of a register that is not billed. */
  unmapped: number;
  /** Intervals without a value. */
  missing: number;
  needs: Missing | null;
}

/**
 * A day of a register as usage events: which SKU, in which unit, whose. An interval is one event, zero included, so that
 * what is complete can be told from what is not; it belongs to whoever occupies the site when it begins.
 */
export function planDay(
  day: Nem12Day,
  state: MeterState,
  skus: ReadonlyMap<string, Sku>,
  options: ImportOptions,
  now: Temporal.Instant,
): DayPlan {
  const { nmi, register, unit } = day.block;
  const nothing: DayPlan = { rows: [], faults: [], notes: [], unmapped: 0, missing: 0, needs: null };
  const may_make = options.create_missing && options.org_id !== null;
  const outside = outsideWindow(day, now);
  if (outside) return { ...nothing, faults: [outside] };
  if (state.meter === null && !may_make) {
    return {
      ...nothing,
      faults: [fault('meter_unknown', `no meter is called ${nmi}; add it, or name the organization it belongs to`)],
    };
  }
  const mapping = mapRegister(register, state.meter, options);
  if (mapping === null) {
    const detail = `${nmi} ${register} is not billed: it is neither consumption (E) nor export (B), and no SKU is mapped to it`;
    return { ...nothing, notes: [fault('register_unmapped', detail)], unmapped: day.values.length };
  }
  const sku = skus.get(mapping.sku);
  if (sku === undefined && !may_make)
    return {
      ...nothing,
      faults: [fault('sku_unknown', `${nmi} ${register} is usage of ${shown(mapping.sku)}, a SKU that does not exist`)],
    };
  const target_unit = sku?.unit ?? unitOfNewSku(unit);
  const power = conversion(unit, target_unit);
  if ('code' in power)
    return { ...nothing, faults: [fault(power.code, `${power.detail} (200 record on line ${day.block.line})`)] };

  const plan: DayPlan = { ...nothing, rows: [], faults: [], notes: [] };
  let occupancies = state.occupancies;
  let occupancy: Missing['occupancy'] = null;
  const qualityOf = (index: number) => (typeof day.quality === 'string' ? day.quality : day.quality[index]!);
  for (const [index, value] of day.values.entries()) {
    const quality = qualityOf(index);
    if (quality.startsWith('N')) {
      plan.missing += 1;
      continue;
    }
    const time = intervalStart(day.date, day.block.interval_minutes, index);
    let occupant = occupantAt(occupancies, time);
    if (occupant === null && may_make) {
      occupancy = { from: time, to: nextStart(occupancies, time) };
      occupancies = [...occupancies, { occupancy_id: '', site_id: '', org_id: options.org_id!, ...occupancy }];
      occupant = options.org_id;
    }
    const wrong = ownerFault(occupant, time, nmi, options);
    if (wrong) {
      if (!plan.faults.some((one) => one.code === wrong.code)) plan.faults.push(wrong);
      continue;
    }
    const quantity = convert(value, power.power);
    if (!/^\d{1,26}(\.\d{1,12})?$/.test(quantity)) {
      plan.faults.push(
        fault(
          'quantity_invalid',
          `interval ${index + 1} is ${shown(quantity)} ${target_unit}; 26 digits and 12 decimals are the most`,
        ),
      );
      continue;
    }
    plan.rows.push({
      line: day.line,
      request_id: `meter/${nmi}/${register}/${time}`,
      org_id: occupant!,
      sku: mapping.sku,
      quantity,
      time,
      source: 'meter',
      metadata: { quality, minutes: String(day.block.interval_minutes) },
    });
  }
  if (plan.missing > 0)
    plan.notes.push(
      fault('values_missing', `${nmi} ${register} on ${day.date}: ${plan.missing} intervals have no value (quality N)`),
    );
  // A day is taken whole or not at all: what is left of one would look complete.
  if (plan.faults.length > 0) return { ...plan, rows: [], needs: null };
  const known = { register, sku: mapping.sku, unit: target_unit, direction: mapping.direction };
  const needs: Missing = {
    meter: state.meter === null ? { sku: options.sku ?? default_skus.import } : null,
    register: mapping.known || !may_make ? null : known,
    sku: sku === undefined ? { sku: mapping.sku, unit: target_unit } : null,
    occupancy,
  };
  const needed = needs.meter !== null || needs.register !== null || needs.sku !== null || needs.occupancy !== null;
  return { ...plan, needs: needed ? needs : null };
}

/** The organization that occupies a site at a moment, or null. */
export function occupantAt(occupancies: readonly Occupancy[], time: string): string | null {
  const at = Temporal.Instant.from(time);
  const found = occupancies.find(
    ({ from, to }) =>
      Temporal.Instant.compare(Temporal.Instant.from(from), at) <= 0 &&
      (to === null || Temporal.Instant.compare(at, Temporal.Instant.from(to)) < 0),
  );
  return found?.org_id ?? null;
}

/** As metering takes usage: from 2000 to a day from now. Said of the whole day, before anything is made for it. */
function outsideWindow(day: Nem12Day, now: Temporal.Instant): Fault | null {
  const last = intervalStart(day.date, day.block.interval_minutes, day.values.length - 1);
  const is_late = Temporal.Instant.compare(Temporal.Instant.from(last), now.add({ hours: 24 })) > 0;
  const is_early = intervalStart(day.date, day.block.interval_minutes, 0) < '2000';
  return is_late || is_early ? fault('time_out_of_window', `${day.date} is not within 2000 and a day from now`) : null;
}

function nextStart(occupancies: readonly Occupancy[], time: string): string | null {
  const at = Temporal.Instant.from(time);
  const later = occupancies
    .map((one) => one.from)
    .filter((from) => Temporal.Instant.compare(Temporal.Instant.from(from), at) > 0);
  later.sort((a, b) => Temporal.Instant.compare(Temporal.Instant.from(a), Temporal.Instant.from(b)));
  return later[0] ?? null;
}

function ownerFault(occupant: string | null, time: string, nmi: string, options: ImportOptions): Fault | null {
  if (occupant === null) return fault('site_unoccupied', `nobody occupies the site of ${nmi} at ${time}`);
  if (options.org_id !== null && occupant !== options.org_id) {
    return fault('occupied_by_another', `another organization than the import's occupies the site of ${nmi} at ${time}`);
  }
  return null;
}

/** Energy is billed by the kilowatt-hour; anything else in the unit that the file has. */
function unitOfNewSku(unit: string): string {
  return 'power' in conversion(unit, 'kWh') || unit === '' ? 'kWh' : unit;
}
