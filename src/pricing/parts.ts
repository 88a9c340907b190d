import { addExact, compareExact, type Exact, larger, NOTHING, negateExact, smaller, subtractExact } from '../kernel/exact.ts';
import { refusal } from './errors.ts';
import type { CompiledPrice, PartsModel } from './model.ts';
import { type Step, step } from './step.ts';
import { aggregate, type EventAggregation, quantitiesOf, type Usage, type UsageEvent } from './usage.ts';

/** The usage of one cell or band. */
export interface PartUsage {
  readonly index: number;
  readonly usage: Usage;
  /** Before anything is taken off; zero where the part counts money. */
  readonly quantity: Exact;
}

/**
 * Sends usage to the parts of a matrix or time-of-use price, in the price's order, parts without events left out, with the
 * outer included quantity and quantity discounts used up in order of events. What was taken off is noted as steps.
 */
export function splitIntoParts(compiled: CompiledPrice, model: PartsModel, usage: Usage, into: Step[]): PartUsage[] {
  if (usage.quantity && model.timed)
    throw refusal('events_required', '/events', 'A time_of_use price is over events with a time.');
  const events = usage.events ?? [{ ...BARE_EVENT, quantity: usage.quantity }];
  const aggregation = usage.events ? usage.aggregation : 'sum';
  const groups = new Map<number, UsageEvent[]>();
  const placed = events.map((event) => ({ event, index: model.partOf(event) }));
  for (const { event, index } of placed) {
    const group = groups.get(index);
    if (group) group.push(event);
    else groups.set(index, [event]);
  }
  const quantities = new Map([...groups].map(([index, group]) => [index, quantityOf(group, aggregation)] as const));
  const allowances = [...(compiled.included ? [compiled.included] : []), ...compiled.quantity_discounts];
  const allowance = allowances.reduce(addExact, NOTHING);
  let usages: Map<number, Usage>;
  if (allowance.units === 0n) {
    usages = new Map([...groups].map(([index, group]) => [index, { events: group, aggregation }] as const));
  } else {
    quantitiesOf(events);
    const taken =
      aggregation === 'sum'
        ? takeByEvent(placed, quantities, allowance)
        : takeByPart(placed, quantities, allowance, {
            aggregation,
            byEvents: (index) => isOverEvents(model.parts[index]!.price),
          });
    noteTaken(compiled, taken.total, into);
    usages = taken.usages;
  }
  // A quantity stays one: what asks for events inside must be able to say so.
  const bare = (part: Usage): Usage => (usage.quantity && part.events ? { quantity: part.events[0]!.quantity! } : part);
  return [...usages]
    .map(([index, part]) => ({ index, usage: bare(part), quantity: quantities.get(index)! }))
    .sort((a, b) => a.index - b.index);
}

const BARE_EVENT = { id: '0', order: '', pointer: '', amount: undefined, fraction: undefined, time: undefined, properties: {} };

/** An event and the part it belongs to. */
interface Placed {
  readonly event: UsageEvent;
  readonly index: number;
}

interface Taken {
  readonly usages: Map<number, Usage>;
  readonly total: Exact;
}

function quantityOf(events: readonly UsageEvent[], aggregation: EventAggregation): Exact {
  return aggregate(
    events.flatMap((event) => (event.quantity ? [event.quantity] : [])),
    aggregation,
  );
}

/**
 * Takes from each event as it comes. A part whose sum is below zero is taken from in mirror image; an event against its part's
 * direction gives back what it undoes, so that a part never uses more than its own sum.
 */
function takeByEvent(placed: readonly Placed[], quantities: ReadonlyMap<number, Exact>, allowance: Exact): Taken {
  const reduced = new Map([...quantities.keys()].map((index) => [index, [] as UsageEvent[]]));
  const states = new Map([...quantities.keys()].map((index) => [index, { sum: NOTHING, used: NOTHING, taken: NOTHING }]));
  let left = allowance;
  for (const { event, index } of placed) {
    const state = states.get(index)!;
    const negative = quantities.get(index)!.units < 0n;
    const towards = (value: Exact) => (negative ? negateExact(value) : value);
    state.sum = addExact(state.sum, event.quantity!);
    const used = larger(towards(state.sum), NOTHING);
    const change =
      compareExact(used, state.used) > 0
        ? smaller(subtractExact(used, state.used), left)
        : negateExact(larger(subtractExact(state.taken, used), NOTHING));
    state.used = used;
    state.taken = addExact(state.taken, change);
    left = subtractExact(left, change);
    reduced.get(index)!.push({ ...event, quantity: subtractExact(event.quantity!, towards(change)) });
  }
  const usages = new Map([...reduced].map(([index, part]) => [index, { events: part, aggregation: 'sum' }] as const));
  return { usages, total: subtractExact(allowance, left) };
}

/**
 * Where events do not add up (the highest, the latest, an average), takes from each part's aggregate, the first part first; a part
 * that sends its own events on, to buckets or to parts of its own, is taken from by event instead.
 */
function takeByPart(
  placed: readonly Placed[],
  quantities: ReadonlyMap<number, Exact>,
  allowance: Exact,
  { aggregation, byEvents }: { aggregation: EventAggregation; byEvents: (index: number) => boolean },
): Taken {
  let left = allowance;
  const usages = new Map<number, Usage>();
  for (const [index, quantity] of quantities) {
    if (byEvents(index)) {
      const own = placed.filter((one) => one.index === index);
      const sum = quantityOf(
        own.map(({ event }) => event),
        'sum',
      );
      const taken = takeByEvent(own, new Map([[index, sum]]), left);
      left = subtractExact(left, taken.total);
      usages.set(index, { events: taken.usages.get(index)!.events!, aggregation });
      continue;
    }
    const negative = quantity.units < 0n;
    const taken = smaller(negative ? negateExact(quantity) : quantity, left);
    left = subtractExact(left, taken);
    usages.set(index, { quantity: negative ? addExact(quantity, taken) : subtractExact(quantity, taken) });
  }
  return { usages, total: subtractExact(allowance, left) };
}

function isOverEvents({ bucket, model }: CompiledPrice): boolean {
  return bucket !== undefined || model.shape === 'parts';
}

/** Notes what was taken, the included quantity first, then each discount. */
function noteTaken({ included, quantity_discounts }: CompiledPrice, total: Exact, into: Step[]): void {
  let rest = total;
  const note = (kind: 'included' | 'quantity_discount', allowance: Exact) => {
    const quantity = smaller(rest, allowance);
    rest = subtractExact(rest, quantity);
    into.push(step(kind, NOTHING, { quantity }));
  };
  if (included) note('included', included);
  for (const discount of quantity_discounts) note('quantity_discount', discount);
}
