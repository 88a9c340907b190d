import { recordAudits } from '../../../foundation/audit/service.ts';
import { emitMany } from '../../../foundation/events/service.ts';
import { assert } from '../../../kernel/assert.ts';
import { multiply, parseDecimal } from '../../../kernel/decimal.ts';
import { newId } from '../../../kernel/id.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { Source } from '../../metering/model.ts';
import { hoursBetween, type JudgeState, judge, rulesFor, trailing_most, type Used, type Verdict } from '../decide/judge.ts';
import { compareTimes, countedBetween, registerOf } from '../decide/reading.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import type { Reading, ReadingQuality, ReadingSource, ReadingState, RecordedReading } from '../model/readings.ts';
import type { Meter, Register } from '../model.ts';
import { lockMeter } from '../sql/meters.ts';
import {
  insertReadings,
  type ReadRow,
  selectReadings,
  selectReadingsById,
  selectReadsAround,
  selectReadsAt,
  selectReadsBefore,
  updateReadingState,
} from '../sql/readings.ts';
import { insertReviews, selectRulesOf } from '../sql/reviews.ts';
import { selectOccupancies } from '../sql/sites.ts';
import { requireMeter } from './meters.ts';
import { settleUsage } from './settle-usage.ts';
import type { UsageDeps } from './tell-usage.ts';

/** A reading as it is offered. */
export interface NewReading {
  meter_id: string;
  /** May be left out where the meter has one. */
  register?: string | undefined;
  /** RFC 3339, UTC. */
  time: string;
  /** What the register shows or, of an interval register, what was used from `time` on. */
  value: string;
  quality: ReadingQuality;
  /** The register's unless given. */
  unit?: string | undefined;
  photo_id?: string | undefined;
}

/**
 * Takes readings of any meters, in any order, and answers what became of each. What counts becomes usage of whoever occupied the site when it
 * began; a reading between two others, or in the place of one, splits their usage anew. What breaks a rule waits for a review and is no usage.
 * Throws `meter_not_found`, `register_unknown`, `reading_photo_unknown`.
 */
export async function recordReadings(
  tx: Tx,
  deps: UsageDeps,
  readings: readonly NewReading[],
  source: ReadingSource,
): Promise<RecordedReading[]> {
  const meters = new Map<string, Meter>();
  // In one order, so that two calls never wait for each other in a ring.
  for (const meter_id of [...new Set(readings.map((one) => one.meter_id))].sort()) {
    const meter = await lockMeter(tx, meter_id);
    if (!meter) throw errors.meter_not_found({ detail: `There is no meter ${meter_id}.` });
    meters.set(meter_id, meter);
  }
  const placed = readings.map((reading, index) => {
    const meter = meters.get(reading.meter_id)!;
    return { index, meter, register: registerOf(meter, reading.register), reading };
  });
  const answers: RecordedReading[] = [];
  for (const group of Map.groupBy(placed, ({ meter, register }) => `${meter.meter_id} ${register.register}`).values()) {
    const { meter, register } = group[0]!;
    const offers = group.map(({ reading }) => ({ ...reading, is_last: false }));
    const taken = await takeReadings(tx, deps, { meter, register, offers, source });
    const stored = new Map(
      (
        await selectReadingsById(
          tx,
          taken.map((one) => one.reading_id),
        )
      ).map((one) => [one.reading_id, one]),
    );
    for (const [at, one] of taken.entries()) {
      answers[group[at]!.index] = { ...stored.get(one.reading_id)!, outcome: one.outcome, reasons: one.reasons };
    }
  }
  return answers;
}

export type Offer = Pick<NewReading, 'time' | 'value' | 'quality' | 'unit' | 'photo_id'> & { is_last: boolean };

export interface Taken extends Verdict {
  /** Of what was stored or, where nothing was, of what stands there. */
  reading_id: string;
  /** What counted there before. */
  before: ReadRow | null;
}

/** Takes readings of one register of a meter that is locked. `settle` false leaves first usage to whoever calls, as imports send their own. */
export async function takeReadings(
  tx: Tx,
  deps: UsageDeps,
  call: {
    meter: Meter;
    register: Register;
    offers: readonly Offer[];
    source: ReadingSource;
    settle?: boolean;
    only_better?: boolean;
  },
): Promise<Taken[]> {
  const { meter, register, offers, source } = call;
  const state = { ...(await judgeState(tx, meter, register, offers)), only_better: call.only_better ?? false };
  const offered = offers.map((one) => ({ ...one, reading_id: newId(tx.now) }));
  const verdicts = judge(offered, state);
  const replaced = new Set(verdicts.flatMap(({ replaces }) => (replaces === null ? [] : [replaces])));
  const rows = offered.flatMap((one, at) => {
    const { outcome, value, reasons } = verdicts[at]!;
    if (outcome === 'unchanged' || outcome === 'not_applied') return [];
    const row_state: ReadingState = outcome === 'held' ? 'held' : replaced.has(one.reading_id) ? 'superseded' : 'counted';
    const flags = outcome === 'held' ? [] : reasons.map(({ code }) => code);
    return [{ ...one, value, state: row_state, flags, photo_id: one.photo_id ?? null }];
  });
  await updateReadingState(
    tx,
    state.known.filter((one) => replaced.has(one.reading_id)).map((one) => one.reading_id),
    'superseded',
  );
  await insertReadings(tx, { meter_id: meter.meter_id, register: register.register, source }, rows);
  const held = offered.flatMap((one, at) => (verdicts[at]!.outcome === 'held' ? [{ ...one, ...verdicts[at]! }] : []));
  await insertReviews(
    tx,
    held.map(({ reading_id, reasons }) => ({ review_id: newId(tx.now), reading_id, reasons })),
  );
  await tellOthers(tx, meter, register, source, rows, state.known);
  const first = call.settle ?? true;
  const counted = offered.filter((_one, at) => {
    const { outcome, confirms } = verdicts[at]!;
    return (outcome === 'recorded' && first) || (outcome === 'replaced' && !confirms);
  });
  if (counted.length > 0) {
    const origin: Source = source === 'import' ? 'import' : source === 'manual' ? 'manual' : 'meter';
    const times = [...new Set(counted.map((one) => one.time))];
    await settleUsage(tx, deps, { meter, register, times, source: origin, first, known: state.known });
  }
  // Of what was stored first of two the same in one call, the others are told the id.
  const standing = new Map([...rows, ...state.held, ...state.known].reverse().map((one) => [placeOf(one), one.reading_id]));
  const stored = new Set(rows.map((row) => row.reading_id));
  const counted_before = new Map(state.known.map((one) => [placeOf(one), one]));
  return offered.map((one, at) => {
    const reading_id = stored.has(one.reading_id) ? one.reading_id : standing.get(placeOf(one));
    assert(reading_id !== undefined, 'a reading that is not stored has one that stands in its place');
    return { ...verdicts[at]!, reading_id, before: counted_before.get(placeOf(one)) ?? null };
  });
}

