import type { Price } from '../../api/types.ts';

/** One place in a price that two versions do not share; absent where the price has nothing there. */
export interface PriceDifference {
  /** `tiers › 2 › unit_amount`; tiers count from one. */
  place: string;
  before: string | null;
  after: string | null;
}

/** Every place in which two prices differ, in the order of the later one. */
export function priceDifferences(before: Price, after: Price): PriceDifference[] {
  const [was, is] = [new Map(leaves(before, [])), new Map(leaves(after, []))];
  const places = [...is.keys(), ...[...was.keys()].filter((place) => !is.has(place))];
  return places
    .map((place) => ({ place, before: was.get(place) ?? null, after: is.get(place) ?? null }))
    .filter((difference) => difference.before !== difference.after);
}

function leaves(value: unknown, path: readonly string[]): [string, string][] {
  if (typeof value !== 'object' || value === null) return [[path.join(' › '), value === null ? 'no end' : String(value)]];
  const members = Array.isArray(value)
    ? value.map((item, index) => [String(index + 1), item] as const)
    : Object.entries(value as Record<string, unknown>);
  return members.flatMap(([name, member]) => leaves(member, [...path, name]));
}
