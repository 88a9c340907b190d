import type { Commodity, QualityFlag } from '../model.ts';

/**
 * What every meter file comes down to: series of values of one register of one meter. Whoever reads a format yields these and nothing
 * else; what they mean to the tenant (whose, which SKU, which quality counts) is decided from here on.
 */

/** One value over `[start_ms, end_ms)`, or what a register showed at `end_ms`. */
export interface MeterRow {
  /** Where it stands in the file. */
  line: number;
  /** Milliseconds since 1970, UTC. */
  start_ms: number;
  end_ms: number;
  /** Used in between, in the series' unit: decimal text as meters write it (`.5`, `12.`). Null where only the register was read. */
  value: string | null;
  quality: QualityFlag;
  /** What else the file says of the value: `method`, `reason`, `cost`. */
  flags: Readonly<Record<string, string>>;
  /** What the register showed at the start, where the file says so, and at the end. */
  reads?: { start: string | null; end: string };
}

export interface MeterSeries {
  kind: 'interval' | 'register';
  line: number;
  /** The meter's identifier: an NMI, a usage point, a metering location. */
  meter: string;
  register: string;
  /** Slug or id of the organization that the file says it is of; absent where the file says none. */
  org?: string | null;
  /** Which way it counts; null for what is neither consumption nor export, such as reactive energy. */
  flow: 'import' | 'export' | null;
  commodity: Commodity;
  /** As written; empty where the file says none. */
  unit: string;
  /** True where one bad row spoils the others: what is left of a day would look complete. */
  whole: boolean;
  rows: readonly MeterRow[];
}

/** `2023-02-28T14:00:00Z`: the moment as events have it. */
export function timeText(ms: number): string {
  return Temporal.Instant.fromEpochMilliseconds(ms).toString();
}

/** Within one value several qualities met: the one that is to be trusted least. */
export function worst(a: QualityFlag, b: QualityFlag): QualityFlag {
  return trust.indexOf(a) > trust.indexOf(b) ? a : b;
}

const trust: readonly QualityFlag[] = ['A', 'F', 'S', 'V', 'E', 'N'];
