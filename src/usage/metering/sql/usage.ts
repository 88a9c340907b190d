import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../../../platform/postgres.ts';
import type { MeteringEvent, UsagePoint, UsageWindow } from '../model.ts';

/** A moment, or a local date that means its first moment in each organization's own zone. */
export type Bound = { date: string } | { instant: string };

export interface UsageQuestion {
  /** Null for all of the tenant's. */
  org_ids: readonly string[] | null;
  sku: string | null;
  from: Bound;
  to: Bound;
  window: UsageWindow;
  by_org: boolean;
  by_sku: boolean;
  most: number;
}

export type UsagePointRow = Omit<UsagePoint, 'count'> & { count: string };

/**
 * Usage by window, one statement and so one moment: rollups where they hold whole local days, the events above the watermark, and events
 * alone for what is left of days, for hours, and for an organization whose rollups are cut in another zone.
 */
export async function selectUsage(db: Db, question: UsageQuestion): Promise<UsagePointRow[]> {
  const { org_ids, sku, window, by_org, by_sku } = question;
  const sku_is = (column: RawBuilder<unknown>) => (sku === null ? sql`true` : sql`${column} = ${sku}`);
  const group = sql.raw(['start', ...(by_org ? ['org_id'] : []), ...(by_sku ? ['sku'] : [])].join(', '));
  const event = (time_zone: RawBuilder<unknown>) => sql`
    SELECT e.org_id, e.sku, ${labelOfEvent(window, time_zone)} AS start, CASE WHEN e.voids IS NULL THEN 1::bigint ELSE -1 END AS count,
           e.quantity::numeric AS quantity,
           ${standing} AS quantity_max, ${standing} AS quantity_min, e.amount::numeric AS amount`;
  return db.rows(sql<UsagePointRow>`
    WITH reached AS MATERIALIZED (
      SELECT coalesce((SELECT watermark FROM usage_watermark WHERE tenant_id = ${db.tenant_id}), '0'::xid8) AS watermark),
    org AS MATERIALIZED (
      SELECT o.org_id, o.time_zone, bound.starts, bound.ends, day.first_day, day.end_day,
             coalesce(z.time_zone = o.time_zone, false) AND day.first_day < day.end_day AND ${window !== 'hour'} AS rolled
        FROM metering_org o
        LEFT JOIN usage_zone z ON z.tenant_id = o.tenant_id AND z.org_id = o.org_id
       CROSS JOIN LATERAL (SELECT ${momentOf(question.from)} AS starts, ${momentOf(question.to)} AS ends) bound
       CROSS JOIN LATERAL (
         SELECT (bound.starts AT TIME ZONE o.time_zone)::date
                  + (day_start((bound.starts AT TIME ZONE o.time_zone)::date, o.time_zone) < bound.starts)::int AS first_day,
                (bound.ends AT TIME ZONE o.time_zone)::date AS end_day) day
       WHERE o.tenant_id = ${db.tenant_id} AND ${org_ids === null ? sql`true` : sql`o.org_id = ANY (${[...org_ids]}::uuid[])`}),
    direct AS (
      SELECT org_id, time_zone, starts, CASE WHEN rolled THEN day_start(first_day, time_zone) ELSE ends END AS ends FROM org
      UNION ALL
      SELECT org_id, time_zone, day_start(end_day, time_zone), ends FROM org WHERE rolled),
    point AS (
      SELECT r.org_id, r.sku, ${labelOfDay(window)} AS start, r.counted AS count, r.quantity_sum::numeric AS quantity, r.quantity_max::numeric AS quantity_max,
             r.quantity_min::numeric AS quantity_min, r.amount_sum::numeric AS amount
        FROM org JOIN usage_rollup r ON r.tenant_id = ${db.tenant_id} AND r.org_id = org.org_id AND r.day >= org.first_day AND r.day < org.end_day
       WHERE org.rolled AND ${sku_is(sql`r.sku`)}
      UNION ALL
      ${event(sql`d.time_zone`)}
        FROM direct d JOIN metering_event e ON e.tenant_id = ${db.tenant_id} AND e.org_id = d.org_id AND e.event_time >= d.starts
         AND e.event_time < d.ends
       WHERE d.starts < d.ends AND ${sku_is(sql`e.sku`)}
      UNION ALL
      ${event(sql`org.time_zone`)}
        FROM metering_event e JOIN org ON org.org_id = e.org_id AND org.rolled
         AND e.event_time >= day_start(org.first_day, org.time_zone) AND e.event_time < day_start(org.end_day, org.time_zone)
       WHERE e.tenant_id = ${db.tenant_id} AND e.xid >= (SELECT watermark FROM reached) AND ${sku_is(sql`e.sku`)}
         AND NOT EXISTS (SELECT FROM usage_rollup r WHERE r.tenant_id = ${db.tenant_id} AND r.org_id = e.org_id AND r.sku = e.sku
                            AND r.day = (e.event_time AT TIME ZONE org.time_zone)::date AND r.watermark > e.xid))
    SELECT ${group}, sum(count)::text AS count, trim_scale(coalesce(sum(quantity), 0)) AS quantity, trim_scale(max(quantity_max)) AS quantity_max,
           trim_scale(min(quantity_min)) AS quantity_min, trim_scale(sum(amount)) AS amount
      FROM point GROUP BY ${group} ORDER BY ${group} LIMIT ${question.most}`);
}

