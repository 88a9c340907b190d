import { type RawBuilder, sql } from 'kysely';
import type { BacktestDemand } from '../../../offer/catalog/model.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type {
  BacktestStatus,
  BacktestSummary,
  Offers,
  OrganizationSort,
  Side,
  TrialFault,
  TrialResult,
  TrialTotal,
} from '../model/backtests.ts';

export interface BacktestRow {
  backtest_id: string;
  plan_id: string;
  draft_id: string | null;
  compare_draft_id: string | null;
  currency: string;
  /** Lower-case hex. */
  content_hash: string;
  compare_hash: string | null;
  live_hash: string;
  from_month: string;
  to_month: string;
  org_ids: string[] | null;
  over_percent: string;
  status: BacktestStatus;
  watermark: string | null;
  total: number;
  done: number;
  after_org_id: string | null;
  summary: BacktestSummary | null;
  problem: { code: string; detail: string } | null;
  created_at: string;
  finished_at: string | null;
}

const columns: RawBuilder<unknown> = sql`backtest_id, plan_id, draft_id, compare_draft_id, currency, encode(content_hash, 'hex') AS content_hash,
  encode(compare_hash, 'hex') AS compare_hash, encode(live_hash, 'hex') AS live_hash, from_month, to_month, org_ids,
  trim_scale(over_percent)::text AS over_percent, status, watermark::text AS watermark, total, done, after_org_id, summary, problem, created_at, finished_at`;

export type NewBacktestRow = Pick<
  BacktestRow,
  | 'backtest_id'
  | 'plan_id'
  | 'draft_id'
  | 'compare_draft_id'
  | 'currency'
  | 'content_hash'
  | 'compare_hash'
  | 'live_hash'
  | 'from_month'
  | 'to_month'
  | 'org_ids'
  | 'over_percent'
> & { offers: Offers };

export async function insertBacktest(tx: Tx, row: NewBacktestRow): Promise<void> {
  await tx.write(sql`
    INSERT INTO backtest (tenant_id, backtest_id, plan_id, draft_id, compare_draft_id, currency, content_hash, compare_hash, live_hash, offers,
                          from_month, to_month, org_ids, over_percent, requested_by, created_at)
    VALUES (${tx.tenant_id}, ${row.backtest_id}, ${row.plan_id}, ${row.draft_id}, ${row.compare_draft_id}, ${row.currency}, decode(${row.content_hash}, 'hex'),
            decode(${row.compare_hash}, 'hex'), decode(${row.live_hash}, 'hex'), ${JSON.stringify(row.offers)}::jsonb, ${row.from_month},
            ${row.to_month}, ${row.org_ids}::uuid[], ${row.over_percent}, ${`${tx.actor.kind}:${tx.actor.id}`}, ${tx.now.toString()})`);
}

export function selectBacktest(db: Db, backtest_id: string): Promise<BacktestRow | undefined> {
  return db.maybe(sql`SELECT ${columns} FROM backtest WHERE tenant_id = ${db.tenant_id} AND backtest_id = ${backtest_id}`);
}

export async function selectOffers(db: Db, backtest_id: string): Promise<Offers> {
  const { offers } = await db.one<{ offers: Offers }>(sql`
    SELECT offers FROM backtest WHERE tenant_id = ${db.tenant_id} AND backtest_id = ${backtest_id}`);
  return offers;
}

/** Newest first. */
export function selectBacktests(
  db: Db,
  page: { limit: number; below: string | null; plan_id: string | null; draft_id: string | null },
): Promise<BacktestRow[]> {
  return db.rows(sql`
    SELECT ${columns} FROM backtest
     WHERE tenant_id = ${db.tenant_id} AND (${page.below}::uuid IS NULL OR backtest_id < ${page.below}::uuid)
       AND (${page.plan_id}::uuid IS NULL OR plan_id = ${page.plan_id}::uuid)
       AND (${page.draft_id}::uuid IS NULL OR draft_id = ${page.draft_id}::uuid OR compare_draft_id = ${page.draft_id}::uuid)
     ORDER BY backtest_id DESC LIMIT ${page.limit}`);
}

