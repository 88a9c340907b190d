import { emitMany } from '../../../foundation/events/service.ts';
import type { Actor, Db, Postgres, Scope, Tx } from '../../../platform/postgres.ts';
import { type Day, foldDays } from '../decide/days.ts';
import { type Piece, pieceOfDay } from '../decide/take.ts';
import type { events } from '../events.ts';
import {
  type DayBlockRow,
  hasEventsBetween,
  lockRollup,
  type RollupRow,
  readDay,
  readOrganization,
  readTouchedDays,
  resetOrganization,
  selectArchivedDays,
  selectArchivedTouched,
  selectDueTenants,
  selectMovedOrgs,
  selectStep,
  selectWatermark,
  type TouchedDay,
  upsertRollups,
  upsertWatermark,
} from '../sql/rollup.ts';
import { archivedLines } from './archived.ts';
import { presentWatermark } from './watermark.ts';

/** Events of one pass; a tenant with more news takes several passes, each with a watermark of its own. */
const most_per_pass = 5_000_000;
const days_per_write = 5000;

const actor: Actor = { kind: 'system', id: 'metering' };

/**
 * Brings the tenant's rollups up to a watermark (see `settledWatermark`): works out anew every local day on which usage arrived since the
 * last one, tells `usage.rolled_up` for each organization, and answers the watermark that now holds, which may be a later one. One at a
 * time per tenant; stopped half-way it leaves rows that are right and a watermark that has not moved. Opens transactions of its own.
 */
export async function rollUp(postgres: Postgres, tenant_id: string, watermark: string, now: Temporal.Instant): Promise<string> {
  const scope: Scope = { tenant_id, now, actor };
  for (;;) {
    const reached = await postgres.read(scope, async (db) => {
      await lockRollup(db);
      const last = await selectWatermark(db);
      if (BigInt(last) >= BigInt(watermark)) return last;
      await followMovedOrganizations(postgres, scope, db, last);
      const next = await nextWatermark(db, last, watermark);
      const touched = await writeTouchedDays(postgres, scope, db, last, next);
      await postgres.transact(scope, (tx) => finish(tx, next, touched));
      return next;
    });
    if (BigInt(reached) >= BigInt(watermark)) return reached;
  }
}

/** Tenants with usage that no rollup holds yet. */
export async function tenantsToRollUp(postgres: Postgres): Promise<string[]> {
  return selectDueTenants(postgres.pool('due'));
}

/** Rolls a tenant up to what needs no waiting, if that holds anything new; says whether it did. */
export async function rollUpWhatIsNew(postgres: Postgres, tenant_id: string, now: Temporal.Instant): Promise<boolean> {
  const watermark = await presentWatermark(postgres);
  const is_new = await postgres.read({ tenant_id, now }, async (db) =>
    hasEventsBetween(db, await selectWatermark(db), watermark),
  );
  if (is_new) await rollUp(postgres, tenant_id, watermark, now);
  return is_new;
}

async function nextWatermark(db: Db, last: string, watermark: string): Promise<string> {
  const step = await selectStep(db, last, watermark, most_per_pass);
  if (step === undefined) return watermark;
  // A single transaction that brought more than a pass holds cannot be split.
  return BigInt(step) > BigInt(last) ? step : (BigInt(last) + 1n).toString();
}

/** Which local days of which organizations changed. */
type Touched = Map<string, { from_day: string; to_day: string }>;

async function writeTouchedDays(postgres: Postgres, scope: Scope, db: Db, from: string, to: string): Promise<Touched> {
  const touched: Touched = new Map();
  await eachDays(touchedDays(db, from, to), async (rows) => {
    for (const { org_id, day } of rows) {
      const days = touched.get(org_id) ?? { from_day: day, to_day: day };
      if (day < days.from_day) days.from_day = day;
      if (day > days.to_day) days.to_day = day;
      touched.set(org_id, days);
    }
    await postgres.transact(scope, (tx) => upsertRollups(tx, rows, to));
  });
  return touched;
}

/** Late usage for archived days: those are read one by one, each with what the archive has of it. */
async function* touchedDays(db: Db, from: string, to: string): AsyncGenerator<DayBlockRow[]> {
  // What was never rolled up was never archived.
  const others = from === '0' ? [] : await selectArchivedTouched(db, from, to);
  yield* readTouchedDays(db, from, to, others);
  yield* readDays(db, others, to);
}

/** Days one by one, each with what the archive has of it. */
async function* readDays(db: Db, days: readonly TouchedDay[], to: string): AsyncGenerator<DayBlockRow[]> {
  for (const each of days) yield* readDay(db, each, { to, archived: await archivedLines(db, [wholeDay(each, to)]) });
}

function wholeDay({ org_id, sku, day, time_zone }: TouchedDay, to: string): Piece {
  const from = { from: '0001-01-01T00:00:00Z', to: '9999-12-31T00:00:00Z', arrived_from: '0', arrived_to: to };
  return pieceOfDay({ take: 0, org_id, sku, time_zone, late: false, ...from }, day);
}

async function finish(tx: Tx, watermark: string, touched: Touched): Promise<void> {
  await upsertWatermark(tx, watermark);
  await emitMany<typeof events>(
    tx,
    [...touched].map(([org_id, days]) => ({
      type: 'usage.rolled_up' as const,
      aggregate_type: 'organization',
      aggregate_id: org_id,
      org_id,
      data: { watermark, ...days },
    })),
  );
}

/** An organization that moved has all its days cut anew, in one transaction: nobody sees days of two zones beside each other. */
async function followMovedOrganizations(postgres: Postgres, scope: Scope, db: Db, watermark: string): Promise<void> {
  for (const { org_id, time_zone } of await selectMovedOrgs(db)) {
    await postgres.transact(scope, async (tx) => {
      const days = await selectArchivedDays(tx, org_id, time_zone);
      await resetOrganization(tx, org_id, time_zone);
      const reads = days.length > 0 ? readDays(tx, days, watermark) : readOrganization(tx, org_id, time_zone, watermark);
      await eachDays(reads, (rows) => upsertRollups(tx, rows, watermark), { together: false });
    });
  }
}

/**
 * Folds blocks into days and hands these on, some thousands at a time. `together`: a write may be under way while the next days are read
 * and folded, for it has a connection of its own.
 */
async function eachDays(
  reads: AsyncIterable<DayBlockRow[]>,
  write: (rows: RollupRow[]) => Promise<void>,
  { together = true } = {},
): Promise<void> {
  const days = foldDays<DayBlockRow>((a, b) => a.sku === b.sku && a.org_id === b.org_id);
  let rows: RollupRow[] = [];
  let writing: Promise<void> = Promise.resolve();
  const handOn = async () => {
    await writing;
    writing = write(rows);
    rows = [];
    if (together) void Promise.allSettled([writing]);
    else await writing;
  };
  for await (const blocks of reads) {
    for (const block of blocks) {
      const done = days.add(block);
      if (done) rows.push(rollupRow(done));
    }
    if (rows.length >= days_per_write) await handOn();
  }
  const last = days.end();
  if (last) rows.push(rollupRow(last));
  if (rows.length > 0) await handOn();
  await writing;
}

function rollupRow(day: Day<DayBlockRow>): RollupRow {
  const { org_id, sku, time_zone } = day.keys;
  const { late_count: absorbed, ...usage } = day.usage;
  return { org_id, sku, time_zone, absorbed, ...usage };
}
