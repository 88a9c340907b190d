import type { Meter, Register } from '../model.ts';

/** What consumption and export become when nothing else is said. */
export const default_skus = { import: 'energy', export: 'energy-export' } as const;

/** Which SKU a register's values are usage of, and whether the meter has yet to learn it. */
export interface Mapping {
  sku: string;
  direction: Register['direction'];
  known: boolean;
}

/**
 * The rule, first match wins: what the meter says of the register; what the import maps by the register's name (`Q1`) or
 * letter (`Q`); for consumption (E) the import's SKU, then the meter's, then `energy`; for export (B) `energy-export`.
 * Anything else (reactive energy, voltage, power factor) is billed only when it is mapped: null.
 */
export function mapRegister(
  register: string,
  meter: Pick<Meter, 'sku' | 'registers'> | null,
  options: { sku: string | null; registers: Readonly<Record<string, string>> },
): Mapping | null {
  const known = meter?.registers.find((one) => one.register === register);
  if (known) return { sku: known.sku, direction: known.direction, known: true };
  const letter = register.slice(0, 1);
  const direction = letter === 'B' ? 'export' : 'import';
  const named = option(options.registers, register) ?? option(options.registers, letter);
  if (named !== undefined) return { sku: named, direction, known: false };
  if (letter === 'E') return { sku: options.sku ?? meter?.sku ?? default_skus.import, direction, known: false };
  if (letter === 'B') return { sku: default_skus.export, direction, known: false };
  return null;
}

function option(map: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}
