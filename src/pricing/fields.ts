import { type DigitLimits, formatDecimal, QUANTITY_DIGITS, readDecimal } from '../kernel/decimal.ts';
import type { Fault } from '../kernel/errors.ts';

/** Every fault that a price can have, by name. */
export type PriceFault =
  | 'required'
  | 'unknown_field'
  | 'term_unsupported'
  | 'wrong_type'
  | 'model_unknown'
  | 'model_unsupported'
  | 'nesting_too_deep'
  | 'too_many'
  | 'empty'
  | 'decimal_invalid'
  | 'too_many_decimals'
  | 'too_many_digits'
  | 'negative'
  | 'not_above_zero'
  | 'not_whole'
  | 'percent_over_100'
  | 'minimum_above_maximum'
  | 'discount_invalid'
  | 'transform_invalid'
  | 'bucket_invalid'
  | 'tiers_gap'
  | 'tiers_overlap'
  | 'tiers_descend'
  | 'tiers_missing_last'
  | 'dimension_unknown'
  | 'dimension_duplicate'
  | 'time_zone_unknown'
  | 'band_invalid'
  | 'band_empty';

export type Sign = 'any' | 'not_negative' | 'above_zero';

export interface Report {
  readonly faults: Fault[];
  /** The currency's decimals, which bound every amount. */
  readonly currency_decimals: number;
}

/** Rates, unit amounts, percentages: up to 12 decimals. */
export const RATE_DIGITS: DigitLimits = QUANTITY_DIGITS;

/** How many items a list may hold, where nothing narrower is said. */
const MAX_ITEMS = 10_000;

/**
 * Reads one JSON object field by field, notes every fault with its pointer and goes on, so that an author sees all of them at
 * once. What a reader answers after a fault is only a placeholder: the price is refused anyway.
 */
export class Fields {
  readonly pointer: string;
  readonly report: Report;
  private readonly json: Record<string, unknown>;
  private readonly read = new Set<string>();

  constructor(json: unknown, pointer: string, report: Report) {
    this.pointer = pointer;
    this.report = report;
    const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
    this.json = isObject ? (json as Record<string, unknown>) : {};
    if (!isObject) this.fault(undefined, 'wrong_type', 'must be an object');
  }

  fault(name: string | undefined, code: PriceFault, detail: string): void {
    this.report.faults.push({
      pointer: name === undefined ? this.pointer : this.at(name),
      code,
      detail: `${name?.slice(0, 60) ?? 'This'} ${detail}.`,
    });
  }

  at(name: string | number): string {
    return `${this.pointer}/${`${name}`.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.json, name) && this.json[name] !== undefined;
  }

  names(): string[] {
    return Object.keys(this.json);
  }

  /** The raw value; undefined when absent. */
  value(name: string): unknown {
    this.read.add(name);
    return Object.hasOwn(this.json, name) ? this.json[name] : undefined;
  }

  required(name: string): unknown {
    const value = this.value(name);
    if (value === undefined) this.fault(name, 'required', 'is missing');
    return value;
  }

  /** A quantity, rate or unit amount: at most 12 decimals as written, 26 digits before them. */
  decimal(name: string, sign: Sign = 'any', limits: DigitLimits = RATE_DIGITS): string | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : this.decimalOf(value, name, sign, limits);
  }

  requiredDecimal(name: string, sign: Sign = 'any', limits: DigitLimits = RATE_DIGITS): string {
    if (this.required(name) === undefined) return '0';
    return this.decimal(name, sign, limits) ?? '0';
  }

  /** An amount of money: at most the currency's decimals as written. */
  amount(name: string, sign: Sign = 'any'): string | undefined {
    return this.decimal(name, sign, this.amountLimits());
  }

  requiredAmount(name: string): string {
    return this.requiredDecimal(name, 'any', this.amountLimits());
  }

  flag(name: string): boolean | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'boolean') return value;
    this.fault(name, 'wrong_type', 'must be true or false');
    return undefined;
  }

  text(name: string): string {
    const value = this.required(name);
    if (typeof value === 'string' && value.length > 0 && value.length <= 200) return value;
    if (value !== undefined) this.fault(name, 'wrong_type', 'must be a text of 1 to 200 characters');
    return '';
  }

  choice<const T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) this.fault(name, 'wrong_type', `must be one of ${choices.join(', ')}`);
    return found;
  }

  /** A list, each item read by `item`; absent is an empty list without fault. */
  list<T>(name: string, item: (json: unknown, pointer: string) => T, most = MAX_ITEMS): T[] {
    const value = this.value(name);
    if (value === undefined) return [];
    if (!Array.isArray(value)) {
      this.fault(name, 'wrong_type', 'must be a list');
      return [];
    }
    if (value.length > most) {
      this.fault(name, 'too_many', `has more than ${most} items`);
      return [];
    }
    return value.map((json, index) => item(json, `${this.at(name)}/${index}`));
  }

  requiredList<T>(name: string, item: (json: unknown, pointer: string) => T, most = MAX_ITEMS): T[] {
    if (this.required(name) === undefined) return [];
    return this.list(name, item, most);
  }

  object(json: unknown, pointer: string): Fields {
    return new Fields(json, pointer, this.report);
  }

  /** Every field that nobody read is unknown. */
  close(): void {
    for (const name of this.names()) {
      if (this.has(name) && !this.read.has(name)) this.fault(name, 'unknown_field', 'is no field of the price language here');
    }
  }

  private amountLimits(): DigitLimits {
    return { decimals: this.report.currency_decimals, digits: QUANTITY_DIGITS.digits };
  }

  private decimalOf(value: unknown, name: string, sign: Sign, limits: DigitLimits): string | undefined {
    const read = readDecimal(value, limits);
    if (typeof read === 'string') {
      const details = {
        decimal_invalid: 'must be a decimal number, written as a text without exponent',
        too_many_decimals: `has more than ${limits.decimals} decimals`,
        too_many_digits: `has more than ${limits.digits} digits before the point`,
      };
      this.fault(name, read, details[read]);
      return undefined;
    }
    if (sign === 'not_negative' && read.units < 0n) this.fault(name, 'negative', 'must not be below zero');
    if (sign === 'above_zero' && read.units <= 0n) this.fault(name, 'not_above_zero', 'must be above zero');
    return formatDecimal(read);
  }
}

/** Drops fields that are undefined, so that equal prices have equal JSON. */
export function present<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}
