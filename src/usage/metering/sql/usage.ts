import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../../../platform/postgres.ts';
import type { UsageWindow } from '../model.ts';
import { hasArchivedOf, keepUnarchived } from './archive.ts';

/** A moment, or a local date that means its first moment in each organization's own zone. */
export type Bound = { date: string } | { instant: string };

export interface UsageQuestion {
  /** Null for all of the tenant's. */
  org_ids: readonly string[] | null;
  sku: string | null;
  project_id: string | null;
  from: Bound;
  to: Bound;
  window: UsageWindow;
  group_by: readonly ('org_id' | 'sku' | 'project_id')[];
  /** Event properties to tell apart. */
  dimensions: readonly string[];
  /** Only events that have one of the values in each property. */
  where: readonly { dimension: string; values: readonly string[] }[];
  /** SKUs whose value is more than the sums, and is wanted. */
  special: readonly SpecialSku[];
  /** A watermark that the rollups have reached. */
  watermark: string;
  most: number;
}

export interface SpecialSku {
  sku: string;
  aggregation: 'latest' | 'unique_count' | 'weighted_sum';
  /** A `unique_count` counts the distinct values of the first. */
  dimensions: readonly string[];
}

export interface UsagePointRow {
  start: string;
  org_id?: string;
  sku?: string;
  project_id?: string | null;
  /** Of the question's dimensions, in their order. */
  dimension_values: (string | null)[];
  count: string;
  quantity: string;
  quantity_max: string | null;
  quantity_min: string | null;
  amount: string | null;
  latest: string | null;
  unique_count: string | null;
  /** Changes of a stock, each times the seconds from it to the window's end. */
  weighted: string | null;
  window_seconds: string | null;
}

/**
 * Usage by window, one statement and so one moment: rollups where they hold whole local days, the events above the watermark, and events
 * alone for what is left of days, for hours, for projects and properties, for values that days do not add up to, and for an organization
 * whose rollups are cut in another zone.
 */
export async function selectUsage(db: Db, question: UsageQuestion): Promise<UsagePointRow[]> {
  const keys = sql.join(keysOf(question).map((key) => sql.ref(key)));
  const wants = (aggregation: string) => question.special.some((special) => special.aggregation === aggregation);
  return db.rows(sql<UsagePointRow>`
    WITH org AS MATERIALIZED (${organizations(db, question)}),
    direct AS (
      SELECT org_id, time_zone, asked_from, asked_to, asked_from AS starts, CASE WHEN rolled THEN first_at ELSE asked_to END AS ends FROM org
      UNION ALL
      SELECT org_id, time_zone, asked_from, asked_to, end_at, asked_to FROM org WHERE rolled),
    counter AS MATERIALIZED (${countersOf(db, question)}),
    ${canRoll(question) ? newsAboveRollups(db, question) : sql``}
    point AS (
      ${canRoll(question) ? sql`${rolledPoints(db, question)} UNION ALL` : sql``}
      ${eventPoint(question, sql`d`)}
        FROM direct d JOIN metering_event e ON e.tenant_id = ${db.tenant_id} AND e.org_id = d.org_id AND e.event_time >= d.starts
         AND e.event_time < d.ends
       WHERE d.starts < d.ends AND ${isAsked(question)})
    SELECT ${keys}, ARRAY[${sql.join(dimensionColumns(question))}]::text[] AS dimension_values, sum(count)::text AS count,
           trim_scale(coalesce(sum(quantity), 0)) AS quantity, trim_scale(max(quantity_max)) AS quantity_max,
           trim_scale(min(quantity_min)) AS quantity_min, trim_scale(sum(amount)) AS amount,
           ${wants('latest') ? latestQuantity : sql`NULL`} AS latest,
           ${wants('unique_count') ? sql`count(DISTINCT identity)::text` : sql`NULL`} AS unique_count,
           ${wants('weighted_sum') ? sql`trim_scale(sum(weighted))` : sql`NULL`} AS weighted,
           ${wants('weighted_sum') ? sql`trim_scale(max(window_seconds))` : sql`NULL`} AS window_seconds
      FROM point GROUP BY ${keys} ORDER BY ${keys} LIMIT ${question.most}`);
}

