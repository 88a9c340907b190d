import type { Occupancy } from '../model.ts';

/** The organization that occupies a site at a moment, or null. */
export function occupantAt(occupancies: readonly Occupancy[], time: string): string | null {
  return occupantFinder(occupancies)(Temporal.Instant.from(time).epochMilliseconds);
}

/** The same for many moments, given in milliseconds since 1970. */
export function occupantFinder(occupancies: readonly Occupancy[]): (at_ms: number) => string | null {
  const spans = occupancies.map(({ org_id, from, to }) => ({
    org_id,
    from_ms: milliseconds(from),
    to_ms: to === null ? Number.POSITIVE_INFINITY : milliseconds(to),
  }));
  return (at_ms) => spans.find(({ from_ms, to_ms }) => from_ms <= at_ms && at_ms < to_ms)?.org_id ?? null;
}

/** When the first occupancy after a moment begins, as written; null when there is none. */
export function nextStart(occupancies: readonly Occupancy[], after_ms: number): string | null {
  const later = occupancies.map(({ from }) => from).filter((from) => milliseconds(from) > after_ms);
  later.sort((a, b) => milliseconds(a) - milliseconds(b));
  return later[0] ?? null;
}

function milliseconds(time: string): number {
  return Temporal.Instant.from(time).epochMilliseconds;
}
