import type { Commodity, Register } from '../model.ts';
import type { MeterSeries } from './row.ts';

/** What consumption and export become when nothing else is said. */
const default_skus = {
  electricity: { import: 'energy', export: 'energy-export' },
  gas: { import: 'gas', export: 'gas-export' },
  water: { import: 'water', export: 'water-export' },
  heat: { import: 'heat', export: 'heat-export' },
} as const satisfies Record<Commodity, Record<Register['direction'], string>>;

/** Which SKU a register's values are usage of, and whether the meter has yet to learn it. */
export interface Mapping {
  sku: string;
  direction: Register['direction'];
  known: boolean;
}

/**
 * The rule, first match wins: what the meter says of the register; what the import maps by the register's name (`Q1`) or
 * letter (`Q`); for consumption the import's SKU, then the meter's, then the commodity's (`energy`, `gas`); for export the commodity's
 * (`energy-export`). Anything else (reactive energy, voltage, power factor) is billed only when it is mapped: null.
 */
export function mapRegister(
  { register, flow, commodity }: Pick<MeterSeries, 'register' | 'flow' | 'commodity'>,
  meter: { sku: string; registers: readonly Pick<Register, 'register' | 'sku' | 'direction'>[] } | null,
  options: { sku: string | null; registers: Readonly<Record<string, string>> },
): Mapping | null {
  const known = meter?.registers.find((one) => one.register === register);
  if (known) return { sku: known.sku, direction: known.direction, known: true };
  const direction = flow ?? 'import';
  const named = option(options.registers, register) ?? option(options.registers, register.slice(0, 1));
  if (named !== undefined) return { sku: named, direction, known: false };
  if (flow === 'import') return { sku: options.sku ?? meter?.sku ?? skuOf({ commodity }, 'import'), direction, known: false };
  if (flow === 'export') return { sku: skuOf({ commodity }, 'export'), direction, known: false };
  return null;
}

export function skuOf({ commodity }: { commodity: Commodity }, direction: Register['direction']): string {
  return default_skus[commodity][direction];
}

/** How the market's names of registers count: E is consumption, B export, everything else neither. */
export function flowOfLetter(register: string): MeterSeries['flow'] {
  if (register.startsWith('E')) return 'import';
  return register.startsWith('B') ? 'export' : null;
}

function option(map: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}
