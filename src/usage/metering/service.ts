import { assert } from '../../kernel/assert.ts';
import { compareEvents, type DayUsage } from '../../kernel/proof.ts';
import type { Db, Tx } from '../../platform/postgres.ts';
import { whatStands } from '../../pricing/metered.ts';
import { foldDays, type TakenDay } from './decide/days.ts';
import { nothingTaken, type Piece, pieceOfDay, planTakes, takenOf, takenOfDays, type WholeDays } from './decide/take.ts';
import type { StandingEvent, TakenEvent, TakenUsage, UsageTake } from './model.ts';
import { questionsOf } from './service/archived.ts';
import { selectArchivedPieces } from './sql/archive.ts';
import { selectWatermark } from './sql/rollup.ts';
import {
  type PieceBlockRow,
  readEventsOfPieces,
  readPieces,
  readPricedEvents,
  selectFirstEvents,
  selectLateDays,
  selectOrgsWithLateUsage,
  selectWholeDays,
  sumWholeDays,
  type TakenEventRow,
  upsertClosures,
} from './sql/take.ts';

/**
 * The usage that takes hold, each answered in its place; set-based, for tens of thousands at once. Whole local days come from the rollups
 * where these hold exactly what the take means, everything else from the events. The tenant must be rolled up to every `arrived_to`
 * (see `rollUp`), and what a take holds then is the same for ever.
 */
export async function takeUsage(db: Db, takes: readonly UsageTake[]): Promise<TakenUsage[]> {
  if (takes.length === 0) return [];
  await requireRolledUp(db, takes);
  const taken = takes.map(nothingTaken);
  const plan = planTakes(takes);
  const pieces = [...plan.pieces, ...(await latePieces(db, plan.late))];
  const mixed = new Set(pieces.map((piece) => piece.take));
  for (const take of await takeWholeDays(db, plan.whole, mixed, taken)) mixed.add(take);
  const days = await daysOf(
    db,
    plan.whole.filter((each) => mixed.has(each.take)),
    pieces,
  );
  for (const take of mixed) taken[take] = takenOfDays(days.get(take) ?? []);
  return taken;
}

/** The days of one take, ascending: what its root stands over. */
export async function daysOfTake(db: Db, take: UsageTake): Promise<DayUsage[]> {
  await requireRolledUp(db, [take]);
  const plan = planTakes([take]);
  const days = await daysOf(db, plan.whole, [...plan.pieces, ...(await latePieces(db, plan.late))]);
  return (days.get(0) ?? [])
    .map((day) => ({ day: day.day, root: day.root.toString('hex'), count: day.count, sum: day.quantity_sum }))
    .sort((a, b) => (a.day < b.day ? -1 : 1));
}

/** Exactly the events of a take, in the order of leaves, with what their leaves are made of. Reads as it is asked, within the transaction. */
export async function* eventsOfTake(db: Db, take: UsageTake): AsyncGenerator<TakenEvent> {
  for await (const { take: _only, ...event } of eventsOfTakes(db, [take])) yield event;
}

/** The same for many takes: those of each, named by its place in the call, one after another; a take without events is left out. */
export async function* eventsOfTakes(db: Db, takes: readonly UsageTake[]): AsyncGenerator<TakenEvent & { take: number }> {
  const pieces = takes.flatMap((take, at) => rectanglesAsPieces(take).map((piece) => ({ ...piece, take: at })));
  if (pieces.length === 0) return;
  for await (const question of questionsOf(db, pieces)) {
    for await (const rows of readEventsOfPieces(db, question)) {
      for (const row of rows) yield { take: row.take, ...takenEvent(row) };
    }
  }
}

/**
 * The events that takes hold and that count, for prices over single events: by place in the call, in the order of (time, request id). One
 * take's at a time, so that memory follows the largest take and not their number; a take without events is left out.
 */
export async function* standingEvents(
  db: Db,
  takes: readonly UsageTake[],
): AsyncGenerator<{ take: number; events: StandingEvent[] }> {
  const pieces = takes.flatMap((take, at) => rectanglesAsPieces(take).map((piece) => ({ ...piece, take: at })));
  if (pieces.length === 0) return;
  let take = -1;
  let events: (StandingEvent & { voids: string | null })[] = [];
  for await (const question of questionsOf(db, pieces)) {
    for await (const rows of readPricedEvents(db, question)) {
      for (const { take: at, ...event } of rows) {
        if (at !== take && events.length > 0) yield { take, events: whatStands(events) };
        if (at !== take) events = [];
        take = at;
        events.push(event);
      }
    }
  }
  if (events.length > 0) yield { take, events: whatStands(events) };
}

/** The first of them, without reading the others. */
export async function firstEventsOfTake(db: Db, take: UsageTake, most: number): Promise<TakenEvent[]> {
  const found: TakenEvent[] = [];
  const pieces = rectanglesAsPieces(take);
  if ((await selectArchivedPieces(db, pieces)).length > 0) {
    for await (const event of eventsOfTake(db, take)) {
      if (found.push(event) === most) break;
    }
    return found;
  }
  for (const piece of pieces) found.push(...(await selectFirstEvents(db, piece, most)).map(takenEvent));
  return found.sort((a, b) => compareEvents(a.event, b.event)).slice(0, most);
}

