import type { FieldDifference } from '../model.ts';

/** What a value is in each place that keeps it; null where the place says that there is none. */
export type Places = Readonly<Record<string, string | null>>;

/** The places in which a value is not the one expected: those with the same value together. */
export function fieldDifferences(field: string, expected: string | null, places: Places): FieldDifference[] {
  const others = Object.entries(places).filter(([, found]) => found !== expected);
  return [...Map.groupBy(others, ([, found]) => found)].map(([found, same]) => ({
    ...{ field, expected, found },
    in: same.map(([place]) => place),
  }));
}

/**
 * What the places mostly say: the expected value where any of them has it, and else the most frequent. What is held against it does not
 * differ only because the value itself is wrong everywhere, which is named where the value is.
 */
export function standing(expected: string, places: readonly string[]): string {
  return places.includes(expected) ? expected : (mostFrequent(places) ?? expected);
}

/** Of values that are equally frequent the first. */
export function mostFrequent(values: readonly string[]): string | undefined {
  return [...Map.groupBy(values, (value) => value).values()].sort((a, b) => b.length - a.length)[0]?.[0];
}
