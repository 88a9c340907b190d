import { recordAudit } from '../../../foundation/audit/service.ts';
import { emit } from '../../../foundation/events/service.ts';
import { allTenants } from '../../../foundation/tenancy/service.ts';
import { add, formatDecimal, multiply, parseDecimal, ZERO } from '../../../kernel/decimal.ts';
import { newId } from '../../../kernel/id.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Db, Postgres, Tx } from '../../../platform/postgres.ts';
import { estimateCounter, estimateInterval, gapsOf, missingTimes } from '../decide/gaps.ts';
import { compareTimes, countedBetween, registerOf, worse } from '../decide/reading.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import type { Consumption, Gap } from '../model/gaps.ts';
import type { RecordedReading } from '../model/readings.ts';
import type { Meter, Register } from '../model.ts';
import { closeGaps, insertGap, selectExpected, selectFarApart, selectOpenGaps, sumDays, updateGap } from '../sql/gaps.ts';
import { lockMeter } from '../sql/meters.ts';
import { selectReadingsById, selectReadsAround, selectReadsBefore, selectReadsWithin } from '../sql/readings.ts';
import { requireMeter } from './meters.ts';
import { type Offer, takeReadings } from './readings.ts';
import { tenantNow } from './run-import.ts';
import { requireSite } from './sites.ts';
import type { UsageDeps } from './tell-usage.ts';

export const gap_job = 'meters.find_gaps';

/** How many days may be looked at in one call. */
const most_days = 400;
/** How many readings may be estimated in one call. */
const most_estimates = 10_000;

interface Range {
  /** RFC 3339, UTC. */
  from: string;
  to: string;
}

/**
 * What is missing of a meter's registers within `[from, to)`, up to now. Only of registers of which it is known how often they should be read. Throws
 * `meter_not_found`, `register_unknown`, `gap_range_invalid`.
 */
export async function findGaps(db: Db, meter_id: string, range: Range, name?: string | undefined): Promise<Gap[]> {
  const meter = await requireMeter(db, meter_id);
  requireRange(range);
  const registers = name === undefined ? meter.registers : [registerOf(meter, name)];
  const gaps: Gap[] = [];
  for (const register of registers) gaps.push(...(await gapsOfRegister(db, meter_id, register, range)));
  return gaps;
}

/**
 * Fills the gaps of a register within `[from, to)` with estimated readings, which a later actual trues up: an interval by the same weekday of the last
 * four weeks, a counter evenly between its reads. Throws `meter_not_found`, `register_unknown`, `gap_range_invalid`, `gap_not_estimable`.
 */
export async function estimateGaps(
  tx: Tx,
  deps: UsageDeps,
  of: Range & { meter_id: string; register: string },
): Promise<RecordedReading[]> {
  const meter = await lockMeter(tx, of.meter_id);
  if (!meter) throw errors.meter_not_found({ detail: `There is no meter ${of.meter_id}.` });
  requireRange(of);
  const register = registerOf(meter, of.register);
  const gaps = await gapsOfRegister(tx, meter.meter_id, register, of);
  const missing = gaps.reduce((sum, gap) => sum + gap.missing, 0);
  if (missing === 0) throw errors.gap_not_estimable({ detail: 'Nothing is missing there.' });
  if (missing > most_estimates)
    throw errors.gap_not_estimable({ detail: `${missing} readings are missing there; ${most_estimates} are estimated at once.` });
  const offers: Offer[] = [];
  for (const gap of gaps) {
    const estimates =
      register.kind === 'interval' ? await ofIntervals(tx, meter, register, gap) : await ofCounter(tx, meter, register, gap);
    for (const { time, value } of estimates) {
      if (value === undefined) throw errors.gap_not_estimable({ detail: `No earlier readings tell what there was at ${time}.` });
      offers.push({ time, value, quality: 'estimated', is_last: false });
    }
  }
  const taken = await takeReadings(tx, deps, { meter, register, offers, source: 'estimate' });
  await recordAudit(tx, {
    action: 'meter.gap_estimated',
    target_type: 'meter',
    target_id: meter.meter_id,
    before: { gaps },
    after: { register: register.register, readings: offers.length },
  });
  const ids = taken.map((one) => one.reading_id);
  const stored = new Map((await selectReadingsById(tx, ids)).map((one) => [one.reading_id, one]));
  return taken.map(({ reading_id, outcome, reasons }) => ({ ...stored.get(reading_id)!, outcome, reasons }));
}