/**
 * Which organizations may have usage that arrived after the watermark for a period, given by its bounds: all that have are among them.
 * Costs a look at a row per organization and month.
 */
export async function organizationsWithLateUsage(
  db: Db,
  periods: readonly { org_id: string; from: string; to: string; watermark: string }[],
): Promise<Set<string>> {
  if (periods.length === 0) return new Set();
  // Whatever the zone, the local month is that of the day before or after at the most.
  const monthOf = (moment: string, hours: number) => `${Temporal.Instant.from(moment).add({ hours }).toString().slice(0, 7)}-01`;
  const asked = periods.map(({ org_id, from, to, watermark }) => ({
    org_id,
    first_month: monthOf(from, -24),
    last_month: monthOf(to, 24),
    watermark,
  }));
  return new Set(await selectOrgsWithLateUsage(db, asked));
}

/** Says until when billing has been: usage from before is late from now on. A closure never moves back. */
export async function closeUsage(tx: Tx, closures: readonly { org_id: string; closed_until: string }[]): Promise<void> {
  if (closures.length > 0) await upsertClosures(tx, closures);
}

function rectanglesAsPieces({ org_id, sku, time_zone, rectangles }: UsageTake): Piece[] {
  return rectangles.map((each) => ({ take: 0, org_id, sku, time_zone, late: false, ...each }));
}

function takenEvent({ take: _take, day, salt, leaf, ...event }: TakenEventRow): TakenEvent {
  return { day, event, salt, leaf };
}

async function requireRolledUp(db: Db, takes: readonly UsageTake[]): Promise<void> {
  const watermark = BigInt(await selectWatermark(db));
  const ahead = takes.some((take) => take.rectangles.some((each) => BigInt(each.arrived_to) > watermark));
  assert(!ahead, 'usage is taken up to a watermark that the rollups have reached');
}

/** What arrived late lies on days that changed since; of an organization that moved, rollups cannot tell. */
async function latePieces(db: Db, late: ReturnType<typeof planTakes>['late']): Promise<Piece[]> {
  if (late.length === 0) return [];
  const rows = await selectLateDays(db, late);
  return rows.flatMap(({ n, moved, days }) => {
    const arrivals = late[n - 1]!;
    return moved ? [arrivals] : (days ?? []).map((day) => pieceOfDay(arrivals, day));
  });
}

/** Answers the takes that are nothing but whole days; returns those that turn out not to be. */
async function takeWholeDays(
  db: Db,
  whole: readonly WholeDays[],
  mixed: ReadonlySet<number>,
  taken: TakenUsage[],
): Promise<Set<number>> {
  const asked = whole.filter((each) => !mixed.has(each.take));
  if (asked.length === 0) return new Set();
  const rows = (await sumWholeDays(db, asked)).map((row) => ({
    ...row,
    asked: asked[row.n - 1]!,
    count: Number.parseInt(row.count, 10),
    counted: Number.parseInt(row.counted, 10),
  }));
  const refused = new Set(rows.filter((row) => row.moved || row.stale).map((row) => row.asked.take));
  for (const [take, parts] of Map.groupBy(rows, (row) => row.asked.take)) {
    if (refused.has(take)) continue;
    parts.sort((a, b) => (a.asked.first_day < b.asked.first_day ? -1 : 1));
    taken[take] = takenOf(
      parts,
      parts.flatMap((part) => leavesOf(part.day_leaves)),
    );
  }
  return refused;
}

/** By take: its days, from rollups where these are exact and from events elsewhere. In no order. */
async function daysOf(db: Db, whole: readonly WholeDays[], edges: readonly Piece[]): Promise<Map<number, TakenDay[]>> {
  const found = new Map<number, TakenDay[]>();
  const pieces = [...edges];
  const put = (take: number, day: TakenDay) => {
    const days = found.get(take);
    if (days) days.push(day);
    else found.set(take, [day]);
  };
  const moved = new Set<number>();
  for (const row of whole.length > 0 ? await selectWholeDays(db, whole) : []) {
    const asked = whole[row.n - 1]!;
    const source = { ...asked, arrived_from: '0', late: false };
    if (row.moved) {
      if (!moved.has(row.n)) pieces.push(source);
      moved.add(row.n);
    } else if (row.day !== null && row.stale) {
      pieces.push(pieceOfDay(source, row.day));
    } else if (row.day !== null) {
      const [count, counted] = [Number.parseInt(row.count, 10), Number.parseInt(row.counted, 10)];
      put(asked.take, { ...row, day: row.day, count, counted });
    }
  }
  if (pieces.length === 0) return found;
  const days = foldDays<PieceBlockRow>((a, b) => a.take === b.take);
  for await (const question of questionsOf(db, pieces)) {
    for await (const blocks of readPieces(db, question)) {
      for (const block of blocks) {
        const done = days.add(block);
        if (done) put(done.keys.take, done.usage);
      }
    }
  }
  const last = days.end();
  if (last) put(last.keys.take, last.usage);
  return found;
}

function leavesOf(bytes: Buffer | null): Buffer[] {
  const leaves: Buffer[] = [];
  for (let at = 0; at < (bytes?.length ?? 0); at += 32) leaves.push(bytes!.subarray(at, at + 32));
  return leaves;
}
