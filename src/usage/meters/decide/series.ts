import type { Sku } from '../../../offer/catalog/model.ts';
import type { ReadingQuality } from '../model/readings.ts';
import type { ImportOptions, Meter, Occupancy, QualityFlag, Register, RegisterRead, UsageRow } from '../model.ts';
import { type Fault, fault, shown } from './faults.ts';
import { nextStart, occupantFinder } from './occupant.ts';
import { mapRegister, skuOf } from './registers.ts';
import { type MeterRow, type MeterSeries, timeText } from './row.ts';
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
  /** The meter's SKU, and the unit it would have. */
  meter: { sku: string; unit: string } | null;
  register: Register | null;
  /** The SKU of the register, and the unit it would have. */
  sku: { sku: string; unit: string } | null;
  occupancy: { from: string; to: string | null } | null;
}

export interface SeriesPlan {
  rows: UsageRow[];
  /** What a known counter showed, where the file says only that. */
  reads: RegisterRead[];
  faults: (Fault & { line: number })[];
  notes: Fault[];
  /** Values of a register that is not billed. */
  unmapped: number;
  /** Intervals without a value. */
  missing: number;
  needs: Missing | null;
}

/**
 * A series as usage events: which SKU, in which unit, whose. A value is one event, zero included, so that what is complete can be told
 * from what is not; it belongs to whoever occupies the site when it begins.
 */
export function planSeries(
  series: MeterSeries,
  state: MeterState,
  skus: ReadonlyMap<string, Sku>,
  options: ImportOptions,
  now: Temporal.Instant,
): SeriesPlan {
  const { meter, register, unit } = series;
  const refuse = (problem: Fault): SeriesPlan => refusedSeries(series, problem);
  const may_make = options.create_missing && options.org_id !== null;
  const outside = outsideWindow(series.rows, now);
  if (outside) return refuse(outside);
  if (state.meter === null && !may_make)
    return refuse(fault('meter_unknown', `no meter is called ${meter}; add it, or name the organization it belongs to`));
  const mapping = mapRegister(series, state.meter, options);
  if (mapping === null) {
    const detail = `${meter} ${register} is not billed: it is neither consumption (E) nor export (B), and no SKU is mapped to it`;
    return { ...no_plan, notes: [fault('register_unmapped', detail)], unmapped: series.rows.length };
  }
  const sku = skus.get(mapping.sku);
  if (sku === undefined && !may_make)
    return refuse(fault('sku_unknown', `${meter} ${register} is usage of ${shown(mapping.sku)}, a SKU that does not exist`));
  const target_unit = sku?.unit ?? unitOfNewSku(series);
  const power = conversion(unit, target_unit);
  if ('code' in power) return refuse(fault(power.code, `${meter} ${register}: ${power.detail}`));

  const own = state.meter?.registers.find((one) => one.register === register) ?? null;
  const target = {
    meter_id: state.meter?.meter_id ?? null,
    own,
    sku: mapping.sku,
    unit: target_unit,
    power: power.power,
    may_make,
  };
  const plan = planRows(series, state, options, target);
  // What is left of a day would look complete.
  if (plan.faults.length > 0 && series.whole) return { ...plan, rows: [], reads: [], needs: null };
  const known: Register = {
    register,
    sku: mapping.sku,
    unit: target_unit,
    direction: mapping.direction,
    ...(series.kind === 'interval'
      ? { kind: 'interval', every_minutes: minutesOf(series) }
      : { kind: 'cumulative', every_minutes: null }),
    digits: null,
    multiplier: '1',
  };
  const needs: Missing = {
    meter: state.meter === null ? { sku: options.sku ?? skuOf(series, 'import'), unit: unitOfNewSku(series) } : null,
    register: mapping.known || !may_make ? null : known,
    sku: sku === undefined ? { sku: mapping.sku, unit: target_unit } : null,
    occupancy: plan.occupancy,
  };
  const needed = needs.meter !== null || needs.register !== null || needs.sku !== null || needs.occupancy !== null;
  return { ...plan, needs: needed ? needs : null };
}

/** Nothing of it, for one reason. */
export function refusedSeries({ line }: MeterSeries, { code, detail }: Fault): SeriesPlan {
  return { ...no_plan, faults: [{ line, code, detail }] };
}

const no_plan: SeriesPlan = { rows: [], reads: [], faults: [], notes: [], unmapped: 0, missing: 0, needs: null };

interface Target {
  meter_id: string | null;
  /** Null while the meter does not know it. */
  own: Register | null;
  sku: string;
  unit: string;
  power: number;
  may_make: boolean;
}

