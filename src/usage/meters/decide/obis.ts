import type { Commodity } from '../model.ts';
import type { MeterSeries } from './row.ts';

/** What an OBIS code (IEC 62056-61, `A-B:C.D.E`) says of a register's values. */
export interface ObisMeaning extends Pick<MeterSeries, 'flow' | 'commodity'> {
  /** As registers are named here: `1-1:1.29.0` is `1-1.1.29.0`. */
  register: string;
  /** What values are in where the file does not say. */
  unit: string;
  /** True where values are what the counter shows, not what was used. */
  is_counter: boolean;
}

/** Null for what is no OBIS code. */
export function readObis(code: string): ObisMeaning | null {
  const parts = /^(\d{1,3})-(\d{1,3}):(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?(?:[*&]\d{1,3})?$/.exec(code);
  if (parts === null) return null;
  const [, medium = '', , quantity = '', processing = ''] = parts;
  const commodity = media.get(medium);
  if (commodity === undefined) return null;
  const is_electricity = commodity === 'electricity';
  const is_reactive = is_electricity && /^[3-8]$/.test(quantity);
  const is_amount = amounts.has(processing) || !is_electricity;
  return {
    register: code.replace(':', '.').replace(/[*&].*$/, ''),
    commodity,
    flow: !is_amount || is_reactive ? null : is_electricity ? (directions.get(quantity) ?? null) : 'import',
    unit: is_reactive ? 'kvarh' : commodity === 'water' || (commodity === 'gas' && quantity === '3') ? 'm3' : 'kWh',
    is_counter: processing === '8',
  };
}

const media = new Map<string, Commodity>([
  ['1', 'electricity'],
  ['6', 'heat'],
  ['7', 'gas'],
  ['8', 'water'],
  ['9', 'water'],
]);

/** Active energy, taken and given back. */
const directions = new Map<string, MeterSeries['flow']>([
  ['1', 'import'],
  ['2', 'export'],
]);

/** Value group D of time integrals; the others are powers, averages and highest values. */
const amounts = new Set(['8', '9', '10', '17', '18', '19', '20', '29', '30']);