/** Whether an answer would need archived events: those of hours, of parts of days, and of whatever else rollups do not say. */
export async function needsArchived(db: Db, question: UsageQuestion): Promise<boolean> {
  await keepUnarchived(db);
  const { sku } = question;
  const of_org = sku === null ? null : sql`${sku}::text`;
  const range = { from: sql`r.starts`, to: sql`r.ends` };
  const row = await db.one(sql<{ needed: boolean }>`
    WITH org AS MATERIALIZED (${organizations(db, question)}),
    direct AS (
      SELECT org_id, asked_from AS starts, CASE WHEN rolled THEN first_at ELSE asked_to END AS ends FROM org
      UNION ALL
      SELECT org_id, end_at, asked_to FROM org WHERE rolled),
    by_events AS (
      SELECT DISTINCT org_id, u.sku, org.asked_from AS starts, org.asked_to AS ends
        FROM org JOIN usage_rollup u USING (org_id)
       WHERE u.tenant_id = ${db.tenant_id} AND u.sku = ANY (${skusByEvents(question)}::text[]) AND u.day >= org.first_day AND u.day < org.end_day
      UNION ALL
      -- A stock is followed from its first event on.
      SELECT org_id, s.sku, '-infinity', org.asked_to FROM org CROSS JOIN unnest(${skusOf(question, 'weighted_sum')}::text[]) AS s(sku))
    SELECT EXISTS (SELECT FROM direct r WHERE r.starts < r.ends AND ${hasArchivedOf(db, { ...range, org_id: sql`r.org_id`, sku: of_org })})
        OR EXISTS (SELECT FROM by_events r WHERE ${hasArchivedOf(db, { ...range, org_id: sql`r.org_id`, sku: sql`r.sku` })}) AS needed`);
  return row.needed;
}

export type StockRow = Pick<UsagePointRow, 'org_id' | 'sku' | 'project_id' | 'dimension_values' | 'quantity'>;

/** What the stocks of `weighted_sum` SKUs had come to when the asked time began, by the question's groups. */
export async function selectStocks(db: Db, question: UsageQuestion): Promise<StockRow[]> {
  const keys = keysOf(question).slice(1);
  const columns = keys.length === 0 ? sql`` : sql`${sql.join(keys.map((key) => sql.ref(key)))},`;
  const skus = skusOf(question, 'weighted_sum');
  return db.rows(sql<StockRow>`
    WITH org AS MATERIALIZED (${organizations(db, question)}),
    point AS (
      SELECT e.org_id, e.sku, e.project_id, ${dimensionsOfEvent(question)} e.quantity::numeric AS quantity
        FROM org JOIN metering_event e ON e.tenant_id = ${db.tenant_id} AND e.org_id = org.org_id AND e.sku = ANY (${skus}::text[])
         AND e.event_time < org.asked_from
       WHERE ${isAsked(question)})
    SELECT ${columns} ARRAY[${sql.join(dimensionColumns(question))}]::text[] AS dimension_values, trim_scale(coalesce(sum(quantity), 0)) AS quantity
      FROM point GROUP BY ${columns} ()`);
}

/** Rollups know organization, SKU and day, and nothing else; what a day's distinct or weighted values are, they cannot say. */
function canRoll(question: UsageQuestion): boolean {
  const by_event = [...question.dimensions, ...question.where, ...(question.project_id === null ? [] : [question.project_id])];
  if (question.window === 'hour' || by_event.length > 0 || question.group_by.includes('project_id')) return false;
  return question.sku === null || !skusByEvents(question).includes(question.sku);
}

