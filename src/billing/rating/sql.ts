import { type RawBuilder, sql } from 'kysely';
import type { ChargeInputs } from '../../kernel/bundle.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import type { Db, Tx } from '../../platform/postgres.ts';
import type { ChargeOnRecord, PlannedPeriod, StoredCharge, UsageRectangle } from './model.ts';

export interface BilledPeriodRow {
  billed_period_id: string;
  subscription_id: string;
  from_date: string;
  to_date: string;
  from: string;
  to: string;
  watermark: string;
  run_id: string;
  billed_at: string;
}

/** The live billed periods of some subscriptions, oldest first. */
export function liveBilledPeriods(db: Db, subscription_ids: readonly string[]): Promise<BilledPeriodRow[]> {
  return db.rows(sql<BilledPeriodRow>`
    SELECT billed_period_id, subscription_id, from_date, to_date, lower(during) AS "from", upper(during) AS "to", watermark, run_id, created_at AS billed_at
      FROM billed_period WHERE tenant_id = ${db.tenant_id} AND subscription_id = ANY (${[...subscription_ids]}::uuid[]) AND live AND kind = 'period'
     ORDER BY subscription_id, during`);
}

/** The highest watermark up to which something live of these subscriptions was taken; null where nothing was. */
export async function highestWatermark(db: Db, subscription_ids: readonly string[]): Promise<string | null> {
  const row = await db.one(sql<{ watermark: string | null }>`
    SELECT max(watermark)::text AS watermark FROM billed_period
     WHERE tenant_id = ${db.tenant_id} AND subscription_id = ANY (${[...subscription_ids]}::uuid[]) AND live`);
  return row.watermark;
}

/** The subscriptions that were billed, and for nothing that reaches beyond a moment. */
export async function lastBilledBefore(db: Db, moment: string, org_id: string | null): Promise<string[]> {
  const rows = await db.rows(sql<{ subscription_id: string }>`
    SELECT subscription_id FROM billed_period
     WHERE tenant_id = ${db.tenant_id} AND live AND kind = 'period' AND (${org_id}::uuid IS NULL OR org_id = ${org_id})
     GROUP BY subscription_id HAVING max(upper(during)) <= ${moment} ORDER BY subscription_id`);
  return rows.map((row) => row.subscription_id);
}

export type TakeRow = UsageRectangle & { subscription_id: string };

export function liveTakes(db: Db, subscription_ids: readonly string[]): Promise<TakeRow[]> {
  return db.rows(sql<TakeRow>`
    SELECT subscription_id, lower(during) AS "from", upper(during) AS "to", lower(arrived)::text AS arrived_from, upper(arrived)::text AS arrived_to
      FROM usage_take WHERE tenant_id = ${db.tenant_id} AND subscription_id = ANY (${[...subscription_ids]}::uuid[]) AND live`);
}

export interface UsageChargeRow {
  subscription_id: string;
  charge_id: string;
  billed_period_id: string;
  sku: string;
  from: string;
  to: string;
  interval_from: string;
  interval_to: string;
  quantity: string;
  amount_exact: string;
  amount_minor: string;
  inputs: ChargeInputs;
}

/** The live charges for usage of some subscriptions within intervals, in the order in which they were made. */
export function usageChargesOf(
  db: Db,
  parts: readonly { subscription_id: string; interval_from: string; interval_to: string }[],
): Promise<UsageChargeRow[]> {
  return db.rows(sql<UsageChargeRow>`
    SELECT c.subscription_id, c.charge_id, c.billed_period_id, c.sku, lower(c.during) AS "from", upper(c.during) AS "to", p.interval_from, p.interval_to,
           c.quantity, c.amount_exact, c.amount_minor, c.inputs
      FROM unnest(${parts.map((part) => part.subscription_id)}::uuid[], ${parts.map((part) => part.interval_from)}::timestamptz[],
                  ${parts.map((part) => part.interval_to)}::timestamptz[]) AS p (subscription_id, interval_from, interval_to)
      JOIN charge c ON c.tenant_id = ${db.tenant_id} AND c.subscription_id = p.subscription_id AND c.kind = 'usage' AND c.live
       -- by its middle: where an organization moved to another zone, a period begins or ends hours beside its interval
       AND lower(c.during) + (upper(c.during) - lower(c.during)) / 2 >= p.interval_from
       AND lower(c.during) + (upper(c.during) - lower(c.during)) / 2 < p.interval_to
     ORDER BY c.charge_id`);
}