/** Completed ones of a content, newest first. */
export function selectCompletedOf(db: Db, of: { plan_id: string; content_hash: string }): Promise<BacktestRow[]> {
  return db.rows(sql`
    SELECT ${columns} FROM backtest
     WHERE tenant_id = ${db.tenant_id} AND content_hash = decode(${of.content_hash}, 'hex') AND plan_id = ${of.plan_id} AND status = 'completed'
     ORDER BY backtest_id DESC LIMIT 20`);
}

/** Starts one that waits; false where it was started or ended meanwhile. */
export async function startBacktest(
  tx: Tx,
  backtest_id: string,
  { watermark, total }: { watermark: string; total: number },
): Promise<boolean> {
  const rows = await tx.write(sql`
    UPDATE backtest SET status = 'running', watermark = ${watermark}, total = ${total}
     WHERE tenant_id = ${tx.tenant_id} AND backtest_id = ${backtest_id} AND status = 'queued' RETURNING backtest_id`);
  return rows.length > 0;
}

/** Moves on from one organization to another; false where it is not there any more, or does not run: another worker was quicker, or it was cancelled. */
export async function advanceBacktest(
  tx: Tx,
  backtest_id: string,
  step: { after_org_id: string | null; to_org_id: string; done: number },
): Promise<boolean> {
  const rows = await tx.write(sql`
    UPDATE backtest SET after_org_id = ${step.to_org_id}, done = done + ${step.done}, total = greatest(total, done + ${step.done})
     WHERE tenant_id = ${tx.tenant_id} AND backtest_id = ${backtest_id} AND status = 'running'
       AND after_org_id IS NOT DISTINCT FROM ${step.after_org_id}::uuid RETURNING backtest_id`);
  return rows.length > 0;
}

export async function insertResults(tx: Tx, backtest_id: string, results: readonly TrialResult[]): Promise<void> {
  const minor = (read: (result: TrialResult) => bigint | null) => results.map((each) => read(each)?.toString() ?? null);
  await tx.write(sql`
    INSERT INTO backtest_result (tenant_id, backtest_id, org_id, month, basis, before_minor, draft_minor, compare_minor, before_partner_minor, draft_partner_minor,
                                 compare_partner_minor, fault)
    SELECT ${tx.tenant_id}, ${backtest_id}, r.*
      FROM unnest(${results.map((each) => each.org_id)}::uuid[], ${results.map((each) => each.month)}::date[], ${results.map((each) => each.basis)}::text[],
                  ${minor((each) => each.amounts.before)}::bigint[], ${minor((each) => each.amounts.draft)}::bigint[],
                  ${minor((each) => each.amounts.compare)}::bigint[], ${minor((each) => each.partners.before)}::bigint[],
                  ${minor((each) => each.partners.draft)}::bigint[], ${minor((each) => each.partners.compare)}::bigint[],
                  ${results.map((each) => (each.fault === null ? null : JSON.stringify(each.fault)))}::jsonb[]) AS r`);
}

export async function addTotals(tx: Tx, backtest_id: string, totals: readonly TrialTotal[]): Promise<void> {
  const minor = (side: Side) => totals.map((each) => each.amounts[side].toString());
  await tx.write(sql`
    INSERT INTO backtest_total AS t (tenant_id, backtest_id, month, sku, before_minor, draft_minor, compare_minor)
    SELECT ${tx.tenant_id}, ${backtest_id}, month, sku, sum(a), sum(b), sum(c)
      FROM unnest(${totals.map((each) => each.month)}::date[], ${totals.map((each) => each.sku)}::text[], ${minor('before')}::bigint[],
                  ${minor('draft')}::bigint[], ${minor('compare')}::bigint[]) AS n (month, sku, a, b, c)
     GROUP BY month, sku ORDER BY month, sku
    ON CONFLICT (tenant_id, backtest_id, month, sku) DO UPDATE
       SET before_minor = t.before_minor + excluded.before_minor, draft_minor = t.draft_minor + excluded.draft_minor,
           compare_minor = t.compare_minor + excluded.compare_minor`);
}

