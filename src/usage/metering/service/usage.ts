import { requireOrganization, requireVisible, subtree } from '../../../foundation/tenancy/service.ts';
import { add, type Decimal, parseDecimal, ZERO } from '../../../kernel/decimal.ts';
import { utcText } from '../../../kernel/proof.ts';
import type { Sku } from '../../../offer/catalog/model.ts';
import { skuByCode, skusByCode } from '../../../offer/catalog/service.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import type { Db } from '../../../platform/postgres.ts';
import { aggregateOf } from '../decide/aggregate.ts';
import { errors } from '../errors.ts';
import type { MeteringEvent, UsagePoint, UsageWindow } from '../model.ts';
import { selectEvents } from '../sql/events.ts';
import { selectWatermark } from '../sql/rollup.ts';
import {
  type Bound,
  needsArchived,
  type SpecialSku,
  type StockRow,
  selectStocks,
  selectUsage,
  type UsagePointRow,
  type UsageQuestion,
} from '../sql/usage.ts';

import { archivedRange } from './archived.ts';

/** The most points of one answer. */
const most_points = 10_000;
const most_days = { hour: 32, day: 1100, month: 37_000 } as const;
const most_groups = 8;
/** What points may be told apart by, beside the dimensions of the SKU. */
const columns = ['org_id', 'sku', 'project_id'] as const;
type Column = (typeof columns)[number];

export interface UsageQuery {
  org_id?: string | undefined;
  /** True: the organization and all below it. */
  include_descendants?: boolean | undefined;
  sku?: string | undefined;
  project_id?: string | undefined;
  /** A local date or a moment. */
  from: string;
  to: string;
  window: UsageWindow;
  /** `sku`, `org_id`, `project_id`, and dimensions of the SKU. */
  group_by: readonly string[];
  /** `dimension=value`; several of one dimension mean any of them. */
  where?: readonly string[] | undefined;
  /** Organizations that the asker may see; null for all. */
  org_ids: readonly string[] | null;
}

/**
 * Usage by window up to this moment, everything acknowledged included. `watermark` is what the rollups had; the events above it are in the
 * answer too. Throws `org_not_found`, `range_invalid`, `usage_query_invalid`, `usage_archived`.
 */
export async function usageOf(db: Db, query: UsageQuery): Promise<{ data: UsagePoint[]; as_of: string; watermark: string }> {
  const org_ids = await visibleOrganizations(db, query);
  const [from, to] = [boundOf(query.from), boundOf(query.to)];
  requireRange(from, to, query.window);
  const skus = await skusOf(db, query);
  const { group_by, dimensions } = groupsOf(query, skus);
  const watermark = await selectWatermark(db);
  // A point has a value where it is of one SKU; what is latest, or in stock, is so of one organization.
  const of_one_sku = query.sku !== undefined || group_by.includes('sku');
  const of_one_org = org_ids?.length === 1 || group_by.includes('org_id');
  const question: UsageQuestion = {
    org_ids,
    sku: query.sku ?? null,
    project_id: query.project_id ?? null,
    from,
    to,
    window: query.window,
    group_by,
    dimensions,
    where: conditionsOf(query, skus),
    special: of_one_sku ? specialOf(skus, { of_one_org }) : [],
    watermark,
    most: most_points + 1,
  };
  if (await needsArchived(db, question)) throw archivedRange();
  const rows = await selectUsage(db, question);
  if (rows.length > most_points)
    throw invalid('range_invalid', 'to', `The answer would hold more than ${most_points} points: ask for less at once.`);
  const stocks = await stocksOf(db, question);
  const data = rows.map((row) => {
    const { start, org_id, sku, project_id, count, quantity, quantity_max, quantity_min, amount } = row;
    const aggregated = of_one_sku ? skus.get(query.sku ?? sku!) : undefined;
    const has_value = aggregated && (of_one_org || !isOfOneOrg(aggregated.aggregation));
    return {
      start,
      ...(org_id === undefined ? {} : { org_id }),
      ...(sku === undefined ? {} : { sku }),
      ...(project_id === undefined ? {} : { project_id }),
      ...(dimensions.length === 0
        ? {}
        : { dimensions: Object.fromEntries(dimensions.map((name, at) => [name, row.dimension_values[at]!])) }),
      count: Number.parseInt(count, 10),
      quantity,
      quantity_max,
      quantity_min,
      amount,
      value: has_value ? aggregateOf(aggregated.aggregation, row, stocks.before(row)) : null,
    };
  });
  return { data, as_of: utcText(db.now), watermark };
}

/** The SKUs whose own aggregation the answer may need: the one asked for, or all where points are of one each. */
async function skusOf(db: Db, { sku, group_by }: UsageQuery): Promise<ReadonlyMap<string, Sku>> {
  if (sku === undefined) return group_by.includes('sku') ? skusByCode(db) : new Map();
  const found = await skuByCode(db, sku);
  return new Map(found ? [[sku, found]] : []);
}