/** What one item was charged outside cycles within an interval, under one price. */
export function priorActionCharges(
  db: Db,
  item: { subscription_id: string; sku: string; price_hash: string; interval_from: string },
): Promise<{ quantity: string; amount_exact: string } | undefined> {
  return db.maybe(sql<{ quantity: string; amount_exact: string }>`
    SELECT sum(quantity) AS quantity, sum(amount_exact) AS amount_exact FROM charge
     WHERE tenant_id = ${db.tenant_id} AND subscription_id = ${item.subscription_id} AND sku = ${item.sku} AND kind = 'action' AND live
       AND lower(during) = ${item.interval_from} AND inputs->>'price_hash' = ${item.price_hash}
    HAVING count(*) > 0`);
}

export function insertPeriods(tx: Tx, periods: readonly (PlannedPeriod & { billed_period_id: string })[]): Promise<unknown> {
  const column = <T>(read: (period: PlannedPeriod & { billed_period_id: string }) => T) => periods.map(read);
  return tx.write(sql`
    INSERT INTO billed_period (tenant_id, billed_period_id, kind, subscription_id, org_id, from_date, to_date, during, watermark, run_id, created_at)
    SELECT ${tx.tenant_id}, id, kind, subscription_id, org_id, from_date, to_date, tstzrange(starts, ends), watermark, run_id, ${tx.now.toString()}
      FROM unnest(${column((each) => each.billed_period_id)}::uuid[], ${column((each) => each.kind)}::text[], ${column((each) => each.subscription_id)}::uuid[],
        ${column((each) => each.org_id)}::uuid[], ${column((each) => each.from_date)}::date[], ${column((each) => each.to_date)}::date[],
        ${column((each) => each.from)}::timestamptz[], ${column((each) => each.to)}::timestamptz[],
        ${column((each) => each.watermark)}::bigint[], ${column((each) => each.run_id)}::uuid[])
        AS t (id, kind, subscription_id, org_id, from_date, to_date, starts, ends, watermark, run_id)`);
}

export function insertTakes(
  tx: Tx,
  takes: readonly (UsageRectangle & { billed_period_id: string; subscription_id: string })[],
): Promise<unknown> {
  return tx.write(sql`
    INSERT INTO usage_take (tenant_id, billed_period_id, subscription_id, during, arrived)
    SELECT ${tx.tenant_id}, billed_period_id, subscription_id, tstzrange(starts, ends), int8range(arrived_from, arrived_to)
      FROM unnest(${takes.map((each) => each.billed_period_id)}::uuid[], ${takes.map((each) => each.subscription_id)}::uuid[],
        ${takes.map((each) => each.from)}::timestamptz[], ${takes.map((each) => each.to)}::timestamptz[],
        ${takes.map((each) => each.arrived_from)}::bigint[], ${takes.map((each) => each.arrived_to)}::bigint[])
        AS t (billed_period_id, subscription_id, starts, ends, arrived_from, arrived_to)`);
}

export function insertCharges(tx: Tx, charges: readonly ChargeOnRecord[]): Promise<unknown> {
  const column = <T>(read: (charge: ChargeOnRecord) => T) => charges.map(read);
  return tx.write(sql`
    INSERT INTO charge (tenant_id, charge_id, kind, org_id, project_id, billed_period_id, subscription_id, sku, during, quantity, amount_exact,
                        amount_minor, currency, price_version_id, adjusts_period_id, adjusts_charge_id, inputs, inputs_hash, steps, usage_count, usage_sum, usage_root, request_id, created_at)
    SELECT ${tx.tenant_id}, charge_id, kind, org_id, project_id, billed_period_id, subscription_id, sku, tstzrange(starts, ends), quantity, amount_exact,
           amount_minor, currency, price_version_id, adjusts_period_id, adjusts_charge_id, inputs, inputs_hash, steps, usage_count, usage_sum, usage_root, request_id, ${tx.now.toString()}
      FROM unnest(${column((each) => each.charge_id)}::uuid[], ${column((each) => each.kind)}::text[], ${column((each) => each.org_id)}::uuid[],
        ${column((each) => each.project_id)}::uuid[], ${column((each) => each.billed_period_id)}::uuid[],
        ${column((each) => each.subscription_id)}::uuid[], ${column((each) => each.sku)}::text[], ${column((each) => each.from)}::timestamptz[],
        ${column((each) => each.to)}::timestamptz[], ${column((each) => each.quantity)}::numeric[], ${column((each) => each.amount_exact)}::numeric[],
        ${column((each) => each.amount_minor.toString())}::bigint[], ${column((each) => each.currency)}::text[],
        ${column((each) => each.price_version_id)}::uuid[], ${column((each) => each.adjusts?.billed_period_id ?? null)}::uuid[],
        ${column((each) => each.adjusts?.charge_id ?? null)}::uuid[], ${column((each) => canonicalJson(each.inputs))}::jsonb[],
        ${column((each) => each.inputs_hash)}::bytea[], ${column((each) => JSON.stringify(each.steps))}::jsonb[],
        ${column((each) => each.usage?.count ?? null)}::bigint[], ${column((each) => each.usage?.sum ?? null)}::numeric[],
        ${column((each) => each.usage?.root ?? null)}::bytea[], ${column((each) => each.request_id)}::text[])
        AS t (charge_id, kind, org_id, project_id, billed_period_id, subscription_id, sku, starts, ends, quantity, amount_exact, amount_minor, currency,
              price_version_id, adjusts_period_id, adjusts_charge_id, inputs, inputs_hash, steps, usage_count, usage_sum, usage_root, request_id)`);
}