/** Ends one that has not ended; false where it had. */
export async function finishBacktest(
  tx: Tx,
  backtest_id: string,
  end:
    | { status: 'completed'; summary: BacktestSummary }
    | { status: 'failed'; problem: { code: string; detail: string } }
    | { status: 'cancelled' },
): Promise<boolean> {
  const summary = end.status === 'completed' ? JSON.stringify(end.summary) : null;
  const problem = end.status === 'failed' ? JSON.stringify(end.problem) : null;
  const from = end.status === 'completed' ? ['running'] : ['queued', 'running'];
  const rows = await tx.write(sql`
    UPDATE backtest SET status = ${end.status}, summary = ${summary}::jsonb, problem = ${problem}::jsonb, finished_at = ${tx.now.toString()},
           total = CASE WHEN ${end.status} = 'completed' THEN done ELSE total END
     WHERE tenant_id = ${tx.tenant_id} AND backtest_id = ${backtest_id} AND status = ANY (${from}::text[]) RETURNING backtest_id`);
  return rows.length > 0;
}

export interface TotalRow {
  month: string;
  sku: string;
  before_minor: string;
  draft_minor: string;
  compare_minor: string;
}

export function selectTotals(db: Db, backtest_id: string): Promise<TotalRow[]> {
  return db.rows(sql`
    SELECT month, sku, before_minor, draft_minor, compare_minor FROM backtest_total
     WHERE tenant_id = ${db.tenant_id} AND backtest_id = ${backtest_id} ORDER BY month, sku`);
}

const sides = {
  draft: { amount: sql`draft_minor`, partners: sql`draft_partner_minor` },
  compare: { amount: sql`compare_minor`, partners: sql`compare_partner_minor` },
} as const;

/** Each organization's months together; what faults is left out. */
const byOrganization = (db: Db, backtest_id: string, side: keyof typeof sides) => sql`
  SELECT org_id, sum(before_minor) AS was, sum(${sides[side].amount}) AS now, sum(before_partner_minor) AS was_partner, sum(${sides[side].partners}) AS now_partner,
         sum(${sides[side].amount}) - sum(before_minor) AS change,
         CASE WHEN sum(before_minor) > 0 THEN (sum(${sides[side].amount}) - sum(before_minor)) * 100 / sum(before_minor) END AS percent
    FROM backtest_result WHERE tenant_id = ${db.tenant_id} AND backtest_id = ${backtest_id} AND fault IS NULL GROUP BY org_id`;

export interface ChangeRow {
  organizations: number;
  was: string;
  now: string;
  was_partner: string;
  now_partner: string;
  more: number;
  less: number;
  same: number;
  over: number;
  /** Minor units at 5, 25, 50, 75 and 95 %; null without organizations. */
  change: string[] | null;
  /** Percent with at most two decimals; null where nobody paid anything before. */
  percent: string[] | null;
  /** Organizations in each bucket of percent, from the lowest; those without a percentage are in none. */
  buckets: { bucket: number; organizations: number }[];
}

