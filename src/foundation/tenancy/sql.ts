import { sql } from 'kysely';
import type pg from 'pg';
import { compile, type Db, type Tx } from '../../platform/postgres.ts';
import type { NewOrganization, Organization, OrganizationChanges, Project, Tenant } from './model.ts';

const columns = sql`org_id, legal_name, org_slug, billing_email, default_timezone, currency, parent_org_id, partner_tier, tax_id, visibility,
  is_own, created_at`;

export function selectTenant(db: Db): Promise<Tenant | undefined> {
  return db.maybe(sql<Tenant>`
    SELECT tenant_id, name, slug, mode, test_clock_at, rounding_mode, created_at FROM tenant WHERE tenant_id = ${db.tenant_id}`);
}

/** As the role `auth` or `due`: across tenants. */
export async function selectTenants(pool: pg.Pool, filter: { slug?: string }): Promise<Tenant[]> {
  const result = await pool.query<Tenant>(
    compile(sql`
      SELECT tenant_id, name, slug, mode, test_clock_at, rounding_mode, created_at FROM tenant
       ${filter.slug === undefined ? sql`` : sql`WHERE slug = ${filter.slug}`} ORDER BY tenant_id`),
  );
  return result.rows;
}

/** As the role `due`: the tenants that have a clock of their own. */
export async function selectTestClocks(pool: pg.Pool): Promise<{ tenant_id: string; at: string }[]> {
  const result = await pool.query<{ tenant_id: string; at: string }>(
    compile(sql`SELECT tenant_id, test_clock_at AS at FROM tenant WHERE test_clock_at IS NOT NULL`),
  );
  return result.rows;
}

export async function insertTenant(tx: Tx, tenant: Pick<Tenant, 'name' | 'slug' | 'mode'>): Promise<void> {
  await tx.write(sql`
    INSERT INTO tenant (tenant_id, name, slug, mode, created_at)
    VALUES (${tx.tenant_id}, ${tenant.name}, ${tenant.slug}, ${tenant.mode}, ${tx.now.toString()})`);
}

export async function updateTestClock(tx: Tx, at: string | null): Promise<void> {
  await tx.write(sql`UPDATE tenant SET test_clock_at = ${at} WHERE tenant_id = ${tx.tenant_id}`);
}

export async function insertOrganization(
  tx: Tx,
  organization: NewOrganization & { org_id: string; is_own: boolean },
): Promise<Organization> {
  const it = organization;
  const rows = await tx.write<Organization>(sql`
    INSERT INTO organization (tenant_id, org_id, legal_name, org_slug, billing_email, default_timezone, currency, parent_org_id, partner_tier,
      tax_id, visibility, is_own, created_at)
    VALUES (${tx.tenant_id}, ${it.org_id}, ${it.legal_name}, ${it.org_slug}, ${it.billing_email}, ${it.default_timezone}, ${it.currency ?? null},
      ${it.parent_org_id ?? null}, ${it.partner_tier ?? null}, ${it.tax_id ?? null}, ${it.visibility ?? 'private'}, ${it.is_own},
      ${tx.now.toString()})
    RETURNING ${columns}`);
  return rows[0]!;
}

export async function updateOrganization(tx: Tx, org_id: string, changes: OrganizationChanges): Promise<Organization> {
  const set = Object.entries(changes).map(([column, value]) => sql`${sql.ref(column)} = ${value}`);
  const rows = await tx.write<Organization>(sql`
    UPDATE organization SET ${sql.join(set)} WHERE tenant_id = ${tx.tenant_id} AND org_id = ${org_id} RETURNING ${columns}`);
  return rows[0]!;
}

export function selectOrganization(db: Db, org_id: string): Promise<Organization | undefined> {
  return db.maybe(
    sql<Organization>`SELECT ${columns} FROM organization WHERE tenant_id = ${db.tenant_id} AND org_id = ${org_id}`,
  );
}

/** The same, and nobody else changes it until the transaction ends. */
export function lockOrganization(tx: Tx, org_id: string): Promise<Organization | undefined> {
  return tx.maybe(sql<Organization>`
    SELECT ${columns} FROM organization WHERE tenant_id = ${tx.tenant_id} AND org_id = ${org_id} FOR NO KEY UPDATE`);
}

export function selectOrganizationBySlug(db: Db, org_slug: string): Promise<Organization | undefined> {
  return db.maybe(
    sql<Organization>`SELECT ${columns} FROM organization WHERE tenant_id = ${db.tenant_id} AND org_slug = ${org_slug}`,
  );
}