export const chargeColumns: RawBuilder<unknown> = sql`charge_id, kind, org_id, project_id, subscription_id, billed_period_id, sku, lower(during) AS "from",
  upper(during) AS "to", quantity, amount_exact, amount_minor, currency, price_version_id, adjusts_period_id, adjusts_charge_id, inputs, inputs_hash, steps,
  usage_count, usage_sum, usage_root`;

export type ChargeRow = Omit<StoredCharge, 'adjusts'> & { adjusts_period_id: string | null; adjusts_charge_id: string | null };

export function selectCharges(db: Db, charge_ids: readonly string[]): Promise<ChargeRow[]> {
  return db.rows(sql<ChargeRow>`
    SELECT ${chargeColumns} FROM charge WHERE tenant_id = ${db.tenant_id} AND charge_id = ANY (${[...charge_ids]}::uuid[])`);
}

export function selectChargesOfPeriods(
  db: Db,
  billed_period_ids: readonly string[],
): Promise<{ charge_id: string; billed_period_id: string; sku: string | null; inputs: ChargeInputs }[]> {
  return db.rows(sql<{ charge_id: string; billed_period_id: string; sku: string | null; inputs: ChargeInputs }>`
    SELECT charge_id, billed_period_id, sku, inputs FROM charge
     WHERE tenant_id = ${db.tenant_id} AND billed_period_id = ANY (${[...billed_period_ids]}::uuid[]) AND live ORDER BY charge_id`);
}

/** Charges outside cycles of one tenant are priced one after another: each counts on those before. */
export function lockActions(tx: Tx): Promise<unknown> {
  return tx.write(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`actions ${tx.tenant_id}`}, 0))`);
}

export function selectChargesByRequest(db: Db, request_ids: readonly string[]): Promise<(ChargeRow & { request_id: string })[]> {
  return db.rows(sql<ChargeRow & { request_id: string }>`
    SELECT ${chargeColumns}, request_id FROM charge
     WHERE tenant_id = ${db.tenant_id} AND kind = 'action' AND request_id = ANY (${[...request_ids]}::text[])`);
}

/** The rectangles of usage that billed periods took, retired ones too. */
export function takesOfPeriods(
  db: Db,
  billed_period_ids: readonly string[],
): Promise<(UsageRectangle & { billed_period_id: string })[]> {
  return db.rows(sql<UsageRectangle & { billed_period_id: string }>`
    SELECT billed_period_id, lower(during) AS "from", upper(during) AS "to", lower(arrived)::text AS arrived_from, upper(arrived)::text AS arrived_to
      FROM usage_take WHERE tenant_id = ${db.tenant_id} AND billed_period_id = ANY (${[...billed_period_ids]}::uuid[])
     ORDER BY billed_period_id, during, arrived`);
}

/** The periods behind some charges cease to count, with their takes and all of their charges. */
export async function retirePeriods(tx: Tx, charge_ids: readonly string[]): Promise<void> {
  const ids = [...charge_ids];
  const periods = await tx.write(sql<{ billed_period_id: string }>`
    UPDATE billed_period SET live = false WHERE tenant_id = ${tx.tenant_id} AND live AND billed_period_id IN (
      SELECT billed_period_id FROM charge WHERE tenant_id = ${tx.tenant_id} AND charge_id = ANY (${ids}::uuid[])) RETURNING billed_period_id`);
  const period_ids = (periods as { billed_period_id: string }[]).map((row) => row.billed_period_id);
  await tx.write(
    sql`UPDATE usage_take SET live = false WHERE tenant_id = ${tx.tenant_id} AND live AND billed_period_id = ANY (${period_ids}::uuid[])`,
  );
  await tx.write(
    sql`UPDATE charge SET live = false WHERE tenant_id = ${tx.tenant_id} AND live AND billed_period_id = ANY (${period_ids}::uuid[])`,
  );
}