/** What judging a register's readings needs to know. */
export async function judgeState(
  db: Db,
  meter: Meter,
  register: Register,
  offers: readonly Pick<Offer, 'time'>[],
): Promise<Omit<JudgeState, 'known' | 'held'> & { known: ReadRow[]; held: ReadRow[] }> {
  const times = [...new Set(offers.map((one) => one.time))].sort(compareTimes);
  const [first, last] = [times[0]!, times.at(-1)!];
  const { meter_id } = meter;
  const there =
    register.kind === 'interval'
      ? await selectReadsAt(db, meter_id, register.register, times)
      : await selectReadsAround(db, meter_id, register.register, first, last);
  const rules = rulesFor(await selectRulesOf(db, meter_id, register.sku));
  const history =
    rules.spike || rules.zeros ? await selectReadsBefore(db, meter_id, register.register, first, trailing_most) : [];
  return {
    register,
    devices: meter.devices,
    occupancies: await selectOccupancies(db, meter.site_id),
    rules,
    known: there.filter((one) => one.state === 'counted'),
    held: there.filter((one) => one.state === 'held'),
    trailing: trailingOf(meter, register, history.reverse()),
    now: db.now,
  };
}

export interface ReadingQuery {
  meter_id: string;
  register?: string | undefined;
  state?: ReadingState | undefined;
  from?: string | undefined;
  to?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}

/** Latest first: what counts and what is held, unless `state` says otherwise. Throws `meter_not_found`, `cursor_invalid`. */
export async function listReadings(db: Db, query: ReadingQuery): Promise<{ data: Reading[]; next_cursor: string | null }> {
  await requireMeter(db, query.meter_id);
  const sort = 'readings.time';
  const [time, reading_id] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await selectReadings(db, {
    meter_id: query.meter_id,
    register: query.register ?? null,
    states: query.state === undefined ? ['counted', 'held'] : [query.state],
    from: query.from ?? null,
    to: query.to ?? null,
    before: time !== undefined && reading_id !== undefined ? { time, reading_id } : null,
    limit: query.limit,
  });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.time, row.reading_id]));
}

function placeOf({ time, is_last }: { time: string; is_last: boolean }): string {
  return `${time} ${is_last}`;
}

function trailingOf(meter: Meter, register: Register, reads: readonly ReadRow[]): Used[] {
  const hours = (register.every_minutes ?? 30) / 60;
  if (register.kind === 'interval') {
    const multiplier = parseDecimal(register.multiplier);
    return reads.map((one) => ({ hours, quantity: multiply(parseDecimal(one.value), multiplier) }));
  }
  return reads.flatMap((read, at) => {
    const before = reads[at - 1];
    const counted = before ? countedBetween(register, meter.devices, before, read) : null;
    if (!before || counted === null || counted === 'backwards') return [];
    return [{ hours: hoursBetween(before.time, read.time), quantity: counted }];
  });
}

/** The audit log and whoever listens. Files bring thousands, which their import stands for; what they replaced is told of all the same. */
async function tellOthers(
  tx: Tx,
  meter: Meter,
  register: Register,
  source: ReadingSource,
  rows: readonly (Omit<Offer, 'photo_id'> & { reading_id: string; state: ReadingState })[],
  known: readonly ReadRow[],
): Promise<void> {
  const { meter_id } = meter;
  const standing = new Map(known.map((one) => [placeOf(one), one]));
  const audited = source === 'import' ? rows.filter((row) => standing.has(placeOf(row)) || row.state === 'held') : rows;
  await recordAudits(
    tx,
    audited.map((row) => {
      const before = standing.get(placeOf(row));
      const { reading_id, time, value, quality, state } = row;
      return {
        action: state === 'held' ? 'meter.reading_held' : before ? 'meter.reading_replaced' : 'meter.read',
        target_type: 'meter',
        target_id: meter_id,
        before:
          before && state !== 'held' ? { reading_id: before.reading_id, value: before.value, quality: before.quality } : null,
        after: { reading_id, register: register.register, time, value, quality, state, source },
      };
    }),
  );
  if (source === 'import') return;
  await emitMany<typeof events>(
    tx,
    rows.map(({ reading_id, time, value, state }) => ({
      type: state === 'held' ? ('meter.reading.held' as const) : ('meter.read' as const),
      aggregate_type: 'meter',
      aggregate_id: meter_id,
      data: { reading_id, meter_id, register: register.register, time, value },
    })),
  );
}
