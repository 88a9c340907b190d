import { z } from 'zod';
import { clock } from '../../platform/clock.ts';
import type { Server } from '../../platform/http.ts';
import { Id, Instant, PageQuery } from '../../platform/schemas.ts';
import {
  NewChild,
  NewOrganization,
  NewProject,
  Organization,
  OrganizationChanges,
  OrganizationPage,
  Project,
  ProjectPage,
  TestClock,
} from './model.ts';
import {
  advanceTestClock,
  changeOrganization,
  createOrganization,
  createProject,
  linkChild,
  listOrganizations,
  listProjects,
  releaseTestClock,
  requireOrganization,
  requireTenant,
  requireVisible,
} from './service.ts';

const tags = ['Organizations'];
const params = z.object({ id: Id });

export function routes(server: Server): void {
  organizations(server);
  children(server);
  projects(server);
  testClock(server);
}

function organizations(server: Server): void {
  server.command({
    method: 'POST',
    url: '/v1/orgs',
    scope: 'orgs:write',
    summary: 'Make an organization',
    tags,
    body: NewOrganization,
    response: { 201: Organization },
    handle: async (tx, { body, principal }) => {
      if (principal.org_ids !== null) requireVisible(principal.org_ids, body.parent_org_id ?? '');
      return { status: 201, body: await createOrganization(tx, body) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/orgs',
    scope: 'orgs:read',
    summary: 'Organizations, newest first',
    tags,
    querystring: z.strictObject({ q: z.string().trim().max(200).optional(), ...PageQuery }),
    response: { 200: OrganizationPage },
    handle: async (db, { query, principal }) => ({
      status: 200,
      body: await listOrganizations(db, { ...query, q: query.q || undefined, org_ids: principal.org_ids }),
    }),
  });
  server.query({
    method: 'GET',
    url: '/v1/orgs/{id}',
    scope: 'orgs:read',
    summary: 'One organization',
    tags,
    params,
    response: { 200: Organization },
    handle: async (db, { params: { id }, principal }) => {
      requireVisible(principal.org_ids, id);
      return { status: 200, body: await requireOrganization(db, id) };
    },
  });
  server.command({
    method: 'PATCH',
    url: '/v1/orgs/{id}',
    scope: 'orgs:write',
    summary: 'Change an organization, or move it in the tree by its parent_org_id',
    tags,
    params,
    body: OrganizationChanges,
    response: { 200: Organization },
    handle: async (tx, { params: { id }, body, principal }) => {
      requireVisible(principal.org_ids, id);
      if (body.parent_org_id !== undefined) requireVisible(principal.org_ids, body.parent_org_id ?? '');
      return { status: 200, body: await changeOrganization(tx, id, body) };
    },
  });
}

function children(server: Server): void {
  server.command({
    method: 'POST',
    url: '/v1/orgs/{id}/children',
    scope: 'orgs:write',
    summary: 'Make a child, or link an organization that has no parent yet',
    tags,
    params,
    body: NewChild,
    response: { 200: Organization, 201: Organization },
    handle: async (tx, { params: { id }, body, principal }) => {
      requireVisible(principal.org_ids, id);
      const { org_id, ...child } = body;
      if (org_id === undefined) {
        await requireOrganization(tx, id);
        return { status: 201, body: await createOrganization(tx, { ...(child as NewOrganization), parent_org_id: id }) };
      }
      requireVisible(principal.org_ids, org_id);
      return { status: 200, body: await linkChild(tx, id, org_id) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/orgs/{id}/children',
    scope: 'orgs:read',
    summary: 'The organizations right below one, newest first',
    tags,
    params,
    querystring: z.strictObject({ ...PageQuery }),
    response: { 200: OrganizationPage },
    handle: async (db, { params: { id }, query, principal }) => {
      requireVisible(principal.org_ids, id);
      const { org_id } = await requireOrganization(db, id);
      return { status: 200, body: await listOrganizations(db, { ...query, parent_org_id: org_id, org_ids: principal.org_ids }) };
    },
  });
}

function projects(server: Server): void {
  server.command({
    method: 'POST',
    url: '/v1/projects',
    scope: 'orgs:write',
    summary: 'Make a project of an organization',
    tags: ['Projects'],
    body: NewProject,
    response: { 201: Project },
    handle: async (tx, { body, principal }) => {
      requireVisible(principal.org_ids, body.org_id);
      return { status: 201, body: await createProject(tx, body) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/projects',
    scope: 'orgs:read',
    summary: 'Projects, newest first',
    tags: ['Projects'],
    querystring: z.strictObject({ org_id: Id.optional(), ...PageQuery }),
    response: { 200: ProjectPage },
    handle: async (db, { query, principal }) => {
      if (query.org_id !== undefined) {
        requireVisible(principal.org_ids, query.org_id);
        await requireOrganization(db, query.org_id);
      }
      return { status: 200, body: await listProjects(db, { ...query, org_ids: principal.org_ids }) };
    },
  });
}

function testClock(server: Server): void {
  server.query({
    method: 'GET',
    url: '/v1/test-clock',
    scope: 'orgs:read',
    summary: 'What time it is for the tenant, and whether its own clock says so',
    tags: ['Test clock'],
    response: { 200: TestClock },
    handle: async (db) => ({ status: 200, body: clockOf(await requireTenant(db), db.now) }),
  });
  server.command({
    method: 'PUT',
    url: '/v1/test-clock',
    scope: 'orgs:write',
    summary: 'Set the clock of a test tenant; it then stands, and only goes forward; null lets it go with the wall clock again',
    tags: ['Test clock'],
    body: z.strictObject({ now: Instant.nullable() }),
    response: { 200: TestClock },
    handle: async (tx, { body }) => {
      if (body.now === null) return { status: 200, body: clockOf(await releaseTestClock(tx), clock.now()) };
      const to = Temporal.Instant.from(body.now);
      return { status: 200, body: clockOf(await advanceTestClock(tx, to), to) };
    },
  });
}

function clockOf(
  tenant: { mode: 'live' | 'test'; test_clock_at: string | null },
  now: Temporal.Instant,
): z.infer<typeof TestClock> {
  return { now: now.toString(), mode: tenant.mode, test_clock_at: tenant.test_clock_at };
}
