import { add, type Decimal, formatDecimal, parseDecimal, ZERO } from '../../../kernel/decimal.ts';
import type { ImportFault, ImportTotals } from '../model.ts';
import type { Fault } from './faults.ts';

/** How many errors, and how many notes, an import lists; errors are counted beyond. */
export const most_listed = 1000;

export type Severity = 'error' | 'note';

/** Counts what an import finds and does. Pure but for its own counters. */
export interface Tally {
  totals(): ImportTotals;
  error_count(): number;
  lines(count: number): void;
  fault(line: number, problem: Fault): void;
  /** Faults that are counted and not listed. */
  unlisted(count: number): void;
  note(line: number, note: Fault): void;
  unmapped(count: number): void;
  missing(count: number): void;
  accepted(count: number): void;
  duplicates(count: number): void;
  held(count: number): void;
  used(sku: string, quantity: string): void;
  /** Findings not taken yet, and how many of their kind were taken before. */
  take(severity: Severity): { listed: number; faults: ImportFault[] };
}

export function tally(start: { totals: ImportTotals; error_count: number; listed: Record<Severity, number> }): Tally {
  const counts = { ...start.totals };
  const quantities = new Map<string, Decimal>(
    Object.entries(start.totals.quantities).map(([sku, text]) => [sku, parseDecimal(text)]),
  );
  const listed = { ...start.listed };
  const pending: Record<Severity, ImportFault[]> = { error: [], note: [] };
  let error_count = start.error_count;
  const noted = new Set<string>();
  const list = (severity: Severity, line: number, { code, detail }: Fault) => {
    if (listed[severity] + pending[severity].length < most_listed)
      pending[severity].push({ line, code, detail: detail.slice(0, 1000) });
  };
  return {
    totals: () => ({
      ...counts,
      quantities: Object.fromEntries(
        [...quantities].sort(([a], [b]) => (a < b ? -1 : 1)).map(([sku, sum]) => [sku, formatDecimal(sum)]),
      ),
    }),
    error_count: () => error_count,
    lines: (count) => {
      counts.lines = count;
    },
    fault: (line, problem) => {
      error_count += 1;
      counts.rejected += 1;
      list('error', line, problem);
    },
    unlisted: (count) => {
      error_count += count;
      counts.rejected += count;
    },
    note: (line, note) => {
      // A register that is not billed is said once, not for each of its days.
      const key = note.code === 'register_unmapped' ? note.detail : `${line} ${note.code}`;
      if (noted.has(key) || noted.size >= most_listed) return;
      noted.add(key);
      list('note', line, note);
    },
    unmapped: (count) => {
      counts.unmapped += count;
    },
    missing: (count) => {
      counts.missing += count;
    },
    accepted: (count) => {
      counts.accepted += count;
    },
    duplicates: (count) => {
      counts.duplicates += count;
    },
    held: (count) => {
      counts.held += count;
    },
    used: (sku, quantity) => {
      quantities.set(sku, add(quantities.get(sku) ?? ZERO, parseDecimal(quantity)));
    },
    take: (severity) => {
      const faults = pending[severity];
      const before = listed[severity];
      pending[severity] = [];
      listed[severity] += faults.length;
      return { listed: before, faults };
    },
  };
}

export const no_totals: ImportTotals = {
  lines: 0,
  accepted: 0,
  duplicates: 0,
  rejected: 0,
  unmapped: 0,
  missing: 0,
  held: 0,
  quantities: {},
};