/** What was used of a register, by day or by pair of reads. Throws `meter_not_found`, `register_unknown`, `gap_range_invalid`. */
export async function consumptionOf(db: Db, of: Range & { meter_id: string; register: string }): Promise<Consumption[]> {
  const meter = await requireMeter(db, of.meter_id);
  requireRange(of);
  const register = registerOf(meter, of.register);
  return register.kind === 'interval' ? byDays(db, meter, register, of) : byReads(db, meter, register, of);
}

/** Looks at the last five weeks of every meter, as the nightly job does, and tells of each gap once. */
export async function findAllGaps({ postgres, clock }: { postgres: Postgres; clock: Clock }, signal: AbortSignal): Promise<void> {
  for (const { tenant_id } of await allTenants(postgres)) {
    const now = await tenantNow({ postgres, clock }, tenant_id);
    // Files of a day come the day after.
    const range = { from: now.subtract({ hours: 35 * 24 }).toString(), to: now.subtract({ hours: 24 }).toString() };
    const actor = { kind: 'system', id: gap_job } as const;
    for (const { meter_id, register } of await postgres.read({ tenant_id, now }, selectExpected)) {
      if (signal.aborted) return;
      await postgres.transact({ tenant_id, now, actor }, (tx) => recordGaps(tx, meter_id, register, range));
    }
  }
}

/** Brings the gaps on record in line with what is missing; what was not known to be missing is told as `meter.gap.found`. */
export async function recordGaps(tx: Tx, meter_id: string, name: string, range: Range): Promise<void> {
  const meter = await lockMeter(tx, meter_id);
  if (!meter) throw errors.meter_not_found({ detail: `There is no meter ${meter_id}.` });
  const found = await gapsOfRegister(tx, meter_id, registerOf(meter, name), range);
  const open = await selectOpenGaps(tx, meter_id, name);
  const overlap = (a: Range, b: Range) => compareTimes(a.from, b.to) < 0 && compareTimes(b.from, a.to) < 0;
  const known = new Map(open.map((one) => [one.from, one]));
  const begins = new Set(found.map((gap) => gap.from));
  const gone = open.filter((one) => overlap(one, range) && !begins.has(one.from));
  await closeGaps(
    tx,
    gone.map((one) => one.gap_id),
  );
  for (const gap of found) {
    const same = known.get(gap.from);
    if (same) {
      await updateGap(tx, same.gap_id, gap);
      continue;
    }
    const gap_id = newId(tx.now);
    await insertGap(tx, gap_id, meter_id, gap);
    // What is left of a gap was told when that was found.
    if (open.some((one) => overlap(one, gap))) continue;
    const { register, from, to, missing } = gap;
    await emit<typeof events>(tx, {
      type: 'meter.gap.found',
      aggregate_type: 'meter',
      aggregate_id: meter_id,
      data: { gap_id, meter_id, register, from, to, missing },
    });
  }
}

async function gapsOfRegister(db: Db, meter_id: string, register: Register, { from, to }: Range): Promise<Gap[]> {
  const { every_minutes } = register;
  const until = compareTimes(to, db.now.toString()) < 0 ? to : db.now.toString();
  if (every_minutes === null || compareTimes(from, until) >= 0) return [];
  const range = { from, to: until };
  const apart = await selectFarApart(db, { meter_id, register: register.register, every_minutes }, range);
  return gapsOf(register, apart, range);
}

async function ofIntervals(db: Db, meter: Meter, register: Register, gap: Gap) {
  const { time_zone } = await requireSite(db, meter.site_id);
  const from = Temporal.Instant.from(gap.from)
    .subtract({ hours: 29 * 24 })
    .toString();
  const reads = await selectReadsWithin(db, meter.meter_id, register.register, from, gap.to);
  const known = new Map(reads.filter((one) => one.quality !== 'estimated').map((one) => [one.time, one.value]));
  return missingTimes(register, gap).map((time) => ({ time, value: estimateInterval(time, time_zone, known) }));
}

