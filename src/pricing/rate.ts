import { assert } from '../kernel/assert.ts';
import {
  addExact,
  compareExact,
  type Exact,
  multiplyExact,
  NOTHING,
  negateExact,
  smaller,
  subtractExact,
} from '../kernel/exact.ts';
import { bucketStart } from './buckets.ts';
import { refusal } from './errors.ts';
import type { CompiledPrice, QuantityModel } from './model.ts';
import { splitIntoParts } from './parts.ts';
import { priceHeld, priceQuantity } from './quantity.ts';
import { inPart, type Step, step, sumSteps } from './step.ts';
import { aggregate, amountsOf, type EventUsage, quantitiesOf, timeOf, type Usage, type UsageEvent } from './usage.ts';

/**
 * Prices usage, exactly: the steps, whose amounts sum to the exact amount. Buckets are cut in `time_zone`.
 * Order, always: transform → included quantity → quantity discounts → model → percentage discounts → amount discounts → maximum
 * → minimum. Rounding to the currency comes after, once.
 */
export function rate(compiled: CompiledPrice, usage: Usage, time_zone = 'UTC'): Step[] {
  const { steps, negative } = priceByModel(compiled, usage, time_zone);
  return compiled.total_as_is ? steps : withTotalTerms(compiled, steps, negative);
}

interface Priced {
  readonly steps: Step[];
  /** The usage is below zero and was mirrored. */
  readonly negative: boolean;
}

function priceByModel(compiled: CompiledPrice, usage: Usage, time_zone: string): Priced {
  const { model, bucket } = compiled;
  switch (model.shape) {
    case 'events': {
      const { events } = requireEvents(compiled, usage);
      refuseFractions(events, compiled);
      return { steps: model.price(events), negative: false };
    }
    case 'parts':
      return priceParts(compiled, usage, time_zone);
    case 'quantity':
      return bucket ? priceBuckets(compiled, usage, time_zone) : priceOne(compiled, model, usage);
  }
}

/** One quantity: as given, or the events' aggregate, or units held for a part of the period. */
function priceOne(compiled: CompiledPrice, model: QuantityModel, usage: Usage): Priced {
  if (usage.quantity) return priced(compiled, model, usage.quantity);
  const { events, aggregation } = usage;
  if (model.over === 'amount') {
    refuseFractions(events, compiled);
    return priced(compiled, model, aggregate(amountsOf(events, { negative: false }), 'sum'));
  }
  const quantities = quantitiesOf(events);
  const held = events.find((event) => event.fraction);
  if (model.mirrors && held) {
    if (aggregation !== 'sum')
      throw refusal('fraction_unsupported', `${held.pointer}/fraction`, `Fractions belong to a sum, not to ${aggregation}.`);
    return { steps: priceHeld(compiled, model, events), negative: false };
  }
  return priced(compiled, model, aggregate(quantities, aggregation));
}

function priced(compiled: CompiledPrice, model: QuantityModel, quantity: Exact): Priced {
  return { steps: priceQuantity(compiled, model, quantity), negative: model.mirrors && quantity.units < 0n };
}

/** Each bucket's usage by itself; the results add up. */
function priceBuckets(compiled: CompiledPrice, usage: Usage, time_zone: string): Priced {
  const { model, bucket } = compiled;
  assert(model.shape === 'quantity' && bucket, 'only prices over a quantity have buckets');
  const { events, aggregation } = requireEvents(compiled, usage);
  const buckets = new Map<bigint, UsageEvent[]>();
  for (const event of events) {
    const start = bucketStart(bucket, timeOf(event), time_zone).epochNanoseconds;
    const group = buckets.get(start);
    if (group) group.push(event);
    else buckets.set(start, [event]);
  }
  let quantity = NOTHING;
  const steps = [...buckets].flatMap(([start, group]) => {
    quantity = addExact(quantity, aggregate(quantitiesOf(group), aggregation));
    const name = Temporal.Instant.fromEpochNanoseconds(start).toString();
    return priceOne(compiled, model, { events: group, aggregation }).steps.map((priced) => ({ ...priced, bucket: name }));
  });
  return { steps, negative: quantity.units < 0n };
}

function priceParts(compiled: CompiledPrice, usage: Usage, time_zone: string): Priced {
  const { model } = compiled;
  assert(model.shape === 'parts', 'only a price with parts is split into them');
  const steps: Step[] = [];
  let quantity = NOTHING;
  for (const part of splitIntoParts(compiled, model, usage, steps)) {
    const { name, price } = model.parts[part.index]!;
    quantity = addExact(quantity, part.quantity);
    for (const inner of rate(price, part.usage, time_zone)) steps.push(inPart(inner, name));
  }
  return { steps, negative: quantity.units < 0n };
}

/** Percentage discounts, amount discounts, maximum, minimum; mirrored usage has neither amount discounts nor a minimum. */
function withTotalTerms(compiled: CompiledPrice, steps: readonly Step[], negative: boolean): Step[] {
  const all = [...steps];
  let total = sumSteps(steps);
  const push = (next: Step) => {
    all.push(next);
    total = addExact(total, next.amount);
  };
  for (const { factor, rate } of compiled.percentage_discounts) {
    push(step('percentage_discount', negateExact(multiplyExact(total, factor)), { rate }));
  }
  if (!negative) {
    for (const discount of compiled.amount_discounts) {
      push(step('amount_discount', total.units > 0n ? negateExact(smaller(discount, total)) : NOTHING));
    }
  }
  const { maximum, minimum } = compiled;
  const mirrored = negative ? negateExact(total) : total;
  if (maximum && compareExact(mirrored, maximum) > 0) {
    const cut = subtractExact(maximum, mirrored);
    push(step('maximum', negative ? negateExact(cut) : cut));
  }
  if (!negative && minimum && compareExact(total, minimum) < 0) push(step('minimum', subtractExact(minimum, total)));
  return all;
}

function requireEvents(compiled: CompiledPrice, usage: Usage): EventUsage {
  if (usage.events) return usage;
  const what = compiled.bucket ? 'with a bucket is over events with a time' : 'is over events';
  throw refusal('events_required', '/events', `A ${compiled.price.model} price ${what}.`);
}

function refuseFractions(events: readonly UsageEvent[], { price }: CompiledPrice): void {
  const held = events.find((event) => event.fraction);
  if (!held) return;
  const detail = `A ${price.model} price has no units that could be held for a fraction of the period.`;
  throw refusal('fraction_unsupported', `${held.pointer}/fraction`, detail);
}
