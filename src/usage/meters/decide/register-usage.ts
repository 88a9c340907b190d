import { formatDecimal, multiply, parseDecimal } from '../../../kernel/decimal.ts';
import type { ReadingQuality } from '../model/readings.ts';
import type { Device, Occupancy, Register } from '../model.ts';
import { occupantAt } from './occupant.ts';
import { compareReads, countedBetween, deviceOf, type Read, worse } from './reading.ts';
import { convert } from './units.ts';

/** Usage that readings of a register come to: `[starts_at, ends_at)`, in the SKU's unit. */
export interface Span {
  starts_at: string;
  ends_at: string;
  quantity: string;
  quality: ReadingQuality;
  org_id: string;
}

/** A span that metering has, or is about to have. */
export interface LiveUsage extends Omit<Span, 'quality'> {
  usage_id: string | null;
  request_id: string;
  quality: string;
}

export interface SpanState {
  register: Register;
  devices: readonly Device[];
  occupancies: readonly Occupancy[];
  /** The power of ten from the register's unit to the SKU's. */
  power: number;
}

/**
 * Each pair of reads that follow each other, as usage of whoever occupied the site when it began. A pair between two devices is none, one that
 * counts backwards tells nothing, and what nobody occupied is nobody's.
 */
export function spansOfReads(reads: readonly Read[], state: SpanState): Span[] {
  const { register, devices } = state;
  const ordered = reads.toSorted(compareReads);
  return ordered.flatMap((read, at) => {
    const before = ordered[at - 1];
    if (before === undefined || before.time === read.time) return [];
    const counted = countedBetween(register, devices, before, read);
    if (counted === null || counted === 'backwards') return [];
    return spanOf(state, before.time, read.time, formatDecimal(counted), worse(before.quality, read.quality));
  });
}

/** Each interval's value, as usage from its time on. */
export function spansOfIntervals(reads: readonly Read[], state: SpanState): Span[] {
  const { register, devices } = state;
  const minutes = register.every_minutes ?? 1;
  return reads.flatMap((read) => {
    const { multiplier } = deviceOf(register, devices, read);
    const quantity = formatDecimal(multiply(parseDecimal(read.value), parseDecimal(multiplier)));
    return spanOf(state, read.time, Temporal.Instant.from(read.time).add({ minutes }).toString(), quantity, read.quality);
  });
}

export interface UsagePlan {
  report: Span[];
  amend: { of: LiveUsage; as: Span }[];
  void: LiveUsage[];
}

/** What has to be told to metering so that it has these spans in the place of those. A span is the same while it starts at the same time. */
export function planUsage(wanted: readonly Span[], live: readonly LiveUsage[]): UsagePlan {
  const plan: UsagePlan = { report: [], amend: [], void: [] };
  const open = new Map(live.map((one) => [one.starts_at, one]));
  for (const span of wanted) {
    const of = open.get(span.starts_at);
    open.delete(span.starts_at);
    if (of === undefined) plan.report.push(span);
    else if (of.org_id !== span.org_id) {
      plan.void.push(of);
      plan.report.push(span);
    } else if (of.quantity !== span.quantity || of.ends_at !== span.ends_at) plan.amend.push({ of, as: span });
  }
  plan.void.push(...open.values());
  return plan;
}

function spanOf(state: SpanState, starts_at: string, ends_at: string, counted: string, quality: ReadingQuality): Span[] {
  const org_id = occupantAt(state.occupancies, starts_at);
  if (org_id === null) return [];
  const negative = counted.startsWith('-');
  const quantity = `${negative ? '-' : ''}${convert(negative ? counted.slice(1) : counted, state.power)}`;
  return [{ starts_at, ends_at, quantity, quality, org_id }];
}
