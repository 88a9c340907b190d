import type { JsonObject } from '../kernel/canonical-json.ts';
import { parseDecimal } from '../kernel/decimal.ts';
import { addExact, exact, multiplyExact, ratio } from '../kernel/exact.ts';
import { AGGREGATIONS, type Aggregation, type ModelName } from './language.ts';
import type { CompiledPrice } from './model.ts';
import type { Step } from './step.ts';
import { type EventInput, type EventUsage, readEvents, type UsageEvent } from './usage.ts';

/** Every way in which a SKU makes one quantity of its events. The last two are made of the events before the price sees them. */
export const SKU_AGGREGATIONS = [...AGGREGATIONS, 'unique_count', 'weighted_sum'] as const;
export type SkuAggregation = (typeof SKU_AGGREGATIONS)[number];

/** An event as metering has it. Decimals are texts; what it lacks is null or absent. */
export interface MeteredEvent {
  readonly request_id: string;
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly quantity?: string | null;
  readonly amount?: string | null;
  readonly properties?: JsonObject | null;
}

/** The events that count: neither a counter-event, nor one that a counter-event beside it takes back. */
export function whatStands<E extends { readonly request_id: string; readonly voids?: string | null }>(events: readonly E[]): E[] {
  const voided = new Set(events.flatMap(({ voids }) => (voids == null ? [] : [voids])));
  return voided.size === 0 ? [...events] : events.filter(({ request_id, voids }) => voids == null && !voided.has(request_id));
}

/** How a SKU's events are read. */
export interface MeteredTerms {
  readonly aggregation: string;
  readonly allow_negative?: boolean | undefined;
  readonly time_zone?: string | undefined;
  /** For `unique_count`: the property whose distinct values count. */
  readonly unique_by?: string | undefined;
  /** For `weighted_sum`: the time over which the stock is averaged, and what was there when it began. */
  readonly during?: { readonly from: string; readonly to: string } | undefined;
  readonly opening?: string | undefined;
}

/** Whether a period's one quantity does not say enough: the price, or the aggregation, is over single events. */
export function pricedByEvents(price: { readonly model?: unknown; readonly bucket?: unknown }, aggregation: string): boolean {
  if (price.bucket !== undefined || !QUANTITY_MODELS.has(price.model as ModelName)) return true;
  return aggregation === 'average' || MADE_BEFOREHAND.has(aggregation);
}

/** Whether usage of several parts adds up, so that each part is priced on top of those before. */
export function addsUp(price: { readonly model?: unknown; readonly bucket?: unknown }, aggregation: string): boolean {
  return !pricedByEvents(price, aggregation) && (aggregation === 'sum' || aggregation === 'count');
}

/** Whether a price can be over an aggregation: what is made beforehand has no events left to send to buckets, cells or bands. */
export function fitsAggregation(price: { readonly model?: unknown; readonly bucket?: unknown }, aggregation: string): boolean {
  return !MADE_BEFOREHAND.has(aggregation) || !pricedByEvents(price, 'sum');
}

const QUANTITY_MODELS: ReadonlySet<ModelName> = new Set(['unit', 'flat', 'graduated', 'volume', 'package']);
const MADE_BEFOREHAND: ReadonlySet<string> = new Set(['unique_count', 'weighted_sum']);

/** Metered events as the models see them; one that lacks what the price counts adds nothing. */
export function meteredUsage(compiled: CompiledPrice, events: readonly MeteredEvent[], terms: MeteredTerms): EventUsage {
  const { aggregation, allow_negative = false } = terms;
  const read = (aggregated: Aggregation, given = events) =>
    readEvents(counted(compiled, given, aggregated), { allow_negative, aggregation: aggregated });
  if (aggregation === 'unique_count') return read('count', firstOfEach(events, terms.unique_by));
  if (aggregation === 'weighted_sum') return weighted(read('sum'), terms);
  return read(aggregation as Aggregation);
}

function counted(compiled: CompiledPrice, events: readonly MeteredEvent[], aggregation: Aggregation): EventInput[] {
  const { model } = compiled;
  const lacks = (event: MeteredEvent): boolean => {
    if (model.shape === 'parts') return false;
    if (model.shape === 'events' || model.over === 'amount') return event.amount == null;
    return aggregation !== 'count' && event.quantity == null;
  };
  return events
    .filter((event) => !lacks(event))
    .map(({ request_id, time, quantity, amount, properties }) => ({
      request_id,
      time,
      properties: properties ?? undefined,
      amount: amount ?? undefined,
      // A cell or band may be over money or over units: what has only the one is no unit of the other.
      quantity: quantity ?? (model.shape === 'parts' ? '0' : undefined),
    }));
}

/** The first event of each distinct value, in order of time; those without the property are nobody's. */
function firstOfEach(events: readonly MeteredEvent[], property: string | undefined): MeteredEvent[] {
  const seen = new Set<string>();
  return events.filter(({ properties }) => {
    const value =
      property === undefined || !properties || !Object.hasOwn(properties, property) ? undefined : properties[property];
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return false;
    const is_new = !seen.has(`${value}`);
    seen.add(`${value}`);
    return is_new;
  });
}

/** Each change counts for the part of the time that was left when it came; what was there before counts whole. */
function weighted({ events }: EventUsage, { during, opening = '0' }: MeteredTerms): EventUsage {
  if (!during) return { events, aggregation: 'sum' };
  const [from, to] = [nanoseconds(during.from), nanoseconds(during.to)];
  const held = events.map((event): UsageEvent => {
    const since = event.time === undefined || event.time.epochNanoseconds < from ? from : event.time.epochNanoseconds;
    return { ...event, quantity: multiplyExact(event.quantity!, ratio(to - since, to - from)) };
  });
  const before: UsageEvent = { ...BARE, id: 'opening', quantity: exact(parseDecimal(opening)) };
  return { events: before.quantity!.units === 0n ? held : [before, ...held], aggregation: 'sum' };
}

const BARE = { order: '', pointer: '', amount: undefined, fraction: undefined, time: undefined, properties: {} };

function nanoseconds(moment: string): bigint {
  return Temporal.Instant.from(moment).epochNanoseconds;
}

/** Joins the steps that say the same of different events, in the order in which they first appear. */
export function condensed(steps: readonly Step[]): Step[] {
  const joined = new Map<string, Step>();
  for (const step of steps) {
    const { kind, rate = '', tier = '', part = '', bucket = '' } = step;
    const key = [kind, rate, tier, part, bucket].join('\n');
    const known = joined.get(key);
    joined.set(key, known ? together(known, step) : { ...step, event: undefined });
  }
  return [...joined.values()];
}

function together(a: Step, b: Step): Step {
  const quantity = a.quantity && b.quantity ? addExact(a.quantity, b.quantity) : (a.quantity ?? b.quantity);
  return { ...a, amount: addExact(a.amount, b.amount), quantity, texts: undefined };
}
