import {
  add,
  compare,
  type Decimal,
  divideDecimal,
  formatDecimal,
  multiply,
  parseDecimal,
  ZERO,
} from '../../../kernel/decimal.ts';
import {
  qualityRanks,
  type ReadingOutcome,
  type ReadingRule,
  type Reason,
  type RuleAction,
  type RuleKind,
} from '../model/readings.ts';
import type { Device, Occupancy, Register } from '../model.ts';
import { occupantFinder } from './occupant.ts';
import { compareReads, compareTimes, countedBetween, deviceOf, type Read } from './reading.ts';
import { conversion, convert } from './units.ts';

/** A reading on its way in. */
export interface Offered extends KnownRead {
  /** The register's unless given. */
  unit?: string | undefined;
}

export interface KnownRead extends Read {
  reading_id: string;
}

export interface JudgeState {
  register: Register;
  devices: readonly Device[];
  /** Of the meter's site. */
  occupancies: readonly Occupancy[];
  rules: Rules;
  /** What counts already, by time: of an interval register at the times offered, of a counter also the neighbours of each. */
  known: readonly KnownRead[];
  /** What is held already, at the times offered. */
  held: readonly Read[];
  /** Usage before what is offered, oldest first, for how many hours each. */
  trailing: readonly Used[];
  now: Temporal.Instant;
  /** Of files, which may come in any order: another value that is believed as much takes nobody's place. */
  only_better?: boolean;
}

export interface Used {
  hours: number;
  quantity: Decimal;
}

export interface Verdict {
  outcome: ReadingOutcome;
  /** In the register's unit. */
  value: string;
  reasons: Reason[];
  /** The id of the reading whose place it takes. */
  replaces: string | null;
  /** It takes the place of the same value, and is only believed more. */
  confirms?: boolean;
  /** Not applied although it is believed as much as what is there: one of the two is wrong. */
  conflicts?: boolean;
}

/** How each rule is applied to a register; null where it is not. */
export type Rules = Readonly<Record<RuleKind, { action: RuleAction; threshold: string | null } | null>>;

/** How many usages the trailing average is over, at most. */
export const trailing_most = 100;

/** What holds without anybody having said so: what cannot be usage is held. A meter's rule comes before its SKU's. */
export function rulesFor(rules: readonly Pick<ReadingRule, 'kind' | 'action' | 'threshold' | 'meter_id'>[]): Rules {
  const held = { action: 'hold', threshold: null } as const;
  const found: Record<RuleKind, { action: RuleAction; threshold: string | null } | null> = {
    below_min: null,
    above_max: null,
    spike: null,
    zeros: null,
    negative: held,
    backwards: held,
    future: held,
    unit_mismatch: held,
    no_occupant: held,
  };
  const own_last = rules.toSorted((a, b) => (a.meter_id === null ? 0 : 1) - (b.meter_id === null ? 0 : 1));
  for (const { kind, action, threshold } of own_last) found[kind] = { action, threshold };
  return found;
}

/**
 * What becomes of each reading of a register, in the order given; each is looked at as if those of an earlier time were taken already. What is
 * believed less never takes the place of what is believed more, and the same value again is nothing.
 */
export function judge(offered: readonly Offered[], state: JudgeState): Verdict[] {
  const verdicts: Verdict[] = [];
  const order = offered.map((_one, at) => at).sort((a, b) => compareReads(offered[a]!, offered[b]!));
  const seen: Seen = {
    counted: new Map(state.known.map((one) => [keyOf(one), one])),
    timeline: state.register.kind === 'cumulative' ? state.known.toSorted(compareReads) : [],
    trailing: [...state.trailing],
    occupant: occupantFinder(state.occupancies),
    now: state.now.round({ smallestUnit: 'second', roundingMode: 'ceil' }).toString(),
  };
  for (const at of order) verdicts[at] = judgeOne(offered[at]!, state, seen);
  return verdicts;
}

interface Seen {
  counted: Map<string, KnownRead>;
  /** Of a counter. */
  timeline: Read[];
  trailing: Used[];
  occupant: (at_ms: number) => string | null;
  /** The next whole second. */
  now: string;
}

function judgeOne(offered: Offered, state: JudgeState, seen: Seen): Verdict {
  const { register } = state;
  const power = offered.unit === undefined ? { power: 0 } : conversion(offered.unit, register.unit);
  const mismatch = 'code' in power ? power.detail : null;
  const value = 'power' in power ? scaled(offered.value, power.power) : offered.value;
  const read: KnownRead = { ...offered, value };
  const there = seen.counted.get(keyOf(read));
  const same = there !== undefined && compare(parseDecimal(there.value), parseDecimal(value)) === 0;
  if (there && mismatch === null) {
    const [old_rank, new_rank] = [qualityRanks[there.quality], qualityRanks[read.quality]];
    if (same && new_rank <= old_rank) return { outcome: 'unchanged', value, reasons: [], replaces: null };
    if (new_rank < old_rank) return { outcome: 'not_applied', value, reasons: [], replaces: null };
    if (state.only_better && new_rank === old_rank)
      return { outcome: 'not_applied', value, reasons: [], replaces: null, conflicts: true };
  }
  const { reasons, used } = faultsOf(read, mismatch, state, seen);
  const replaces = there?.reading_id ?? null;
  if (reasons.some(({ code }) => state.rules[code]?.action !== 'accept_and_flag')) {
    const again = state.held.some((one) => keyOf(one) === keyOf(read) && one.value === value && one.quality === read.quality);
    return { outcome: again ? 'unchanged' : 'held', value, reasons, replaces: null };
  }
  seen.counted.set(keyOf(read), read);
  if (register.kind === 'cumulative') {
    seen.timeline = [...seen.timeline.filter((one) => compareReads(one, read) !== 0), read].sort(compareReads);
  }
  const looks_back = state.rules.spike !== null || state.rules.zeros !== null;
  if (used !== null && looks_back) seen.trailing = [...seen.trailing.slice(1 - trailing_most), used];
  return { outcome: there ? 'replaced' : 'recorded', value, reasons, replaces, confirms: same };
}

