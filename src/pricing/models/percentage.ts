import { compare, parseDecimal } from '../../kernel/decimal.ts';
import { addExact, compareExact, type Exact, exact, multiplyExact, NOTHING, smaller, subtractExact } from '../../kernel/exact.ts';
import type { PercentagePrice } from '../language.ts';
import type { Model } from '../model.ts';
import { type Step, step } from '../step.ts';
import { amountsOf, type UsageEvent } from '../usage.ts';

/** A percentage of each event's amount, after the free part. */
export const percentage: Model<PercentagePrice> = {
  terms: 'total',
  check: (fields) => {
    const free_events = fields.decimal('free_events', 'not_negative', { decimals: 0, digits: 15 });
    const min_per_event = fields.amount('min_per_event');
    const max_per_event = fields.amount('max_per_event');
    if (
      min_per_event !== undefined &&
      max_per_event !== undefined &&
      compare(parseDecimal(min_per_event), parseDecimal(max_per_event)) > 0
    ) {
      fields.fault('min_per_event', 'minimum_above_maximum', 'is above max_per_event');
    }
    return {
      rate: fields.requiredDecimal('rate'),
      fixed_amount: fields.amount('fixed_amount'),
      free_events,
      free_amount: fields.decimal('free_amount', 'not_negative'),
      min_per_event,
      max_per_event,
    };
  },
  compile: (price) => {
    const fee = compileFee(price);
    return { shape: 'events', price: (events) => priceEvents(fee, events) };
  },
};

interface Fee {
  readonly rate: string;
  /** 2.9 % is 0.029. */
  readonly factor: Exact;
  readonly fixed: Exact | undefined;
  /** Absent where zero: it then does not count. */
  readonly free_events: bigint | undefined;
  readonly free_amount: Exact | undefined;
  readonly minimum: Exact | undefined;
  readonly maximum: Exact | undefined;
}

function compileFee(price: PercentagePrice): Fee {
  const amount = (text: string | undefined) => (text === undefined ? undefined : exact(parseDecimal(text)));
  const limit = (text: string | undefined) => {
    const value = amount(text);
    return value === undefined || value.units === 0n ? undefined : value;
  };
  const { units, scale } = parseDecimal(price.rate);
  return {
    rate: price.rate,
    factor: exact({ units, scale: scale + 2 }),
    fixed: amount(price.fixed_amount),
    free_events: limit(price.free_events)?.units,
    free_amount: limit(price.free_amount),
    minimum: amount(price.min_per_event),
    maximum: amount(price.max_per_event),
  };
}

/**
 * Walks the events in order. The free part lasts while both allowances do; the event that crosses the free amount ends it, and
 * pays the rate on the excess only.
 */
function priceEvents(fee: Fee, events: readonly UsageEvent[]): Step[] {
  const steps: Step[] = [];
  let free = fee.free_events !== undefined || fee.free_amount !== undefined;
  let seen = 0n;
  let running = NOTHING;
  amountsOf(events, { negative: false }).forEach((amount, index) => {
    const event = events[index]!.id;
    seen += 1n;
    running = addExact(running, amount);
    if (fee.free_events !== undefined && seen > fee.free_events) free = false;
    let charged = amount;
    if (free) {
      const excess = fee.free_amount === undefined ? NOTHING : subtractExact(running, fee.free_amount);
      if (fee.free_amount === undefined || excess.units <= 0n) {
        steps.push(step('free', NOTHING, { quantity: amount, event }));
        return;
      }
      free = false;
      charged = smaller(excess, amount);
    }
    priceEvent(fee, { amount, charged, event }, steps);
  });
  return steps;
}

/** Rate and fixed amount, then the event's own maximum and minimum. */
function priceEvent(fee: Fee, { amount, charged, event }: { amount: Exact; charged: Exact; event: string }, into: Step[]): void {
  const exempt = subtractExact(amount, charged);
  if (exempt.units > 0n) into.push(step('free', NOTHING, { quantity: exempt, event }));
  let total = multiplyExact(charged, fee.factor);
  into.push(step('percentage', total, { quantity: charged, rate: fee.rate, event }));
  if (fee.fixed !== undefined) {
    total = addExact(total, fee.fixed);
    into.push(step('fixed', fee.fixed, { event }));
  }
  if (fee.maximum !== undefined && compareExact(total, fee.maximum) > 0) {
    into.push(step('event_maximum', subtractExact(fee.maximum, total), { event }));
  } else if (fee.minimum !== undefined && compareExact(total, fee.minimum) < 0) {
    into.push(step('event_minimum', subtractExact(fee.minimum, total), { event }));
  }
}
