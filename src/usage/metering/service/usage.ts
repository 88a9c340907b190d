import { requireOrganization, requireVisible } from '../../../foundation/tenancy/service.ts';
import { utcText } from '../../../kernel/proof.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import type { Db } from '../../../platform/postgres.ts';
import { errors } from '../errors.ts';
import type { MeteringEvent, UsagePoint, UsageWindow } from '../model.ts';
import { type Bound, selectEvents, selectUsage } from '../sql/usage.ts';

/** The most points of one answer. */
const most_points = 10_000;
const most_days = { hour: 32, day: 1100, month: 37_000 } as const;

export interface UsageQuery {
  org_id?: string | undefined;
  sku?: string | undefined;
  /** A local date or a moment. */
  from: string;
  to: string;
  window: UsageWindow;
  group_by: readonly ('sku' | 'org_id')[];
  /** Organizations that the asker may see; null for all. */
  org_ids: readonly string[] | null;
}

/** Usage by window up to this moment, everything acknowledged included. Throws `org_not_found`, `range_invalid`. */
export async function usageOf(db: Db, query: UsageQuery): Promise<{ data: UsagePoint[]; as_of: string }> {
  const org_ids = await visibleOrganizations(db, query);
  const [from, to] = [boundOf(query.from), boundOf(query.to)];
  requireRange(from, to, query.window);
  const rows = await selectUsage(db, {
    org_ids,
    sku: query.sku ?? null,
    from,
    to,
    window: query.window,
    by_org: query.group_by.includes('org_id'),
    by_sku: query.group_by.includes('sku'),
    most: most_points + 1,
  });
  if (rows.length > most_points)
    throw invalidRange('to', `The answer would hold more than ${most_points} points: ask for less at once.`);
  return { data: rows.map((row) => ({ ...row, count: Number.parseInt(row.count, 10) })), as_of: utcText(db.now) };
}

export interface EventQuery {
  org_id?: string | undefined;
  sku?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  limit: number;
  cursor?: string | undefined;
  org_ids: readonly string[] | null;
}

/** Events, newest first: of one organization by time, of all by arrival. Throws `org_not_found`, `cursor_invalid`. */
export async function listMeteringEvents(
  db: Db,
  query: EventQuery,
): Promise<{ data: MeteringEvent[]; next_cursor: string | null }> {
  const org_ids = await visibleOrganizations(db, query);
  const sort = query.org_id === undefined ? 'metering.events.arrival' : 'metering.events.time';
  const place = query.cursor === undefined ? null : (decodeCursor(db.tenant_id, sort, query.cursor) as [string, string]);
  const rows = await selectEvents(db, {
    org_id: query.org_id ?? null,
    org_ids: query.org_id === undefined ? org_ids : null,
    sku: query.sku ?? null,
    from: query.from ?? null,
    to: query.to ?? null,
    before: place,
    limit: query.limit,
  });
  const { data, next_cursor } = toPage(rows, query.limit, (row) =>
    encodeCursor(db.tenant_id, sort, [query.org_id === undefined ? row.xid : row.time, row.request_id]),
  );
  return { data: data.map(({ xid: _xid, leaf, ...event }) => ({ ...event, leaf: leaf.toString('hex') })), next_cursor };
}

/** One organization that exists and may be seen, or all that may be seen; null for all of the tenant's. */
async function visibleOrganizations(
  db: Db,
  { org_id, org_ids }: { org_id?: string | undefined; org_ids: readonly string[] | null },
): Promise<readonly string[] | null> {
  if (org_id === undefined) return org_ids;
  if (org_ids !== null) requireVisible(org_ids, org_id);
  await requireOrganization(db, org_id);
  return [org_id];
}

function boundOf(text: string): Bound {
  return text.includes('T') || text.includes('t') ? { instant: text } : { date: text };
}

function requireRange(from: Bound, to: Bound, window: UsageWindow): void {
  const [starts, ends] = [roughly(from), roughly(to)];
  if (Temporal.Instant.compare(starts, ends) >= 0) throw invalidRange('to', 'to must be after from.');
  if (starts.until(ends, { largestUnit: 'hours' }).hours > most_days[window] * 24) {
    throw invalidRange('to', `By ${window}, a range is at most ${most_days[window]} days long.`);
  }
}

function roughly(bound: Bound): Temporal.Instant {
  return Temporal.Instant.from('date' in bound ? `${bound.date}T00:00:00Z` : bound.instant);
}

function invalidRange(pointer: string, detail: string) {
  return errors.range_invalid({ detail, errors: [{ pointer, code: 'range_invalid', detail }] });
}