export function selectOrganizationIdsBySlugs(
  db: Db,
  org_slugs: readonly string[],
): Promise<{ org_slug: string; org_id: string }[]> {
  return db.rows(sql<{ org_slug: string; org_id: string }>`
    SELECT org_slug, org_id FROM organization WHERE tenant_id = ${db.tenant_id} AND org_slug = ANY (${org_slugs}::text[])`);
}

export function selectOwnOrganization(db: Db): Promise<Organization | undefined> {
  return db.maybe(sql<Organization>`SELECT ${columns} FROM organization WHERE tenant_id = ${db.tenant_id} AND is_own`);
}

export function selectOrganizationsByIds(db: Db, org_ids: readonly string[]): Promise<Organization[]> {
  return db.rows(sql<Organization>`
    SELECT ${columns} FROM organization WHERE tenant_id = ${db.tenant_id} AND org_id = ANY (${org_ids}::uuid[])`);
}

export interface OrganizationFilter {
  /** Part of the legal name, the slug or the billing address, in any case. */
  q?: string;
  parent_org_id?: string;
  /** Only these; null for all. */
  org_ids: readonly string[] | null;
  limit: number;
}

/** Newest first; ids are UUIDv7 and sort by their time. */
export function selectOrganizations(db: Db, filter: OrganizationFilter & { below: string | null }): Promise<Organization[]> {
  const pattern = filter.q === undefined ? null : `%${filter.q.replace(/[\\%_]/g, '\\$&')}%`;
  return db.rows(sql<Organization>`
    SELECT ${columns} FROM organization
     WHERE tenant_id = ${db.tenant_id}
       ${pattern === null ? sql`` : sql`AND (legal_name ILIKE ${pattern} OR org_slug ILIKE ${pattern} OR billing_email ILIKE ${pattern})`}
       ${filter.parent_org_id === undefined ? sql`` : sql`AND parent_org_id = ${filter.parent_org_id}`}
       ${filter.org_ids === null ? sql`` : sql`AND org_id = ANY (${filter.org_ids}::uuid[])`}
       ${filter.below === null ? sql`` : sql`AND org_id < ${filter.below}`}
     ORDER BY org_id DESC
     LIMIT ${filter.limit + 1}`);
}

export async function selectSubtrees(db: Db, org_ids: readonly string[]): Promise<string[]> {
  const rows = await db.rows(sql<{ org_id: string }>`
    SELECT DISTINCT descendant_org_id AS org_id FROM org_hierarchy
     WHERE tenant_id = ${db.tenant_id} AND ancestor_org_id = ANY (${org_ids}::uuid[])`);
  return rows.map((row) => row.org_id);
}

/** The organization and all above it. */
export async function selectLineage(db: Db, org_id: string): Promise<string[]> {
  const rows = await db.rows(sql<{ org_id: string }>`
    SELECT ancestor_org_id AS org_id FROM org_hierarchy
     WHERE tenant_id = ${db.tenant_id} AND descendant_org_id = ${org_id}`);
  return rows.map((row) => row.org_id);
}

export async function insertProject(tx: Tx, project: Pick<Project, 'project_id' | 'org_id' | 'name'>): Promise<Project> {
  const rows = await tx.write<Project>(sql`
    INSERT INTO project (tenant_id, project_id, org_id, name, created_at)
    VALUES (${tx.tenant_id}, ${project.project_id}, ${project.org_id}, ${project.name}, ${tx.now.toString()})
    RETURNING project_id, org_id, name, created_at`);
  return rows[0]!;
}

export function selectProject(db: Db, project_id: string): Promise<Project | undefined> {
  return db.maybe(sql<Project>`
    SELECT project_id, org_id, name, created_at FROM project WHERE tenant_id = ${db.tenant_id} AND project_id = ${project_id}`);
}

export function selectProjects(
  db: Db,
  filter: { org_id?: string; org_ids: readonly string[] | null; limit: number; below: string | null },
): Promise<Project[]> {
  return db.rows(sql<Project>`
    SELECT project_id, org_id, name, created_at FROM project
     WHERE tenant_id = ${db.tenant_id}
       ${filter.org_id === undefined ? sql`` : sql`AND org_id = ${filter.org_id}`}
       ${filter.org_ids === null ? sql`` : sql`AND org_id = ANY (${filter.org_ids}::uuid[])`}
       ${filter.below === null ? sql`` : sql`AND project_id < ${filter.below}`}
     ORDER BY project_id DESC
     LIMIT ${filter.limit + 1}`);
}