/** `bounds` are percentages, ascending: bucket n is `[bounds[n − 1], bounds[n])`. */
export function selectChange(
  db: Db,
  backtest_id: string,
  { side, over, bounds }: { side: keyof typeof sides; over: string; bounds: readonly string[] },
): Promise<ChangeRow> {
  return db.one(sql`
    WITH each_org AS (${byOrganization(db, backtest_id, side)}),
    bucketed AS (SELECT width_bucket(percent, ${bounds}::numeric[]) AS bucket, count(*)::int AS organizations FROM each_org WHERE percent IS NOT NULL GROUP BY 1)
    SELECT count(*)::int AS organizations, coalesce(sum(was), 0)::text AS was, coalesce(sum(now), 0)::text AS now,
           coalesce(sum(was_partner), 0)::text AS was_partner, coalesce(sum(now_partner), 0)::text AS now_partner,
           (count(*) FILTER (WHERE change > 0))::int AS more, (count(*) FILTER (WHERE change < 0))::int AS less,
           (count(*) FILTER (WHERE change = 0))::int AS same, (count(*) FILTER (WHERE ${isOver(over)}))::int AS over,
           (percentile_disc(ARRAY[0.05, 0.25, 0.5, 0.75, 0.95]) WITHIN GROUP (ORDER BY change))::text[] AS change,
           (percentile_disc(ARRAY[0.05, 0.25, 0.5, 0.75, 0.95]) WITHIN GROUP (ORDER BY trim_scale(round(percent, 2))) FILTER (WHERE percent IS NOT NULL))::text[]
             AS percent,
           (SELECT coalesce(jsonb_agg(b ORDER BY bucket), '[]') FROM bucketed b) AS buckets
      FROM each_org`);
}

/** A rise from nothing is over any percentage. */
const isOver = (percent: string) => sql`change > 0 AND (was <= 0 OR change * 100 > was * ${percent}::numeric)`;

/** How many organizations pay more than `percent` % more under the draft. */
export async function countOver(db: Db, backtest_id: string, percent: string): Promise<number> {
  const { over } = await db.one<{ over: number }>(sql`
    WITH each_org AS (${byOrganization(db, backtest_id, 'draft')}) SELECT count(*)::int AS over FROM each_org WHERE ${isOver(percent)}`);
  return over;
}

/** Organizations that could not be rated, at most `limit` of them, and how many there are. */
export async function selectFaults(
  db: Db,
  backtest_id: string,
  limit: number,
): Promise<{ count: number; faults: ({ org_id: string } & TrialFault)[] }> {
  const { count } = await db.one<{ count: number }>(sql`
    SELECT count(DISTINCT org_id)::int AS count FROM backtest_result
     WHERE tenant_id = ${db.tenant_id} AND backtest_id = ${backtest_id} AND fault IS NOT NULL`);
  const rows = await db.rows<{ org_id: string; fault: TrialFault }>(sql`
    SELECT DISTINCT ON (org_id) org_id, fault FROM backtest_result
     WHERE tenant_id = ${db.tenant_id} AND backtest_id = ${backtest_id} AND fault IS NOT NULL ORDER BY org_id, month LIMIT ${limit}`);
  return { count, faults: rows.map(({ org_id, fault }) => ({ org_id, ...fault })) };
}

export async function countResults(db: Db, backtest_id: string): Promise<number> {
  const { count } = await db.one<{ count: number }>(sql`
    SELECT count(*)::int AS count FROM backtest_result WHERE tenant_id = ${db.tenant_id} AND backtest_id = ${backtest_id} AND fault IS NULL`);
  return count;
}

export interface OrganizationRow {
  org_id: string;
  basis: 'billed' | 'rated' | 'mixed';
  before_minor: string | null;
  draft_minor: string | null;
  compare_minor: string | null;
  before_partner_minor: string | null;
  draft_partner_minor: string | null;
  compare_partner_minor: string | null;
  draft_percent: string | null;
  compare_percent: string | null;
  fault: TrialFault | null;
  months: { month: string; before_minor: string; draft_minor: string; compare_minor: string | null }[];
  /** What the page is sorted by, as text. */
  sort_key: string;
}

const sortKeys = {
  change: sql`draft_minor - before_minor`,
  // A rise from nothing comes above every percentage.
  percent: sql`coalesce(draft_percent, CASE WHEN draft_minor > 0 THEN 1e15 ELSE 0 END)`,
  before: sql`before_minor`,
  draft: sql`draft_minor`,
} as const;

