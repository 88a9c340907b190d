import type { MeasuredUsage } from '../../../billing/rating/model.ts';
import { add, compare, type Decimal, formatDecimal, parseDecimal, ZERO } from '../../../kernel/decimal.ts';
import { TreeBuilder } from '../../../kernel/merkle.ts';
import { dayLeaf, usageLeaf } from '../../../kernel/proof.ts';
import { whatStands } from '../../../pricing/metered.ts';
import type { StandingEvent, TakenEvent } from '../../../usage/metering/model.ts';

/** What the events of one take come to, worked out from each event by itself. */
export interface Measurement {
  measured: MeasuredUsage;
  /** Those that stand, where they were kept. */
  events: StandingEvent[];
  /** Request ids of events whose content no longer gives the leaf that was stored with them; the first few. */
  changed: string[];
}

/**
 * Measures a take event by event, in the order of leaves and in little memory: nothing of it comes from a rollup, nor from a stored leaf.
 * `keep` holds on to the events, for prices over them.
 */
export function measureTake({ keep }: { keep: boolean }): { add(event: TakenEvent): void; end(): Measurement } {
  const days = new TreeBuilder();
  const kept: (StandingEvent & { voids: string | null })[] = [];
  const changed: string[] = [];
  let [count, counted, sum] = [0, 0, ZERO];
  let largest: Decimal | null = null;
  let smallest: Decimal | null = null;
  let latest: Decimal | null = null;
  let day: { day: string; count: number; sum: Decimal; tree: TreeBuilder } | null = null;
  let moment: TakenEvent['event'][] = [];

  const endDay = () => {
    if (!day) return;
    const root = day.tree.root().toString('hex');
    days.append(dayLeaf({ day: day.day, root, count: day.count, sum: formatDecimal(day.sum) }));
    day = null;
  };
  // A counter-event has the moment of the event that it takes back: which events stand is known when their moment is over.
  const endMoment = () => {
    for (const { quantity } of whatStands(moment)) {
      if (quantity == null) continue;
      const value = parseDecimal(quantity);
      if (!largest || compare(value, largest) > 0) largest = value;
      if (!smallest || compare(value, smallest) < 0) smallest = value;
      latest = value;
    }
    moment = [];
  };
  return {
    add(taken) {
      const { event } = taken;
      const leaf = usageLeaf(event, taken.salt);
      if (!leaf.equals(taken.leaf) && changed.length < most_changed) changed.push(event.request_id);
      if (day?.day !== taken.day) {
        endDay();
        day = { day: taken.day, count: 0, sum: ZERO, tree: new TreeBuilder() };
      }
      day.tree.append(leaf);
      day.count += 1;
      count += 1;
      counted += event.voids == null ? 1 : -1;
      if (event.quantity != null) {
        const quantity = parseDecimal(event.quantity);
        day.sum = add(day.sum, quantity);
        sum = add(sum, quantity);
      }
      if (moment.length > 0 && moment[0]!.time !== event.time) endMoment();
      moment.push(event);
      if (keep) kept.push(pricedEvent(event));
    },
    end() {
      endMoment();
      endDay();
      const text = (value: Decimal | null) => value && formatDecimal(value);
      return {
        measured: {
          ...{ count, counted, quantity_sum: formatDecimal(sum), root: days.root() },
          ...{ quantity_max: text(largest), quantity_min: text(smallest), quantity_latest: text(latest) },
        },
        events: whatStands(kept),
        changed,
      };
    },
  };
}

const most_changed = 10;

function pricedEvent({ request_id, time, quantity, amount, properties, voids }: TakenEvent['event']) {
  return {
    ...{ request_id, time, voids: voids ?? null },
    ...{ quantity: quantity ?? null, amount: amount ?? null, properties: properties ?? null },
  };
}
