import { newId } from '../../kernel/id.ts';
import { decodeCursor, encodeCursor, toPage } from '../../platform/cursor.ts';
import type { Db, Postgres, Tx } from '../../platform/postgres.ts';
import { recordAudit } from '../audit/service.ts';
import { emit } from '../events/service.ts';
import { changesOf, requireLinkable, requireTestClock } from './decide.ts';
import { errors } from './errors.ts';
import type { events } from './events.ts';
import type { NewOrganization, NewProject, Organization, OrganizationChanges, Project, Tenant } from './model.ts';
import {
  insertOrganization,
  insertProject,
  insertTenant,
  lockOrganization,
  type OrganizationFilter,
  selectLineage,
  selectOrganization,
  selectOrganizationBySlug,
  selectOrganizationIdsBySlugs,
  selectOrganizations,
  selectOrganizationsByIds,
  selectOwnOrganization,
  selectProject,
  selectProjects,
  selectSubtrees,
  selectTenant,
  selectTenants,
  selectTestClocks,
  updateOrganization,
  updateTestClock,
} from './sql.ts';

export interface NewTenant {
  name: string;
  slug: string;
  mode: 'live' | 'test';
  /** Of its own organization. */
  billing_email: string;
  default_timezone: string;
  currency?: string;
}

/** Makes the tenant that `tx` names, and its own organization. Throws `tenant_slug_taken` by its constraint. */
export async function createTenant(tx: Tx, tenant: NewTenant): Promise<{ tenant: Tenant; organization: Organization }> {
  await insertTenant(tx, tenant);
  const made = await requireTenant(tx);
  await recordAudit(tx, {
    action: 'tenant.created',
    target_type: 'tenant',
    target_id: made.tenant_id,
    before: null,
    after: { name: made.name, slug: made.slug, mode: made.mode },
  });
  const { billing_email, default_timezone, currency } = tenant;
  const own = { legal_name: tenant.name, org_slug: tenant.slug, billing_email, default_timezone, currency };
  return { tenant: made, organization: await createWith(tx, own, { is_own: true }) };
}

/** Every tenant there is, oldest first: for the scheduler and for the first start. */
export async function allTenants(postgres: Postgres): Promise<Tenant[]> {
  return selectTenants(postgres.pool('due'), {});
}

/** Where the clocks stand of those tenants that have one of their own, by tenant. */
export async function testClocks(postgres: Postgres): Promise<Map<string, string>> {
  return new Map((await selectTestClocks(postgres.pool('due'))).map(({ tenant_id, at }) => [tenant_id, at]));
}

/** For sign-in and the command line, before a tenant is known. */
export async function tenantBySlug(postgres: Postgres, slug: string): Promise<Tenant | undefined> {
  const [tenant] = await selectTenants(postgres.pool('auth'), { slug });
  return tenant;
}

/** The tenant of the transaction. */
export async function requireTenant(db: Db): Promise<Tenant> {
  const tenant = await selectTenant(db);
  if (!tenant) throw errors.org_not_found({ internal: `no tenant ${db.tenant_id}` });
  return tenant;
}

/** Throws `parent_org_unknown`, and by constraint `org_slug_taken`, `hierarchy_too_deep`. */
export async function createOrganization(tx: Tx, organization: NewOrganization): Promise<Organization> {
  return createWith(tx, organization, { is_own: false });
}

/** An id of another tenant is as unknown as any other. Throws `org_not_found`. */
export async function requireOrganization(db: Db, org_id: string): Promise<Organization> {
  const organization = await selectOrganization(db, org_id);
  if (!organization) throw errors.org_not_found({ detail: `There is no organization ${org_id}.` });
  return organization;
}

export async function organizationBySlug(db: Db, org_slug: string): Promise<Organization | undefined> {
  return selectOrganizationBySlug(db, org_slug);
}

/** The ids of those that exist, by slug. */
export async function organizationIdsBySlugs(db: Db, org_slugs: readonly string[]): Promise<Map<string, string>> {
  const found = await selectOrganizationIdsBySlugs(db, org_slugs);
  return new Map(found.map(({ org_slug, org_id }) => [org_slug, org_id]));
}

/** Those that exist, by id. */
export async function organizationsByIds(db: Db, org_ids: readonly string[]): Promise<Map<string, Organization>> {
  const found = await selectOrganizationsByIds(db, org_ids);
  return new Map(found.map((organization) => [organization.org_id, organization]));
}

/** The tenant's own organization; every tenant that was made by `createTenant` has one. */
export async function ownOrganization(db: Db): Promise<Organization> {
  const organization = await selectOwnOrganization(db);
  if (!organization) throw errors.org_not_found({ internal: `tenant ${db.tenant_id} has no organization of its own` });
  return organization;
}

/** The organization and all below it. */
export async function subtree(db: Db, org_id: string): Promise<string[]> {
  return selectSubtrees(db, [org_id]);
}

/** The organization and all above it. */
export async function lineage(db: Db, org_id: string): Promise<string[]> {
  return selectLineage(db, org_id);
}

/** Newest first. Throws `cursor_invalid`. */
export async function listOrganizations(
  db: Db,
  query: OrganizationFilter & { cursor?: string },
): Promise<{ data: Organization[]; next_cursor: string | null }> {
  const sort = 'orgs.org_id';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await selectOrganizations(db, { ...query, below });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.org_id]));
}

/** What a principal may not see is unknown to it: throws `org_not_found` unless `org_ids` is null or holds the id. */
export function requireVisible(org_ids: readonly string[] | null, org_id: string): void {
  if (org_ids === null || org_ids.includes(org_id)) return;
  throw errors.org_not_found({ detail: `There is no organization ${org_id}.` });
}

