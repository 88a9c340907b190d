import type { Commodity, QualityFlag } from '../model.ts';
import { type Fault, fault, shown } from './faults.ts';
import type { MeterRow, MeterSeries } from './row.ts';
import { type Spans, spans } from './spans.ts';
import { convert } from './units.ts';

/** What the values of a meter reading are: where its usage point, its reading type and their links were found. */
export interface Channel extends Pick<MeterSeries, 'kind' | 'meter' | 'register' | 'flow' | 'commodity' | 'unit'> {
  /** Values are integers times ten to this power. */
  power: number;
  /** Seconds; null where each reading says its own. */
  interval_length: number | null;
  /** ISO 4217, by number, of costs. */
  currency: string;
  /** Where the next reading without a time of its own begins; null before the first. */
  next_s: number | null;
  may_be_negative: boolean;
  /** What the file has had of it. */
  seen: Spans;
}

/** An IntervalReading as written. */
export interface WrittenReading {
  line: number;
  /** `start`, `duration`, `value`, `cost`, `quality`. */
  fields: Partial<Record<string, string>>;
  block_start: string | null;
}

/** An entry with what its reading type or usage point says. */
interface Said {
  fields: Readonly<Record<string, string>>;
}

/**
 * What a ReadingType says: unit (`uom`) and power of ten, direction, commodity, and whether values are what was used (delta data) or what
 * a register showed (bulk quantity, summation). Codes: NAESB ESPI, espi.xsd. Forward electricity is E1, reverse B1, net N1; reactive Q1 and
 * K1; another unit U and its code; times of use and tiers have registers of their own.
 */
export function channelOfType(type: Said, point: Said, meter: string): Channel | Fault {
  const { uom = '72', powerOfTenMultiplier = '0', flowDirection = '1', accumulationBehaviour = '4' } = type.fields;
  const {
    intervalLength = '',
    currency = '',
    tou = '0',
    consumptionTier = '0',
    commodity = '',
    dataQualifier = '12',
  } = type.fields;
  if (!/^-?\d{1,2}$/.test(powerOfTenMultiplier) || Math.abs(int(powerOfTenMultiplier)) > 12)
    return fault('power_invalid', `the power of ten “${shown(powerOfTenMultiplier)}” is not within −12 and 12`);
  const unit = units.get(uom);
  const supply = services.get(point.fields.kind ?? '') ?? commodities.get(commodity) ?? 'electricity';
  const is_delta = accumulationBehaviour === '4' || accumulationBehaviour === '0';
  const is_read = ['1', '9', '13'].includes(accumulationBehaviour);
  // Averages, highest and lowest values are no usage, nor is what an instrument indicates.
  const is_usage = (is_delta || is_read) && ['0', '12', ''].includes(dataQualifier);
  const letter = letterOf(uom, flowDirection, unit !== undefined && is_usage);
  const parts = [tou === '0' ? '' : `.T${tou}`, consumptionTier === '0' ? '' : `.C${consumptionTier}`].join('');
  return {
    kind: is_read ? 'register' : 'interval',
    meter,
    register: `${letter}${/^[.A-Z0-9]{0,20}$/.test(parts) ? parts : ''}`,
    flow: letter === 'E1' ? 'import' : letter === 'B1' ? 'export' : null,
    commodity: supply,
    unit: unit ?? `uom ${uom.slice(0, 10)}`,
    power: int(powerOfTenMultiplier),
    interval_length: /^\d{1,9}$/.test(intervalLength) && int(intervalLength) > 0 ? int(intervalLength) : null,
    currency,
    next_s: null,
    may_be_negative: flowDirection === '4',
    seen: spans(),
  };
}