/** The quantity of an event that stands. */
const standing = sql`CASE WHEN e.voids IS NULL AND NOT EXISTS (
  SELECT FROM metering_event c WHERE c.tenant_id = e.tenant_id AND c.org_id = e.org_id AND c.sku = e.sku AND c.event_time = e.event_time
     AND c.voids = e.request_id) THEN e.quantity::numeric END`;

export type EventRow = Omit<MeteringEvent, 'leaf'> & { leaf: Buffer; xid: string };

/** Newest first: by time within an organization, by arrival over all of them. */
export async function selectEvents(
  db: Db,
  filter: {
    org_id: string | null;
    org_ids: readonly string[] | null;
    sku: string | null;
    from: string | null;
    to: string | null;
    before: readonly [string, string] | null;
    limit: number;
  },
): Promise<EventRow[]> {
  const { org_id, org_ids, sku, from, to, before } = filter;
  const [place, type] = org_id === null ? [sql`e.xid`, sql`xid8`] : [sql`e.event_time`, sql`timestamptz`];
  return db.rows(sql<EventRow>`
    SELECT e.event_id, e.request_id, e.org_id, e.project_id, e.sku, trim_scale(e.quantity)::text AS quantity, trim_scale(e.amount)::text AS amount,
           e.properties, e.event_time AS time, e.source, e.metadata, e.leaf, e.received_at, e.xid::text
      FROM metering_event e
     WHERE e.tenant_id = ${db.tenant_id}
       ${org_id === null ? sql`` : sql`AND e.org_id = ${org_id}`}
       ${org_ids === null ? sql`` : sql`AND e.org_id = ANY (${[...org_ids]}::uuid[])`}
       ${sku === null ? sql`` : sql`AND e.sku = ${sku}`}
       ${from === null ? sql`` : sql`AND e.event_time >= ${from}::timestamptz`}
       ${to === null ? sql`` : sql`AND e.event_time < ${to}::timestamptz`}
       ${before === null ? sql`` : sql`AND ${place} <= ${before[0]}::${type} AND (${place}, e.request_id) < (${before[0]}::${type}, ${before[1]})`}
     ORDER BY ${place} DESC, e.request_id COLLATE "C" DESC
     LIMIT ${filter.limit + 1}`);
}

function momentOf(bound: Bound): RawBuilder<unknown> {
  return 'date' in bound ? sql`day_start(${bound.date}::date, o.time_zone)` : sql`${bound.instant}::timestamptz`;
}

function labelOfDay(window: UsageWindow): RawBuilder<unknown> {
  return window === 'month' ? sql`to_char(r.day, 'YYYY-MM-01')` : sql`to_char(r.day, 'YYYY-MM-DD')`;
}

function labelOfEvent(window: UsageWindow, time_zone: RawBuilder<unknown>): RawBuilder<unknown> {
  if (window === 'hour') {
    return sql`to_char(date_trunc('hour', e.event_time::timestamptz, ${time_zone}) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
  }
  return sql`to_char(e.event_time AT TIME ZONE ${time_zone}, ${sql.lit(window === 'month' ? 'YYYY-MM-01' : 'YYYY-MM-DD')})`;
}