/** A page of organizations in an order, after a place in it. Those that fault come last, whatever the order. */
export function selectOrganizations(
  db: Db,
  backtest_id: string,
  { sort, limit, after }: { sort: OrganizationSort; limit: number; after: readonly [string, string] | null },
): Promise<OrganizationRow[]> {
  const falling = sort.startsWith('-');
  const key = sortKeys[(falling ? sort.slice(1) : sort) as keyof typeof sortKeys];
  const last = falling ? sql`-1e30` : sql`1e30`;
  const [value, org_id] = after ?? [null, null];
  const beyond = falling ? sql`<` : sql`>`;
  const direction = falling ? sql`DESC` : sql`ASC`;
  return db.rows(sql`
    WITH each_org AS (
      SELECT org_id, CASE WHEN min(basis) = max(basis) THEN min(basis) ELSE 'mixed' END AS basis, sum(before_minor) AS before_minor, sum(draft_minor) AS draft_minor,
             sum(compare_minor) AS compare_minor, sum(before_partner_minor) AS before_partner_minor, sum(draft_partner_minor) AS draft_partner_minor,
             sum(compare_partner_minor) AS compare_partner_minor,
             CASE WHEN sum(before_minor) > 0 THEN trim_scale(round((sum(draft_minor) - sum(before_minor)) * 100 / sum(before_minor), 2)) END AS draft_percent,
             CASE WHEN sum(before_minor) > 0 THEN trim_scale(round((sum(compare_minor) - sum(before_minor)) * 100 / sum(before_minor), 2)) END AS compare_percent,
             (array_agg(fault) FILTER (WHERE fault IS NOT NULL))[1] AS fault,
             jsonb_agg(jsonb_build_object('month', month, 'before_minor', before_minor::text, 'draft_minor', draft_minor::text, 'compare_minor', compare_minor::text)
               ORDER BY month) FILTER (WHERE fault IS NULL) AS months
        FROM backtest_result WHERE tenant_id = ${db.tenant_id} AND backtest_id = ${backtest_id} GROUP BY org_id),
    keyed AS (SELECT *, CASE WHEN fault IS NULL THEN ${key} ELSE ${last} END AS sort_key FROM each_org)
    SELECT org_id, basis, before_minor::text, draft_minor::text, compare_minor::text, before_partner_minor::text, draft_partner_minor::text, compare_partner_minor::text,
           draft_percent::text, compare_percent::text, fault, coalesce(months, '[]') AS months, sort_key::text
      FROM keyed
     WHERE ${value}::numeric IS NULL OR sort_key ${beyond} ${value}::numeric OR (sort_key = ${value}::numeric AND org_id > ${org_id}::uuid)
     ORDER BY keyed.sort_key ${direction}, org_id LIMIT ${limit}`);
}

export async function insertPublication(
  tx: Tx,
  publication: { draft_id: string; content_hash: string; backtest_id: string; demand: BacktestDemand },
): Promise<void> {
  await tx.write(sql`
    INSERT INTO backtest_publication (tenant_id, draft_id, content_hash, backtest_id, demand, created_at)
    VALUES (${tx.tenant_id}, ${publication.draft_id}, decode(${publication.content_hash}, 'hex'), ${publication.backtest_id},
            ${JSON.stringify(publication.demand)}::jsonb, ${tx.now.toString()})`);
}

export interface BilledChargeRow {
  charge_id: string;
  subscription_id: string;
  sku: string | null;
  to: string;
  amount_minor: string;
}

/** The live charges of billed periods, and corrections of them, that lie in some time. */
export function billedChargesOf(
  db: Db,
  of: { org_ids: readonly string[]; ids: readonly string[]; from: string; to: string },
): Promise<BilledChargeRow[]> {
  return db.rows(sql`
    SELECT c.charge_id, c.subscription_id, c.sku, upper(c.during) AS "to", c.amount_minor
      FROM billed_period p
      JOIN charge c ON c.tenant_id = p.tenant_id AND c.billed_period_id = p.billed_period_id AND c.live AND c.kind <> 'action'
     WHERE p.tenant_id = ${db.tenant_id} AND p.org_id = ANY (${of.org_ids}::uuid[]) AND p.subscription_id = ANY (${of.ids}::uuid[]) AND p.live
       AND c.during && tstzrange(${of.from}::timestamptz, ${of.to}::timestamptz)`);
}