function groupsOf({ group_by, sku }: UsageQuery, skus: ReadonlyMap<string, Sku>): { group_by: Column[]; dimensions: string[] } {
  const groups = [...new Set(group_by)];
  if (groups.length > most_groups)
    throw invalid('usage_query_invalid', 'group_by', `Name at most ${most_groups} things to group by.`);
  const isColumn = (name: string): name is Column => (columns as readonly string[]).includes(name);
  const dimensions = groups.filter((name) => !isColumn(name));
  for (const name of dimensions) requireDimension(sku === undefined ? undefined : skus.get(sku), name, 'group_by');
  return { group_by: groups.filter(isColumn), dimensions };
}

function conditionsOf({ where = [], sku }: UsageQuery, skus: ReadonlyMap<string, Sku>): UsageQuestion['where'] {
  const values = new Map<string, string[]>();
  for (const condition of where) {
    const equals = condition.indexOf('=');
    if (equals < 1) throw invalid('usage_query_invalid', 'where', 'A condition is dimension=value.');
    const dimension = condition.slice(0, equals);
    requireDimension(sku === undefined ? undefined : skus.get(sku), dimension, 'where');
    values.set(dimension, [...(values.get(dimension) ?? []), condition.slice(equals + 1)]);
  }
  return [...values].map(([dimension, all]) => ({ dimension, values: all }));
}

function requireDimension(sku: Sku | undefined, name: string, pointer: string): void {
  if (sku?.dimensions.includes(name)) return;
  const known = sku ? [...columns, ...sku.dimensions].join(', ') : `${columns.join(', ')}, or with sku a dimension of it`;
  const detail = `${JSON.stringify(name)} is no dimension of the SKU: ${pointer === 'where' ? (sku?.dimensions.join(', ') ?? 'name a sku') : known}.`;
  throw invalid('usage_query_invalid', pointer, detail);
}

function specialOf(skus: ReadonlyMap<string, Sku>, { of_one_org }: { of_one_org: boolean }): SpecialSku[] {
  return [...skus.values()].flatMap(({ sku, aggregation, dimensions }) => {
    if (aggregation !== 'unique_count' && aggregation !== 'latest' && aggregation !== 'weighted_sum') return [];
    return of_one_org || !isOfOneOrg(aggregation) ? [{ sku, aggregation, dimensions }] : [];
  });
}

/** What the last value is, or how much is in stock, makes no sense of several organizations together. */
function isOfOneOrg(aggregation: Sku['aggregation']): boolean {
  return aggregation === 'latest' || aggregation === 'weighted_sum';
}

/** Follows the stocks of `weighted_sum` SKUs from window to window; the points must come in order of time. */
async function stocksOf(db: Db, question: UsageQuestion): Promise<{ before(row: UsagePointRow): Decimal }> {
  if (!question.special.some(({ aggregation }) => aggregation === 'weighted_sum')) return { before: () => ZERO };
  const keyOf = ({ org_id, sku, project_id, dimension_values }: StockRow) =>
    JSON.stringify([org_id, sku, project_id, dimension_values]);
  const stocks = new Map((await selectStocks(db, question)).map((row) => [keyOf(row), parseDecimal(row.quantity)]));
  return {
    before(row) {
      const stock = stocks.get(keyOf(row)) ?? ZERO;
      stocks.set(keyOf(row), add(stock, parseDecimal(row.quantity)));
      return stock;
    },
  };
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

/** One organization that exists and may be seen, with all below it or alone, or all that may be seen; null for all of the tenant's. */
async function visibleOrganizations(
  db: Db,
  query: { org_id?: string | undefined; include_descendants?: boolean | undefined; org_ids: readonly string[] | null },
): Promise<readonly string[] | null> {
  const { org_id, org_ids, include_descendants = false } = query;
  if (org_id === undefined) {
    if (include_descendants)
      throw invalid('usage_query_invalid', 'include_descendants', 'Name the org_id whose descendants are meant.');
    return org_ids;
  }
  if (org_ids !== null) requireVisible(org_ids, org_id);
  await requireOrganization(db, org_id);
  if (!include_descendants) return [org_id];
  const below = await subtree(db, org_id);
  return org_ids === null ? below : below.filter((each) => org_ids.includes(each));
}

function boundOf(text: string): Bound {
  return text.includes('T') || text.includes('t') ? { instant: text } : { date: text };
}

function requireRange(from: Bound, to: Bound, window: UsageWindow): void {
  const [starts, ends] = [roughly(from), roughly(to)];
  if (Temporal.Instant.compare(starts, ends) >= 0) throw invalid('range_invalid', 'to', 'to must be after from.');
  if (starts.until(ends, { largestUnit: 'hours' }).hours > most_days[window] * 24) {
    throw invalid('range_invalid', 'to', `By ${window}, a range is at most ${most_days[window]} days long.`);
  }
}

function roughly(bound: Bound): Temporal.Instant {
  return Temporal.Instant.from('date' in bound ? `${bound.date}T00:00:00Z` : bound.instant);
}

function invalid(code: 'range_invalid' | 'usage_query_invalid', pointer: string, detail: string) {
  return errors[code]({ detail, errors: [{ pointer, code, detail }] });
}
