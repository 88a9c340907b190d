import { before } from '../../../kernel/period.ts';
import type { UsageRectangle } from '../model.ts';

/**
 * The parts of `wanted` (one period, arrivals below the watermark) that no live take covers. Takes may be narrower than the period,
 * when it was billed in parts before: the period is cut where they begin and end, and strips that lack the same are joined again.
 */
export function freeRectangles(wanted: UsageRectangle, taken: readonly UsageRectangle[]): UsageRectangle[] {
  const over = taken.filter((each) => before(each.from, wanted.to) && before(wanted.from, each.to));
  const cuts = over.flatMap((each) => [each.from, each.to]).filter((at) => before(wanted.from, at) && before(at, wanted.to));
  const bounds = [wanted.from, ...new Set(cuts.sort((a, b) => (before(a, b) ? -1 : 1))), wanted.to];
  const strips: UsageRectangle[][] = [];
  for (const [index, from] of bounds.slice(0, -1).entries()) {
    const strip = { ...wanted, from, to: bounds[index + 1]! };
    const free = freeArrivals(
      strip,
      over.filter((each) => before(each.from, strip.to) && before(strip.from, each.to)),
    );
    const last = strips.at(-1);
    if (last && arrivalsOf(last) === arrivalsOf(free))
      strips[strips.length - 1] = last.map((each) => ({ ...each, to: strip.to }));
    else strips.push(free);
  }
  return strips.flat();
}

function freeArrivals(strip: UsageRectangle, over: readonly UsageRectangle[]): UsageRectangle[] {
  const end = BigInt(strip.arrived_to);
  const free: UsageRectangle[] = [];
  let at = BigInt(strip.arrived_from);
  const taken = over.map((each) => ({ from: BigInt(each.arrived_from), to: BigInt(each.arrived_to) }));
  for (const each of taken.sort((a, b) => (a.from < b.from ? -1 : 1))) {
    if (at >= end) break;
    if (each.from > at) free.push({ ...strip, arrived_from: `${at}`, arrived_to: `${each.from < end ? each.from : end}` });
    if (each.to > at) at = each.to;
  }
  if (at < end) free.push({ ...strip, arrived_from: `${at}`, arrived_to: `${end}` });
  return free;
}

function arrivalsOf(free: readonly UsageRectangle[]): string {
  return free.map((each) => `${each.arrived_from} ${each.arrived_to}`).join();
}

/** What of some rectangles belongs to a period: the rectangles cut to its time. */
export function rectanglesWithin(rectangles: readonly UsageRectangle[], period: { from: string; to: string }): UsageRectangle[] {
  return rectangles.flatMap((each) => {
    const from = before(each.from, period.from) ? period.from : each.from;
    const to = before(period.to, each.to) ? period.to : each.to;
    return before(from, to) ? [{ ...each, from, to }] : [];
  });
}