/** A reading of a channel, or what is wrong with it. */
export function rowOf({ line, fields, block_start }: WrittenReading, channel: Channel): MeterRow | Fault {
  const { start = '', duration = '', value = '', cost = '', quality = '' } = fields;
  const start_s = /^\d{1,11}$/.test(start) ? int(start) : start === '' ? follows(channel, block_start) : null;
  const length_s = /^\d{1,9}$/.test(duration) ? int(duration) : duration === '' ? channel.interval_length : null;
  if (start_s === null || start_s > latest_s)
    return fault('time_invalid', `the start “${shown(start)}” is not a time in seconds since 1970`);
  if (length_s === null || length_s === 0)
    return fault('time_invalid', `the duration “${shown(duration)}” is not a number of seconds`);
  channel.next_s = start_s + length_s;
  if (!/^-?\d{1,18}$/.test(value))
    return fault(value === '' ? 'value_missing' : 'value_invalid', `the value “${shown(value)}” is not an integer`);
  if (value.startsWith('-') && !channel.may_be_negative)
    return fault('value_negative', `the value is ${shown(value)}; only net flow may be negative`);
  if (!channel.seen.add(start_s, start_s + length_s))
    return fault('interval_repeated', `part of the time from ${start_s} for ${length_s} s stands in the file above`);
  const scaled = convert(value, channel.power);
  const is_read = channel.kind === 'register';
  return {
    line,
    start_ms: start_s * 1000,
    end_ms: (start_s + length_s) * 1000,
    value: is_read ? null : scaled,
    quality: qualities.get(quality) ?? (quality === '' ? 'A' : 'E'),
    flags: {
      ...(quality === '' ? {} : { quality_code: quality.slice(0, 10) }),
      // Thousandths of a hundredth of the currency, by the standard.
      ...(/^-?\d{1,15}$/.test(cost) ? { cost: convert(cost, -5), currency: channel.currency.slice(0, 10) } : {}),
    },
    ...(is_read ? { reads: { start: null, end: scaled } } : {}),
  };
}

/** 2100-01-01. */
const latest_s = 4_102_444_800;

function follows(channel: Channel, block_start: string | null): number | null {
  if (channel.next_s !== null) return channel.next_s;
  return block_start !== null && /^\d{1,11}$/.test(block_start) ? int(block_start) : null;
}

function letterOf(uom: string, direction: string, is_usage: boolean): string {
  if (!is_usage) return `U${uom.slice(0, 10)}`;
  if (uom === '73') return direction === '19' ? 'K1' : 'Q1';
  if (uom === '71') return 'S1';
  if (direction === '19') return 'B1';
  return direction === '4' ? 'N1' : 'E1';
}

function int(text: string): number {
  return Number.parseInt(text, 10);
}

/** UnitSymbolKind, as far as it measures an amount. */
const units = new Map([
  ['31', 'J'],
  ['42', 'm3'],
  ['71', 'VAh'],
  ['72', 'Wh'],
  ['73', 'VArh'],
  ['119', 'ft3'],
  ['128', 'gal'],
  ['132', 'BTU'],
  ['134', 'L'],
  ['169', 'therm'],
]);

/** ServiceKind of a usage point. */
const services = new Map<string, Commodity>([
  ['0', 'electricity'],
  ['1', 'gas'],
  ['2', 'water'],
  ['4', 'heat'],
]);

/** CommodityKind of a reading type. */
const commodities = new Map<string, Commodity>([
  ['1', 'electricity'],
  ['2', 'electricity'],
  ['7', 'gas'],
  ['9', 'water'],
  ['14', 'water'],
  ['10', 'heat'],
  ['12', 'heat'],
]);

/** QualityOfReading → flag: valid, validated, verified, raw, revenue quality; edited; estimated, questionable, derived, projected; mixed. */
const qualities = new Map<string, QualityFlag>([
  ...['0', '14', '17', '18', '19'].map((code): [string, QualityFlag] => [code, 'A']),
  ['7', 'S'],
  ...['8', '9', '10', '11', '12', '15', '16'].map((code): [string, QualityFlag] => [code, 'E']),
  ['13', 'V'],
]);