async function ofCounter(db: Db, meter: Meter, register: Register, gap: Gap) {
  const around = await selectReadsAround(db, meter.meter_id, register.register, gap.from, gap.from);
  const counted = around.filter((one) => one.state === 'counted');
  const before = counted.findLast((one) => one.time === gap.from)!;
  const after = counted.find((one) => compareTimes(one.time, gap.from) > 0);
  const [earlier] = await selectReadsBefore(db, meter.meter_id, register.register, gap.from, 1);
  const reads = { earlier, before, after };
  return missingTimes(register, gap).map((time) => ({
    time,
    value: estimateCounter(time, reads, { register, devices: meter.devices }),
  }));
}

async function byDays(db: Db, meter: Meter, register: Register, range: Range): Promise<Consumption[]> {
  const { time_zone } = await requireSite(db, meter.site_id);
  // Whole days of the site, whatever part of them was asked for: half a day would look as if the other half were missing.
  const [first, last] = [range.from, range.to].map((at) => Temporal.Instant.from(at).toZonedDateTimeISO(time_zone).startOfDay());
  const end = compareTimes(last!.toInstant().toString(), range.to) < 0 ? last!.add({ days: 1 }).startOfDay() : last!;
  const whole = { from: first!.toInstant().toString(), to: end.toInstant().toString() };
  const rows = await sumDays(db, { meter_id: meter.meter_id, register: register.register, time_zone }, whole);
  const days = Map.groupBy(rows, (row) => row.day);
  const multiplier = parseDecimal(register.multiplier);
  const points: Consumption[] = [];
  for (let day = first!; Temporal.ZonedDateTime.compare(day, end) < 0; day = day.add({ days: 1 }).startOfDay()) {
    const parts = days.get(day.toPlainDate().toString()) ?? [];
    const minutes = day.until(day.add({ days: 1 }).startOfDay(), { largestUnit: 'minutes' }).minutes;
    const expected = register.every_minutes === null ? 0 : Math.floor(minutes / register.every_minutes);
    const there = parts.reduce((sum, part) => sum + part.count, 0);
    const sums = parts.map(({ quality, sum }) => ({ quality, quantity: multiply(parseDecimal(sum), multiplier) }));
    points.push({
      from: day.toInstant().toString(),
      to: day.add({ days: 1 }).startOfDay().toInstant().toString(),
      quantity: formatDecimal(sums.reduce((sum, one) => add(sum, one.quantity), ZERO)),
      by_quality: sums.map(({ quality, quantity }) => ({ quality, quantity: formatDecimal(quantity) })),
      missing: Math.max(0, expected - there),
    });
  }
  // Before the first and after the last day with a reading nothing is known to be missing.
  const [head, tail] = [
    points.findIndex((one) => one.by_quality.length > 0),
    points.findLastIndex((one) => one.by_quality.length > 0),
  ];
  return head < 0 ? [] : points.slice(head, tail + 1);
}

async function byReads(db: Db, meter: Meter, register: Register, range: Range): Promise<Consumption[]> {
  const [before] = await selectReadsBefore(db, meter.meter_id, register.register, range.from, 1);
  const within = await selectReadsWithin(db, meter.meter_id, register.register, range.from, range.to);
  const reads = before ? [before, ...within] : within;
  return reads.flatMap((read, at) => {
    const last = reads[at - 1];
    if (!last || last.time === read.time) return [];
    const counted = countedBetween(register, meter.devices, last, read);
    if (counted === null || counted === 'backwards') return [];
    const quantity = formatDecimal(counted);
    const apart = [{ read_at: last.time, next: read.time }];
    const missing = gapsOf(register, apart, { from: last.time, to: read.time })[0]?.missing ?? 0;
    return [
      {
        from: last.time,
        to: read.time,
        quantity,
        by_quality: [{ quality: worse(last.quality, read.quality), quantity }],
        missing,
      },
    ];
  });
}

function requireRange({ from, to }: Range): void {
  const order = compareTimes(from, to);
  const days = Temporal.Instant.from(to).since(Temporal.Instant.from(from)).total('hours') / 24;
  if (order < 0 && days <= most_days) return;
  const detail = order < 0 ? `must be at most ${most_days} days after from` : 'must be later than from';
  throw errors.gap_range_invalid({ detail: `to ${detail}.`, errors: [{ pointer: 'to', code: 'gap_range_invalid', detail }] });
}
