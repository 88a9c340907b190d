import { type DecimalFault, decimalText, readDecimal } from '../kernel/decimal.ts';
import type { CodedError, Fault } from '../kernel/errors.ts';
import {
  addExact,
  compareExact,
  type Exact,
  exact,
  multiplyExact,
  NOTHING,
  parseFraction,
  ratio,
  whole,
} from '../kernel/exact.ts';
import { errors, refusal } from './errors.ts';
import type { Aggregation } from './language.ts';

/** One event as a caller gives it. Numbers are decimal texts, or JSON numbers that hold their text exactly. */
export interface EventInput {
  readonly request_id?: string | undefined;
  readonly quantity?: string | number | undefined;
  /** The part of the period that the units were held: a decimal or a ratio such as `11/30`, from 0 to 1. */
  readonly fraction?: string | number | undefined;
  readonly amount?: string | number | undefined;
  /** RFC 3339 with offset. */
  readonly time?: string | undefined;
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
}

/** One event as the models see it. */
export interface UsageEvent {
  /** The request id, or the event's place in the list where it has none. */
  readonly id: string;
  /** Among events of one time; those without a request id come first, as given. */
  readonly order: string;
  readonly pointer: string;
  readonly quantity: Exact | undefined;
  readonly amount: Exact | undefined;
  readonly fraction: Exact | undefined;
  readonly time: Temporal.Instant | undefined;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Counting is a sum here: each event then has the quantity one. */
export type EventAggregation = Exclude<Aggregation, 'count'>;

/** What is priced: a quantity that is known already, or events in their order. */
export type Usage = QuantityUsage | EventUsage;

export interface QuantityUsage {
  readonly quantity: Exact;
  readonly events?: undefined;
}

export interface EventUsage {
  readonly quantity?: undefined;
  readonly events: readonly UsageEvent[];
  readonly aggregation: EventAggregation;
}

/** Reads a quantity: 12 decimals, 26 digits before them; below zero only with `allow_negative`. */
export function readQuantity(json: unknown, { allow_negative }: { allow_negative: boolean }): Exact {
  const quantity = readDecimal(json);
  if (typeof quantity === 'string') throw usageInvalid([fault('/quantity', quantity)]);
  if (quantity.units < 0n && !allow_negative) throw refusal('negative_refused', '/quantity', BELOW_ZERO);
  return exact(quantity);
}

/** Reads events and puts them in order of (time, request id); those without a time stay where they are. */
export function readEvents(
  inputs: readonly EventInput[],
  options: { allow_negative: boolean; aggregation: Aggregation },
): EventUsage {
  const faults: Fault[] = [];
  const events = inputs.map((input, index) => readEvent(input, index, options.aggregation, faults));
  if (faults.length > 0) throw usageInvalid(faults);
  const negative = options.allow_negative ? undefined : events.find((event) => event.quantity && event.quantity.units < 0n);
  if (negative) throw refusal('negative_refused', `${negative.pointer}/quantity`, BELOW_ZERO);
  return { events: inOrder(events), aggregation: options.aggregation === 'count' ? 'sum' : options.aggregation };
}

/** The events' aggregate; zero of none. Every event must have a value. */
export function aggregate(values: readonly Exact[], aggregation: EventAggregation): Exact {
  if (values.length === 0) return NOTHING;
  switch (aggregation) {
    case 'sum':
      return sum(values);
    case 'max':
      return values.reduce((a, b) => (compareExact(a, b) >= 0 ? a : b));
    case 'min':
      return values.reduce((a, b) => (compareExact(a, b) <= 0 ? a : b));
    case 'latest':
      return values[values.length - 1]!;
    case 'average':
      return multiplyExact(sum(values), ratio(1n, BigInt(values.length)));
  }
}

/** The events' quantities; refuses an event without one. */
export function quantitiesOf(events: readonly UsageEvent[]): Exact[] {
  return events.map((event) => event.quantity ?? missing(event, 'quantity'));
}

/** The events' amounts of money; refuses an event without one, and one below zero unless told that it may be. */
export function amountsOf(events: readonly UsageEvent[], { negative }: { negative: boolean }): Exact[] {
  return events.map((event) => {
    const amount = event.amount ?? missing(event, 'amount');
    if (amount.units >= 0n || negative) return amount;
    throw refusal('negative_refused', `${event.pointer}/amount`, 'An event’s amount is below zero.');
  });
}

/** The event's moment; refuses an event without one. */
export function timeOf(event: UsageEvent): Temporal.Instant {
  return event.time ?? missing(event, 'time');
}

function sum(values: readonly Exact[]): Exact {
  return values.reduce(addExact);
}

function missing(event: UsageEvent, field: 'quantity' | 'amount' | 'time'): never {
  const detail = `Every event needs ${field === 'amount' ? 'an amount' : `a ${field}`} for this price.`;
  throw usageInvalid([{ pointer: `${event.pointer}/${field}`, code: 'required', detail }]);
}

function usageInvalid(faults: readonly Fault[]): CodedError {
  return errors.usage_invalid({ detail: faults[0]?.detail, errors: faults.slice(0, 100) });
}

const BELOW_ZERO = 'The quantity is below zero.';

function readEvent(input: EventInput, index: number, aggregation: Aggregation, faults: Fault[]): UsageEvent {
  const pointer = `/events/${index}`;
  const number = (field: 'quantity' | 'amount'): Exact | undefined => {
    if (input[field] === undefined) return undefined;
    const read = readDecimal(input[field]);
    if (typeof read !== 'string') return exact(read);
    faults.push(fault(`${pointer}/${field}`, read));
    return undefined;
  };
  const fraction = readFraction(input.fraction);
  if (fraction === null) faults.push(fault(`${pointer}/fraction`, 'fraction_invalid'));
  const time = readTime(input.time);
  if (time === null) faults.push(fault(`${pointer}/time`, 'time_invalid'));
  return {
    id: input.request_id ?? `${index}`,
    order: input.request_id ?? '',
    pointer,
    quantity: aggregation === 'count' ? whole(1n) : number('quantity'),
    amount: number('amount'),
    fraction: fraction ?? undefined,
    time: time ?? undefined,
    properties: input.properties ?? {},
  };
}

/** Null where the text is no fraction from 0 to 1. */
function readFraction(json: unknown): Exact | undefined | null {
  if (json === undefined) return undefined;
  const text = decimalText(json);
  const fraction = text === undefined ? undefined : parseFraction(text);
  return fraction && fraction.units >= 0n && compareExact(fraction, whole(1n)) <= 0 ? fraction : null;
}

/** Null where the text is no RFC 3339 time with an offset. */
function readTime(text: unknown): Temporal.Instant | undefined | null {
  if (text === undefined) return undefined;
  if (typeof text !== 'string' || !RFC_3339.test(text)) return null;
  try {
    return Temporal.Instant.from(text);
  } catch {
    return null;
  }
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/** Events with a time are sorted among the places that such events hold; the others keep theirs. */
function inOrder(events: readonly UsageEvent[]): UsageEvent[] {
  const timed = events.filter((event) => event.time !== undefined);
  if (timed.length === 0) return [...events];
  timed.sort((a, b) => Temporal.Instant.compare(a.time!, b.time!) || compareIds(a.order, b.order));
  let next = 0;
  return events.map((event) => (event.time === undefined ? event : timed[next++]!));
}

/** By code point, which is also the order of the UTF-8 bytes. */
function compareIds(a: string, b: string): number {
  if (a === b) return 0;
  const [left, right] = [[...a], [...b]];
  for (let at = 0; at < left.length && at < right.length; at += 1) {
    const apart = left[at]!.codePointAt(0)! - right[at]!.codePointAt(0)!;
    if (apart !== 0) return apart;
  }
  return left.length - right.length;
}

function fault(pointer: string, code: DecimalFault | 'fraction_invalid' | 'time_invalid'): Fault {
  const details = {
    decimal_invalid: 'must be a decimal number without exponent',
    too_many_decimals: 'has more than 12 decimals',
    too_many_digits: 'has more than 26 digits before the point',
    fraction_invalid: 'must be a decimal or a ratio such as 11/30, from 0 to 1',
    time_invalid: 'must be a time of RFC 3339 with an offset',
  };
  return { pointer, code, detail: `${pointer} ${details[code]}.` };
}
