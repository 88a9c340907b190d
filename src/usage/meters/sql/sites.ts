import { sql } from 'kysely';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { SuppliedSite } from '../decide/supply.ts';
import type { Occupancy, Site } from '../model.ts';

const occupancyColumns = sql`occupancy_id, site_id, org_id, starts_at AS "from", ends_at AS "to"`;

export async function insertSite(tx: Tx, site: Omit<Site, 'org_id' | 'created_at'>): Promise<void> {
  await tx.write(sql`
    INSERT INTO site (tenant_id, site_id, name, address, time_zone, supply_sku, created_at)
    VALUES (${tx.tenant_id}, ${site.site_id}, ${site.name}, ${site.address}, ${site.time_zone}, ${site.supply_sku}, ${tx.now.toString()})`);
}

export function selectSite(db: Db, site_id: string): Promise<Site | undefined> {
  return db.maybe(sql<Site>`${sites(db)} WHERE s.tenant_id = ${db.tenant_id} AND s.site_id = ${site_id}`);
}

export interface SiteFilter {
  /** Sites that this organization occupies, has occupied or will. */
  org_id: string | null;
  /** Only sites that one of these occupies, has occupied or will; null for all. */
  org_ids: readonly string[] | null;
  below: string | null;
  limit: number;
}

/** Newest first, one more than the limit. */
export function selectSites(db: Db, filter: SiteFilter): Promise<Site[]> {
  return db.rows(sql<Site>`
    ${sites(db)}
     WHERE s.tenant_id = ${db.tenant_id} AND (${filter.below}::uuid IS NULL OR s.site_id < ${filter.below}::uuid)
       AND (${filter.org_id}::uuid IS NULL OR EXISTS (
             SELECT 1 FROM occupancy o WHERE o.tenant_id = s.tenant_id AND o.site_id = s.site_id AND o.org_id = ${filter.org_id}::uuid))
       AND (${filter.org_ids}::uuid[] IS NULL OR EXISTS (
             SELECT 1 FROM occupancy o WHERE o.tenant_id = s.tenant_id AND o.site_id = s.site_id AND o.org_id = ANY (${filter.org_ids}::uuid[])))
     ORDER BY s.site_id DESC LIMIT ${filter.limit + 1}`);
}

export async function insertOccupancy(tx: Tx, occupancy: Occupancy): Promise<void> {
  await tx.write(sql`
    INSERT INTO occupancy (tenant_id, occupancy_id, site_id, org_id, starts_at, ends_at, created_at)
    VALUES (${tx.tenant_id}, ${occupancy.occupancy_id}, ${occupancy.site_id}, ${occupancy.org_id}, ${occupancy.from}, ${occupancy.to},
      ${tx.now.toString()})`);
}

/** By start. */
export function selectOccupancies(db: Db, site_id: string): Promise<Occupancy[]> {
  return db.rows(sql<Occupancy>`
    SELECT ${occupancyColumns} FROM occupancy WHERE tenant_id = ${db.tenant_id} AND site_id = ${site_id} ORDER BY starts_at`);
}

/** Nobody else changes it until the transaction ends. */
export function lockOccupancy(tx: Tx, site_id: string, occupancy_id: string): Promise<Occupancy | undefined> {
  return tx.maybe(sql<Occupancy>`
    SELECT ${occupancyColumns} FROM occupancy
     WHERE tenant_id = ${tx.tenant_id} AND site_id = ${site_id} AND occupancy_id = ${occupancy_id} FOR NO KEY UPDATE`);
}

export async function updateOccupancyEnd(tx: Tx, occupancy_id: string, to: string | null): Promise<void> {
  await tx.write(sql`UPDATE occupancy SET ends_at = ${to} WHERE tenant_id = ${tx.tenant_id} AND occupancy_id = ${occupancy_id}`);
}

/** Sites with a local day that has begun and was not reported, those longest behind first. */
export function selectSitesToSupply(db: Db, most: number): Promise<SuppliedSite[]> {
  return db.rows(sql<SuppliedSite>`
    SELECT site_id, time_zone, supply_sku, supplied_until::text FROM site s
     WHERE tenant_id = ${db.tenant_id} AND supply_sku IS NOT NULL
       AND coalesce(supplied_until, '2000-01-01') <= (${db.now.toString()}::timestamptz AT TIME ZONE time_zone)::date
       AND EXISTS (SELECT FROM occupancy o WHERE o.tenant_id = s.tenant_id AND o.site_id = s.site_id)
     ORDER BY supplied_until NULLS FIRST, site_id LIMIT ${most}`);
}

export async function updateSupplied(tx: Tx, sites: readonly { site_id: string; until: string }[]): Promise<void> {
  if (sites.length === 0) return;
  await tx.write(sql`
    UPDATE site SET supplied_until = s.until
      FROM unnest(${sites.map((each) => each.site_id)}::uuid[], ${sites.map((each) => each.until)}::date[]) AS s(site_id, until)
     WHERE site.tenant_id = ${tx.tenant_id} AND site.site_id = s.site_id`);
}

/** An occupancy that begins before what was reported has its days reported after all. */
export async function supplyAgainFrom(tx: Tx, site_id: string, moment: string): Promise<void> {
  await tx.write(sql`
    UPDATE site SET supplied_until = (${moment}::timestamptz AT TIME ZONE time_zone)::date
     WHERE tenant_id = ${tx.tenant_id} AND site_id = ${site_id} AND supplied_until > (${moment}::timestamptz AT TIME ZONE time_zone)::date`);
}

function sites(db: Db) {
  return sql`
    SELECT s.site_id, s.name, s.address, s.time_zone, s.supply_sku, s.created_at,
           (SELECT o.org_id FROM occupancy o
             WHERE o.tenant_id = s.tenant_id AND o.site_id = s.site_id AND o.starts_at <= ${db.now.toString()}
               AND (o.ends_at IS NULL OR o.ends_at > ${db.now.toString()})) AS org_id
      FROM site s`;
}
