import { assert } from '../../../kernel/assert.ts';
import { add, maximum, minimum } from '../../../kernel/decimal.ts';
import { merkleRoot } from '../../../kernel/merkle.ts';
import { localDate, startOfDay } from '../../../kernel/period.ts';
import { utcText } from '../../../kernel/proof.ts';
import type { TakenUsage, UsageRectangle, UsageTake } from '../model.ts';
import { combine, type TakenDay } from './days.ts';

/** Whole local days of a take, from the beginning of arrivals: what rollups can answer. `take` is its place in the call. */
export interface WholeDays {
  take: number;
  org_id: string;
  sku: string;
  time_zone: string;
  /** Half-open. */
  first_day: string;
  end_day: string;
  arrived_to: string;
  /** The rectangle's own bounds, for when rollups cannot answer after all. */
  from: string;
  to: string;
}

/** A rectangle of a take that is answered from events. */
export interface Piece extends UsageRectangle {
  take: number;
  org_id: string;
  sku: string;
  time_zone: string;
  late: boolean;
}

/** A rectangle of what arrived after an earlier take: rollups tell on which of its days that can be. */
export interface LateArrivals extends Piece {
  first_day: string;
  last_day: string;
}

export interface TakePlan {
  whole: WholeDays[];
  pieces: Piece[];
  late: LateArrivals[];
}

/** Cuts takes into what rollups answer and what only events can. */
export function planTakes(takes: readonly UsageTake[]): TakePlan {
  const plan: TakePlan = { whole: [], pieces: [], late: [] };
  const cut = remembered(cutDays);
  for (const [take, { org_id, sku, time_zone, rectangles }] of takes.entries()) {
    requireApart(rectangles);
    for (const rectangle of rectangles) {
      const piece = { take, org_id, sku, time_zone, ...rectangle };
      const days = cut(rectangle.from, rectangle.to, time_zone);
      if (rectangle.arrived_from !== '0') {
        plan.late.push({ ...piece, late: true, first_day: days.first_touched, last_day: days.last_touched });
        continue;
      }
      for (const edge of days.edges) plan.pieces.push({ ...piece, ...edge, late: false });
      if (days.first_day < days.end_day) {
        const { from, to } = days.whole;
        plan.whole.push({
          take,
          org_id,
          sku,
          time_zone,
          first_day: days.first_day,
          end_day: days.end_day,
          arrived_to: rectangle.arrived_to,
          from,
          to,
        });
      }
    }
  }
  return plan;
}

/** One local day of a rectangle, cut to it. */
export function pieceOfDay(source: Omit<Piece, 'late'> & { late: boolean }, day: string): Piece {
  const date = Temporal.PlainDate.from(day);
  const from = utcText(startOfDay(date, source.time_zone));
  const to = utcText(startOfDay(date.add({ days: 1 }), source.time_zone));
  const { take, org_id, sku, time_zone, arrived_from, arrived_to, late } = source;
  return {
    take,
    org_id,
    sku,
    time_zone,
    late,
    arrived_from,
    arrived_to,
    from: isBefore(source.from, from) ? from : source.from,
    to: isBefore(to, source.to) ? to : source.to,
  };
}

/** What was summed already: days of a take, or rollups that the database added up. */
export interface Part {
  count: number;
  counted: number;
  late_count: number;
  quantity_sum: string;
  quantity_max: string | null;
  quantity_min: string | null;
  quantity_latest: string | null;
  amount_sum: string | null;
}

export const nothingTaken = (): TakenUsage => ({ ...nothing, root: merkleRoot([]) });

/** `parts` in order of time; `leaves` are the leaves of all their days, in order. */
export function takenOf(parts: readonly Part[], leaves: Iterable<Uint8Array>): TakenUsage {
  const sum = parts.reduce<Part>(
    (a, b) => ({
      count: a.count + b.count,
      counted: a.counted + b.counted,
      late_count: a.late_count + b.late_count,
      quantity_sum: a.count === 0 ? b.quantity_sum : combine(add, a.quantity_sum, b.quantity_sum),
      quantity_max: combine(maximum, a.quantity_max, b.quantity_max),
      quantity_min: combine(minimum, a.quantity_min, b.quantity_min),
      quantity_latest: b.quantity_latest ?? a.quantity_latest,
      amount_sum: combine(add, a.amount_sum, b.amount_sum),
    }),
    nothing,
  );
  return { ...sum, root: merkleRoot(leaves) };
}

/** A take from all its days. */
export function takenOfDays(days: readonly TakenDay[]): TakenUsage {
  const ordered = [...days].sort((a, b) => (a.day < b.day ? -1 : 1));
  return takenOf(
    ordered,
    ordered.map((day) => day.day_leaf),
  );
}

const nothing: Part = {
  count: 0,
  counted: 0,
  late_count: 0,
  quantity_sum: '0',
  quantity_max: null,
  quantity_min: null,
  quantity_latest: null,
  amount_sum: null,
};

interface DayCut {
  /** Half-open; equal where there is no whole day. */
  first_day: string;
  end_day: string;
  whole: { from: string; to: string };
  /** What is left before and after the whole days. */
  edges: { from: string; to: string }[];
  /** Inclusive: every day that the range touches. */
  first_touched: string;
  last_touched: string;
}

function cutDays(from: string, to: string, time_zone: string): DayCut {
  const [start, end] = [Temporal.Instant.from(from), Temporal.Instant.from(to)];
  assert(Temporal.Instant.compare(start, end) < 0, 'a rectangle ends after it begins');
  const from_date = localDate(start, time_zone);
  const to_date = localDate(end, time_zone);
  const first_day = startOfDay(from_date, time_zone).equals(start) ? from_date : from_date.add({ days: 1 });
  const last_touched = startOfDay(to_date, time_zone).equals(end) ? to_date.subtract({ days: 1 }) : to_date;
  const touched = { first_touched: `${from_date}`, last_touched: `${last_touched}` };
  if (Temporal.PlainDate.compare(first_day, to_date) >= 0) {
    return { first_day: `${first_day}`, end_day: `${first_day}`, whole: { from, to: from }, edges: [{ from, to }], ...touched };
  }
  const whole = { from: utcText(startOfDay(first_day, time_zone)), to: utcText(startOfDay(to_date, time_zone)) };
  const edges = [
    { from: utcText(start), to: whole.from },
    { from: whole.to, to: utcText(end) },
  ].filter((edge) => edge.from !== edge.to);
  return { first_day: `${first_day}`, end_day: `${to_date}`, whole, edges, ...touched };
}

/** Takes of one run share their periods. */
function remembered<R>(compute: (from: string, to: string, time_zone: string) => R): typeof compute {
  const known = new Map<string, R>();
  return (from, to, time_zone) => {
    const key = `${from} ${to} ${time_zone}`;
    const found = known.get(key) ?? compute(from, to, time_zone);
    known.set(key, found);
    return found;
  };
}

function requireApart(rectangles: readonly UsageRectangle[]): void {
  for (const [at, a] of rectangles.entries()) {
    for (const b of rectangles.slice(at + 1)) {
      const together = isBefore(a.from, b.to) && isBefore(b.from, a.to);
      const arrived = BigInt(a.arrived_from) < BigInt(b.arrived_to) && BigInt(b.arrived_from) < BigInt(a.arrived_to);
      assert(!(together && arrived), 'the rectangles of a take do not overlap');
    }
  }
}

function isBefore(a: string, b: string): boolean {
  return Temporal.Instant.compare(Temporal.Instant.from(a), Temporal.Instant.from(b)) < 0;
}