/** Throws `org_not_found`, `parent_org_unknown`, and by constraint what the tree does not allow. */
export async function changeOrganization(tx: Tx, org_id: string, changes: OrganizationChanges): Promise<Organization> {
  const before = await lockOrganization(tx, org_id);
  if (!before) throw errors.org_not_found({ detail: `There is no organization ${org_id}.` });
  const changed = changesOf(before, changes);
  if (Object.keys(changed).length === 0) return before;
  if (changed.parent_org_id) await requireParent(tx, changed.parent_org_id);
  const after = await updateOrganization(tx, org_id, changed);
  await recordAudit(tx, {
    action: 'organization.changed',
    target_type: 'organization',
    target_id: org_id,
    org_id,
    before,
    after,
  });
  await emit<typeof events>(tx, {
    type: 'organization.changed',
    aggregate_type: 'organization',
    aggregate_id: org_id,
    org_id,
    data: { org_id, changed: Object.keys(changed) },
  });
  return after;
}

/** Puts a root below `parent_org_id`; done already is no error. Throws `org_not_found`, `has_other_parent`, and by constraint cycle and depth. */
export async function linkChild(tx: Tx, parent_org_id: string, org_id: string): Promise<Organization> {
  await requireOrganization(tx, parent_org_id);
  const child = await lockOrganization(tx, org_id);
  if (!child) throw errors.org_not_found({ detail: `There is no organization ${org_id}.` });
  requireLinkable(child, parent_org_id);
  return changeOrganization(tx, org_id, { parent_org_id });
}

/** Throws `org_not_found`, and by constraint `project_name_taken`. */
export async function createProject(tx: Tx, project: NewProject): Promise<Project> {
  const { org_id } = await requireOrganization(tx, project.org_id);
  const made = await insertProject(tx, { ...project, project_id: newId(tx.now) });
  await recordAudit(tx, {
    action: 'project.created',
    target_type: 'project',
    target_id: made.project_id,
    org_id,
    before: null,
    after: made,
  });
  await emit<typeof events>(tx, {
    type: 'project.created',
    aggregate_type: 'project',
    aggregate_id: made.project_id,
    org_id,
    data: { project_id: made.project_id, org_id },
  });
  return made;
}

/** Throws `project_not_found`; with `org_id`, also for a project of another organization. */
export async function requireProject(db: Db, project_id: string, org_id?: string): Promise<Project> {
  const project = await selectProject(db, project_id);
  if (!project || (org_id !== undefined && project.org_id !== org_id)) {
    throw errors.project_not_found({ detail: `There is no project ${project_id}.` });
  }
  return project;
}

/** Newest first. Throws `cursor_invalid`. */
export async function listProjects(
  db: Db,
  query: { org_id?: string; org_ids: readonly string[] | null; limit: number; cursor?: string },
): Promise<{ data: Project[]; next_cursor: string | null }> {
  const sort = 'projects.project_id';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await selectProjects(db, { ...query, below });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.project_id]));
}

/** Sets the tenant's clock; from then it stands until set again. Throws `test_clock_only_in_test`, `test_clock_backwards`. */
export async function advanceTestClock(tx: Tx, to: Temporal.Instant): Promise<Tenant> {
  const tenant = await requireTenant(tx);
  requireTestClock(tenant, tx.now, to);
  await updateTestClock(tx, to.toString());
  await recordAudit(tx, {
    action: 'test_clock.advanced',
    target_type: 'tenant',
    target_id: tenant.tenant_id,
    before: { test_clock_at: tenant.test_clock_at },
    after: { test_clock_at: to.toString() },
  });
  await emit<typeof events>(tx, {
    type: 'test_clock.advanced',
    aggregate_type: 'tenant',
    aggregate_id: tenant.tenant_id,
    data: { from: tx.now.toString(), to: to.toString() },
  });
  return requireTenant(tx);
}

/** The tenant follows the wall clock from now on. Throws `test_clock_only_in_test`. */
export async function releaseTestClock(tx: Tx): Promise<Tenant> {
  const tenant = await requireTenant(tx);
  if (tenant.mode !== 'test') throw errors.test_clock_only_in_test();
  if (tenant.test_clock_at === null) return tenant;
  await updateTestClock(tx, null);
  const before = { test_clock_at: tenant.test_clock_at };
  await recordAudit(tx, {
    action: 'test_clock.released',
    target_type: 'tenant',
    target_id: tenant.tenant_id,
    before,
    after: { test_clock_at: null },
  });
  return requireTenant(tx);
}

async function createWith(tx: Tx, organization: NewOrganization, { is_own }: { is_own: boolean }): Promise<Organization> {
  if (organization.parent_org_id !== undefined) await requireParent(tx, organization.parent_org_id);
  const made = await insertOrganization(tx, { ...organization, org_id: newId(tx.now), is_own });
  const { org_id, org_slug, parent_org_id } = made;
  await recordAudit(tx, {
    action: 'organization.created',
    target_type: 'organization',
    target_id: org_id,
    org_id,
    before: null,
    after: made,
  });
  await emit<typeof events>(tx, {
    type: 'organization.created',
    aggregate_type: 'organization',
    aggregate_id: org_id,
    org_id,
    data: { org_id, org_slug, parent_org_id },
  });
  return made;
}

async function requireParent(db: Db, parent_org_id: string): Promise<void> {
  if (await selectOrganization(db, parent_org_id)) return;
  const detail = `There is no organization ${parent_org_id}.`;
  throw errors.parent_org_unknown({ detail, errors: [{ pointer: '/parent_org_id', code: 'parent_org_unknown', detail }] });
}