/** The organizations asked for, with the asked time and the whole days in it, in each one's own zone. */
function organizations(db: Db, question: UsageQuestion): RawBuilder<unknown> {
  const { from, to } = question;
  return sql`
    SELECT o.org_id, o.time_zone, asked.starts AS asked_from, asked.ends AS asked_to, day.first_day, day.end_day,
           day_start(day.first_day, o.time_zone) AS first_at, day_start(day.end_day, o.time_zone) AS end_at,
           ${canRoll(question)} AND day.first_day < day.end_day AND coalesce(z.time_zone = o.time_zone, false) AS rolled
      FROM metering_org o
      LEFT JOIN usage_zone z ON z.tenant_id = o.tenant_id AND z.org_id = o.org_id
     CROSS JOIN LATERAL (SELECT ${momentOf(from)} AS starts, ${momentOf(to)} AS ends) asked
     CROSS JOIN LATERAL (
       SELECT (asked.starts AT TIME ZONE o.time_zone)::date
                + (day_start((asked.starts AT TIME ZONE o.time_zone)::date, o.time_zone) < asked.starts)::int AS first_day,
              (asked.ends AT TIME ZONE o.time_zone)::date AS end_day) day
     WHERE o.tenant_id = ${db.tenant_id} AND ${isOfAsked(question, sql`o.org_id`)}`;
}

function isOfAsked({ org_ids }: UsageQuestion, org_id: RawBuilder<unknown>): RawBuilder<unknown> {
  return org_ids === null ? sql`true` : sql`${org_id} = ANY (${[...org_ids]}::uuid[])`;
}

/** The events that counter-events take back; the two share their moment. */
function countersOf(db: Db, { sku }: UsageQuestion): RawBuilder<unknown> {
  return sql`
    SELECT e.voids FROM org JOIN metering_event e ON e.tenant_id = ${db.tenant_id} AND e.org_id = org.org_id AND e.event_time >= org.asked_from
       AND e.event_time < org.asked_to
     WHERE e.voids IS NOT NULL AND ${sku === null ? sql`true` : sql`e.sku = ${sku}`}`;
}

/** Events that no rollup holds, and the days that they change in more than the sums. */
function newsAboveRollups(db: Db, question: UsageQuestion): RawBuilder<unknown> {
  // Steps of their own: the row policies let no condition that computes near an index.
  return sql`
    arrived AS MATERIALIZED (
      SELECT * FROM metering_event e
       WHERE e.tenant_id = ${db.tenant_id} AND e.xid >= ${question.watermark}::xid8 AND ${isOfAsked(question, sql`e.org_id`)} AND ${isAsked(question)}
         AND NOT ${isByEvents(question, sql`e.sku`)}),
    dated AS MATERIALIZED (
      SELECT e.*, (e.event_time AT TIME ZONE org.time_zone)::date AS day
        FROM arrived e JOIN org ON org.org_id = e.org_id AND org.rolled AND e.event_time >= org.first_at AND e.event_time < org.end_at),
    fresh AS MATERIALIZED (
      SELECT * FROM dated e
       WHERE NOT EXISTS (SELECT FROM usage_rollup r WHERE r.tenant_id = ${db.tenant_id} AND r.org_id = e.org_id AND r.sku = e.sku AND r.day = e.day
                            AND r.watermark > e.xid)),
    -- What the archive has of a day is in its rollup alone: there, news are added until the next rollup.
    anew AS MATERIALIZED (
      SELECT DISTINCT e.org_id, e.sku, e.day FROM fresh e JOIN org USING (org_id)
       WHERE (e.voids IS NOT NULL OR e.sku = ANY (${skusOf(question, 'latest')}::text[]))
         AND NOT ${hasArchivedOf(db, { org_id: sql`e.org_id`, sku: sql`e.sku`, from: sql`day_start(e.day, org.time_zone)`, to: sql`day_start(e.day + 1, org.time_zone)` })}),`;
}