/** Which rules a reading breaks, and what it would make of usage. */
function faultsOf(read: Read, mismatch: string | null, state: JudgeState, seen: Seen): { reasons: Reason[]; used: Used | null } {
  const reasons: Reason[] = [];
  const blame = (code: RuleKind, detail: string) => {
    if (state.rules[code] !== null) reasons.push({ code, detail });
  };
  if (mismatch !== null) {
    blame('unit_mismatch', mismatch);
    return { reasons, used: null };
  }
  if (compareTimes(read.time, seen.now) > 0) blame('future', `it is ${state.now.round('second').toString()} now`);
  if (read.value.startsWith('-')) blame('negative', `${read.value} ${state.register.unit} is below zero`);
  const { from, used } = usedBy(read, state, seen, (detail) => blame('backwards', detail));
  if (from !== null && seen.occupant(Temporal.Instant.from(from).epochMilliseconds) === null)
    blame('no_occupant', `nobody occupied the site at ${from}`);
  if (used !== null) thresholds(used, state, seen, blame);
  return { reasons, used };
}

/** From when the usage is that a reading makes, and how much of it; null where it makes none. */
function usedBy(
  read: Read,
  { register, devices }: JudgeState,
  seen: Seen,
  onBackwards: (detail: string) => void,
): { from: string | null; used: Used | null } {
  if (register.kind === 'interval') {
    const quantity = multiply(parseDecimal(read.value), parseDecimal(deviceOf(register, devices, read).multiplier));
    return { from: read.time, used: { hours: (register.every_minutes ?? 30) / 60, quantity } };
  }
  const before = seen.timeline.findLast((one) => compareReads(one, read) < 0);
  const after = seen.timeline.find((one) => compareReads(one, read) > 0);
  if (after && countedBetween(register, devices, read, after) === 'backwards')
    onBackwards(`it showed ${after.value} later, at ${after.time}`);
  if (!before) return { from: null, used: null };
  const counted = countedBetween(register, devices, before, read);
  if (counted === null) return { from: null, used: null };
  if (counted === 'backwards') {
    onBackwards(`it showed ${before.value} at ${before.time}`);
    return { from: before.time, used: null };
  }
  const hours = hoursBetween(before.time, read.time);
  return { from: before.time, used: { hours, quantity: counted } };
}

function thresholds(
  { hours, quantity }: Used,
  state: JudgeState,
  seen: Seen,
  blame: (code: RuleKind, detail: string) => void,
): void {
  const { below_min, above_max, spike, zeros } = state.rules;
  const shown = `${formatDecimal(quantity)} ${state.register.unit}`;
  if (below_min?.threshold && compare(quantity, parseDecimal(below_min.threshold)) < 0)
    blame('below_min', `${shown} is below ${below_min.threshold}`);
  if (above_max?.threshold && compare(quantity, parseDecimal(above_max.threshold)) > 0)
    blame('above_max', `${shown} is above ${above_max.threshold}`);
  if (spike?.threshold && seen.trailing.length >= 3) {
    const total = seen.trailing.reduce((sum, one) => add(sum, one.quantity), ZERO);
    const total_hours = seen.trailing.reduce((sum, one) => sum + one.hours, 0);
    const usual = divideDecimal(multiply(total, hoursText(hours)), hoursText(total_hours), 6);
    if (usual.units > 0n && compare(quantity, multiply(usual, parseDecimal(spike.threshold))) > 0)
      blame('spike', `${shown}, where ${formatDecimal(usual)} would be usual`);
  }
  if (zeros?.threshold && quantity.units === 0n) {
    const run = 1 + seen.trailing.toReversed().findIndex((one) => one.quantity.units !== 0n);
    const count = run === 0 ? seen.trailing.length + 1 : run;
    if (compare({ units: BigInt(count), scale: 0 }, parseDecimal(zeros.threshold)) >= 0)
      blame('zeros', `nothing was used ${count} times in a row`);
  }
}

export function hoursBetween(from: string, to: string): number {
  return (Temporal.Instant.from(to).epochMilliseconds - Temporal.Instant.from(from).epochMilliseconds) / 3_600_000;
}

/** Milliseconds are whole, so an exact decimal stands for the hours. */
function hoursText(hours: number): Decimal {
  return { units: BigInt(Math.max(1, Math.round(hours * 3_600_000))), scale: 0 };
}

function scaled(value: string, power: number): string {
  if (power === 0) return value;
  return value.startsWith('-') ? `-${convert(value.slice(1), power)}` : convert(value, power);
}

function keyOf({ time, is_last }: Pick<Read, 'time' | 'is_last'>): string {
  return `${time} ${is_last}`;
}
