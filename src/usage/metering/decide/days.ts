import { add, type Decimal, formatDecimal, maximum, minimum, parseDecimal } from '../../../kernel/decimal.ts';
import { TreeBuilder } from '../../../kernel/merkle.ts';
import { dayLeaf } from '../../../kernel/proof.ts';

/** Events of one day that follow each other in the order of leaves, summed. Decimals are shortest text. */
export interface Block {
  day: string;
  count: string;
  /** What they count for: a counter-event takes one away. */
  counted: string;
  /** How many of them came late for the take that asks. */
  late_count: string;
  quantity_sum: string;
  quantity_max: string | null;
  quantity_min: string | null;
  quantity_latest: string | null;
  amount_sum: string | null;
  first_time: string;
  last_time: string;
  /** Leaf hashes, one after another. */
  leaves: Buffer;
}

/** A whole day: its sums, the root over its leaves, and the leaf that stands for it in a line's tree. */
export interface UsageOfDay {
  day: string;
  count: number;
  counted: number;
  late_count: number;
  quantity_sum: string;
  quantity_max: string | null;
  quantity_min: string | null;
  quantity_latest: string | null;
  amount_sum: string | null;
  first_time: string;
  last_time: string;
  root: Buffer;
  day_leaf: Buffer;
}

export type TakenDay = Omit<UsageOfDay, 'first_time' | 'last_time'>;

export interface Day<B> {
  /** The day's first block: whose day it is. */
  keys: B;
  usage: UsageOfDay;
}

export interface DayFolder<B extends Block> {
  /** Takes the next block; answers the day before when the block begins another. */
  add(block: B): Day<B> | undefined;
  /** The last day, if there was any. */
  end(): Day<B> | undefined;
}

/** Folds blocks that come in order into days. `sameKeys` tells whether two blocks are of the same organization, SKU, take, … */
export function foldDays<B extends Block>(sameKeys: (a: B, b: B) => boolean): DayFolder<B> {
  let first: B | undefined;
  let sum: Omit<UsageOfDay, 'root' | 'day_leaf'> | undefined;
  let tree = new TreeBuilder();
  const end = (): Day<B> | undefined => {
    if (!first || !sum) return undefined;
    const root = tree.root();
    const day_leaf = dayLeaf({ day: sum.day, root: root.toString('hex'), count: sum.count, sum: sum.quantity_sum });
    const day = { keys: first, usage: { ...sum, root, day_leaf } };
    first = undefined;
    sum = undefined;
    tree = new TreeBuilder();
    return day;
  };
  return {
    end,
    add(block) {
      const done = first && !(first.day === block.day && sameKeys(first, block)) ? end() : undefined;
      for (let at = 0; at < block.leaves.length; at += 32) tree.append(block.leaves.subarray(at, at + 32));
      sum = sum ? joined(sum, block) : summed(block);
      first ??= block;
      return done;
    },
  };
}

function summed(block: Block): Omit<UsageOfDay, 'root' | 'day_leaf'> {
  const { day, quantity_sum, quantity_max, quantity_min, quantity_latest, amount_sum, first_time, last_time } = block;
  const count = Number.parseInt(block.count, 10);
  const counted = Number.parseInt(block.counted, 10);
  const late_count = Number.parseInt(block.late_count, 10);
  return {
    day,
    count,
    counted,
    late_count,
    quantity_sum,
    quantity_max,
    quantity_min,
    quantity_latest,
    amount_sum,
    first_time,
    last_time,
  };
}

function joined<S extends Omit<UsageOfDay, 'root' | 'day_leaf'>>(sum: S, block: Block): S {
  return {
    ...sum,
    count: sum.count + Number.parseInt(block.count, 10),
    counted: sum.counted + Number.parseInt(block.counted, 10),
    late_count: sum.late_count + Number.parseInt(block.late_count, 10),
    quantity_sum: combine(add, sum.quantity_sum, block.quantity_sum),
    quantity_max: combine(maximum, sum.quantity_max, block.quantity_max),
    quantity_min: combine(minimum, sum.quantity_min, block.quantity_min),
    quantity_latest: block.quantity_latest ?? sum.quantity_latest,
    amount_sum: combine(add, sum.amount_sum, block.amount_sum),
    last_time: block.last_time,
  };
}

/** Null is the absence of a value: the other one is the answer. */
export function combine<A extends string | null>(operation: (a: Decimal, b: Decimal) => Decimal, a: A, b: A): A {
  if (a === null) return b;
  if (b === null) return a;
  return formatDecimal(operation(parseDecimal(a), parseDecimal(b))) as A;
}