function rolledPoints(db: Db, question: UsageQuestion): RawBuilder<unknown> {
  const isAnew = (row: RawBuilder<unknown>) =>
    sql`EXISTS (SELECT FROM anew a WHERE a.org_id = ${row}.org_id AND a.sku = ${row}.sku AND a.day = ${row}.day)`;
  const label = question.window === 'month' ? sql`to_char(r.day, 'YYYY-MM-01')` : sql`to_char(r.day, 'YYYY-MM-DD')`;
  return sql`
    SELECT ${label} AS start, r.org_id, r.sku, NULL::uuid AS project_id, r.counted AS count, r.quantity_sum::numeric AS quantity,
           r.quantity_max::numeric AS quantity_max, r.quantity_min::numeric AS quantity_min, r.amount_sum::numeric AS amount,
           r.quantity_latest::numeric AS latest, r.last_time AS event_time, '' AS request_id, NULL AS identity, NULL::numeric AS weighted,
           NULL::numeric AS window_seconds
      FROM org JOIN usage_rollup r ON r.tenant_id = ${db.tenant_id} AND r.org_id = org.org_id AND r.day >= org.first_day AND r.day < org.end_day
     WHERE org.rolled AND ${question.sku === null ? sql`true` : sql`r.sku = ${question.sku}`} AND NOT ${isByEvents(question, sql`r.sku`)}
       AND NOT ${isAnew(sql`r`)}
    UNION ALL
    ${eventPoint(question, sql`org`)} FROM fresh e JOIN org USING (org_id) WHERE NOT ${isAnew(sql`e`)}
    UNION ALL
    ${eventPoint(question, sql`org`)}
      FROM anew a JOIN org USING (org_id) JOIN metering_event e ON e.tenant_id = ${db.tenant_id} AND e.org_id = a.org_id AND e.sku = a.sku
       AND e.event_time >= day_start(a.day, org.time_zone) AND e.event_time < day_start(a.day + 1, org.time_zone)
    ${
      skusByEvents(question).length === 0
        ? sql``
        : sql`
    UNION ALL
    ${eventPoint(question, sql`org`)}
      FROM org JOIN metering_event e ON e.tenant_id = ${db.tenant_id} AND e.org_id = org.org_id AND ${isByEvents(question, sql`e.sku`)}
       AND e.event_time >= org.first_at AND e.event_time < org.end_at
     WHERE org.rolled AND ${isAsked(question)}`
    }`;
}

/** One event `e` as a point; `place` has the zone and the asked time. */
function eventPoint(question: UsageQuestion, place: RawBuilder<unknown>): RawBuilder<unknown> {
  const local = sql`(e.event_time AT TIME ZONE ${place}.time_zone)`;
  const standing = sql`CASE WHEN ${stands} THEN e.quantity::numeric END`;
  return sql`
    SELECT ${labelOf(question.window, local, place)} AS start, e.org_id, e.sku, e.project_id, ${dimensionsOfEvent(question)}
           CASE WHEN e.voids IS NULL THEN 1::bigint ELSE -1 END AS count, e.quantity::numeric AS quantity, ${standing} AS quantity_max,
           ${standing} AS quantity_min, e.amount::numeric AS amount, ${standing} AS latest, e.event_time, e.request_id, ${identityOf(question)} AS identity,
           ${stockColumns(question, { place, local })}`;
}

/** No counter-event, and none that one takes back. */
const stands = sql`e.voids IS NULL AND e.request_id NOT IN (SELECT voids FROM counter)`;

const latestQuantity = sql`
  trim_scale((array_agg(latest ORDER BY event_time DESC, request_id COLLATE "C" DESC) FILTER (WHERE latest IS NOT NULL))[1])`;

/** What makes an event another than those counted before, for SKUs that count so. */
function identityOf(question: UsageQuestion): RawBuilder<unknown> {
  const counted = question.special.filter(({ aggregation }) => aggregation === 'unique_count');
  if (counted.length === 0) return sql`NULL::text`;
  const cases = counted.map(({ sku, dimensions }) => {
    // As billing counts them: by the first dimension, without which the catalog takes no such SKU; what is no plain value is nobody's.
    const value = sql`e.properties -> ${dimensions[0] ?? ''}`;
    return sql`WHEN ${sku} THEN CASE WHEN jsonb_typeof(${value}) IN ('string', 'number', 'boolean') THEN ${value} #>> '{}' END`;
  });
  return sql`CASE WHEN ${stands} THEN CASE e.sku ${sql.join(cases, sql` `)} END END`;
}

