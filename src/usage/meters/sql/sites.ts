import { sql } from 'kysely';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { Occupancy, Site } from '../model.ts';

const occupancyColumns = sql`occupancy_id, site_id, org_id, starts_at AS "from", ends_at AS "to"`;

export async function insertSite(tx: Tx, site: Omit<Site, 'org_id' | 'created_at'>): Promise<void> {
  await tx.write(sql`
    INSERT INTO site (tenant_id, site_id, name, address, time_zone, created_at)
    VALUES (${tx.tenant_id}, ${site.site_id}, ${site.name}, ${site.address}, ${site.time_zone}, ${tx.now.toString()})`);
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

function sites(db: Db) {
  return sql`
    SELECT s.site_id, s.name, s.address, s.time_zone, s.created_at,
           (SELECT o.org_id FROM occupancy o
             WHERE o.tenant_id = s.tenant_id AND o.site_id = s.site_id AND o.starts_at <= ${db.now.toString()}
               AND (o.ends_at IS NULL OR o.ends_at > ${db.now.toString()})) AS org_id
      FROM site s`;
}