function planRows(series: MeterSeries, state: MeterState, options: ImportOptions, target: Target) {
  const { meter, register } = series;
  const rows: UsageRow[] = [];
  const reads: RegisterRead[] = [];
  const faults: SeriesPlan['faults'] = [];
  const notes: Fault[] = [];
  let [missing, unmapped] = [0, 0];
  let occupancies = state.occupancies;
  let occupant = occupantFinder(occupancies);
  let occupancy: Missing['occupancy'] = null;
  /** Whoever is there or, where nobody is and the import may, the organization that it is for, until the next comes. */
  const occupantOrOurs = (at_ms: number): string | null => {
    const there = occupant(at_ms);
    if (there !== null || !target.may_make) return there;
    occupancy = { from: timeText(at_ms), to: nextStart(occupancies, at_ms) };
    occupancies = [...occupancies, { occupancy_id: '', site_id: '', org_id: options.org_id!, ...occupancy }];
    occupant = occupantFinder(occupancies);
    return options.org_id;
  };
  for (const row of series.rows) {
    if (row.quality === 'N') missing += 1;
    if (row.value === null && row.reads) occupantOrOurs(row.reads.start === null ? row.end_ms : row.start_ms);
    if (row.value === null && target.own?.kind === 'cumulative') reads.push(...readsOf(row, series.unit));
    else if (row.value === null) unmapped += 1;
    if (row.quality === 'N' || row.value === null) continue;
    const time = timeText(row.start_ms);
    const org_id = occupantOrOurs(row.start_ms);
    const wrong = ownerFault(org_id, time, meter, options);
    if (wrong) {
      // A day that is refused whole is refused once for one reason.
      if (!series.whole || !faults.some((one) => one.code === wrong.code)) faults.push({ line: row.line, ...wrong });
      continue;
    }
    const quantity = convert(row.value, target.power);
    if (!/^-?\d{1,26}(\.\d{1,12})?$/.test(quantity)) {
      const detail = `${shown(quantity)} ${target.unit} at ${time}; 26 digits and 12 decimals are the most`;
      faults.push({ line: row.line, ...fault('quantity_invalid', detail) });
      continue;
    }
    rows.push({
      line: row.line,
      request_id: `meter/${meter}/${register}/${time}`,
      org_id: org_id!,
      sku: target.sku,
      quantity,
      time,
      source: 'meter',
      properties: { quality: row.quality },
      metadata: { ...lengthOf(row), ...row.flags },
      ...readingOf(row, series, target),
    });
  }
  if (missing > 0) {
    const when = timeText(series.rows[0]!.start_ms);
    notes.push(fault('values_missing', `${meter} ${register} from ${when}: ${missing} intervals have no value (quality N)`));
  }
  if (unmapped > 0)
    notes.push(fault('register_reads', `${meter} ${register} shows what its register read, and no quantity that was used`));
  return { rows, reads, faults, notes, missing, unmapped, occupancy };
}

/** An interval of a register that the meter knows is judged as a reading too. */
function readingOf({ quality }: MeterRow, { kind, register }: MeterSeries, { meter_id, own }: Target): Pick<UsageRow, 'reading'> {
  if (kind !== 'interval' || meter_id === null || own?.kind !== 'interval') return {};
  return { reading: { meter_id, register, quality: qualities[quality] } };
}

function readsOf({ reads, start_ms, end_ms, quality }: MeterRow, unit: string): RegisterRead[] {
  if (reads === undefined || quality === 'N') return [];
  const read = (ms: number, value: string): RegisterRead => ({
    time: timeText(ms),
    value: convert(value, 0),
    quality: qualities[quality],
    ...(unit === '' ? {} : { unit }),
  });
  return [...(reads.start === null ? [] : [read(start_ms, reads.start)]), read(end_ms, reads.end)];
}

/** As readings have it. Several within one value, and none, are as good as a substitute at the best. */
const qualities: Readonly<Record<QualityFlag, ReadingQuality>> = {
  A: 'actual',
  F: 'final',
  S: 'substituted',
  V: 'substituted',
  E: 'estimated',
  N: 'estimated',
};

/** How long its intervals are, where they are all as long. */
function minutesOf({ rows }: MeterSeries): number | null {
  const lengths = new Set(rows.map(({ start_ms, end_ms }) => (end_ms - start_ms) / 60_000));
  const [minutes] = lengths;
  return lengths.size === 1 && Number.isInteger(minutes) && minutes! >= 1 && minutes! <= 1440 ? minutes! : null;
}

/** Whole minutes where it has them; a register's period says its end instead. */
function lengthOf({ start_ms, end_ms }: MeterRow): { minutes: string } | { to: string } {
  const minutes = (end_ms - start_ms) / 60_000;
  return Number.isInteger(minutes) && minutes <= 1440 ? { minutes: String(minutes) } : { to: timeText(end_ms) };
}

/** As metering takes usage: from 2000 to a day from now. Said of the whole series, before anything is made for it. */
function outsideWindow(rows: readonly MeterRow[], now: Temporal.Instant): Fault | null {
  const latest_ms = now.epochMilliseconds + 24 * 3_600_000;
  const wrong = rows.find(({ start_ms }) => start_ms < earliest_ms || start_ms > latest_ms);
  return wrong ? fault('time_out_of_window', `${timeText(wrong.start_ms)} is not within 2000 and a day from now`) : null;
}

/** 2000-01-01T00:00:00Z. */
const earliest_ms = 946_684_800_000;

function ownerFault(occupant: string | null, time: string, meter: string, options: ImportOptions): Fault | null {
  if (occupant === null) return fault('site_unoccupied', `nobody occupies the site of ${meter} at ${time}`);
  if (options.org_id !== null && occupant !== options.org_id)
    return fault('occupied_by_another', `another organization than the import's occupies the site of ${meter} at ${time}`);
  return null;
}

/** Electricity is billed by the kilowatt-hour; anything else in the unit that the file has. */
function unitOfNewSku({ commodity, unit }: MeterSeries): string {
  if (commodity !== 'electricity') return unit;
  return 'power' in conversion(unit, 'kWh') || unit === '' ? 'kWh' : unit;
}