/** A change times the seconds from it to the end of its window, and the seconds of the window; both cut to the asked time. */
function stockColumns(
  question: UsageQuestion,
  { place, local }: { place: RawBuilder<unknown>; local: RawBuilder<unknown> },
): RawBuilder<unknown> {
  const skus = skusOf(question, 'weighted_sum');
  if (skus.length === 0) return sql`NULL::numeric AS weighted, NULL::numeric AS window_seconds`;
  const [starts, ends] = windowOf(question.window, local, place);
  const until = sql`least(${ends}, ${place}.asked_to)`;
  return sql`
    CASE WHEN e.sku = ANY (${skus}::text[]) THEN e.quantity * extract(epoch FROM ${until} - e.event_time) END AS weighted,
    CASE WHEN e.sku = ANY (${skus}::text[]) THEN extract(epoch FROM ${until} - greatest(${starts}, ${place}.asked_from)) END AS window_seconds`;
}

function isAsked({ sku, project_id, where }: UsageQuestion): RawBuilder<unknown> {
  const conditions = [
    ...(sku === null ? [] : [sql`e.sku = ${sku}`]),
    ...(project_id === null ? [] : [sql`e.project_id = ${project_id}`]),
    ...where.map(({ dimension, values }) => sql`e.properties ->> ${dimension} = ANY (${[...values]}::text[])`),
  ];
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` AND `);
}

/** SKUs whose days do not add up: each of their events is looked at. */
function skusByEvents(question: UsageQuestion): string[] {
  return [...skusOf(question, 'unique_count'), ...skusOf(question, 'weighted_sum')];
}

function isByEvents(question: UsageQuestion, sku: RawBuilder<unknown>): RawBuilder<unknown> {
  const skus = skusByEvents(question);
  return skus.length === 0 ? sql`false` : sql`${sku} = ANY (${skus}::text[])`;
}

function skusOf(question: UsageQuestion, aggregation: SpecialSku['aggregation']): string[] {
  return question.special.filter((special) => special.aggregation === aggregation).map(({ sku }) => sku);
}

/** The columns that tell points apart. */
function keysOf({ group_by, dimensions }: UsageQuestion): string[] {
  return ['start', ...group_by, ...dimensions.map((_, at) => `d${at}`)];
}

function dimensionColumns({ dimensions }: UsageQuestion): RawBuilder<unknown>[] {
  return dimensions.map((_, at) => sql`${sql.ref(`d${at}`)}`);
}

function dimensionsOfEvent({ dimensions }: UsageQuestion): RawBuilder<unknown> {
  return sql.join(
    dimensions.map((dimension, at) => sql`e.properties ->> ${dimension} AS ${sql.ref(`d${at}`)},`),
    sql` `,
  );
}

function momentOf(bound: Bound): RawBuilder<unknown> {
  return 'date' in bound ? sql`day_start(${bound.date}::date, o.time_zone)` : sql`${bound.instant}::timestamptz`;
}

function labelOf(window: UsageWindow, local: RawBuilder<unknown>, place: RawBuilder<unknown>): RawBuilder<unknown> {
  if (window === 'month') return sql`to_char(${local}, 'YYYY-MM-01')`;
  if (window === 'day') return sql`to_char(${local}, 'YYYY-MM-DD')`;
  return sql`to_char(${windowOf(window, local, place)[0]} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
}

/** First moment of the event's window, and of the next. */
function windowOf(
  window: UsageWindow,
  local: RawBuilder<unknown>,
  place: RawBuilder<unknown>,
): [starts: RawBuilder<unknown>, ends: RawBuilder<unknown>] {
  if (window === 'hour') {
    const hour = sql`date_trunc('hour', e.event_time::timestamptz, ${place}.time_zone)`;
    return [hour, sql`${hour} + interval '1 hour'`];
  }
  const [day, next] =
    window === 'day'
      ? [sql`${local}::date`, sql`${local}::date + 1`]
      : [sql`date_trunc('month', ${local})::date`, sql`(date_trunc('month', ${local}) + interval '1 month')::date`];
  return [sql`day_start(${day}, ${place}.time_zone)`, sql`day_start(${next}, ${place}.time_zone)`];
}
