import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api } from './client.ts';
import type { Api } from './schema.ts';
import type { AssignmentResult } from './types.ts';

export type NewOrganization = Api['POST /v1/orgs']['body'];
export type Assignment = Api['PUT /v1/orgs/{id}/business-model']['body'];

/** One page of organizations that match `q`, for pickers. */
export const orgSearch = (q: string) =>
  queryOptions({
    queryKey: ['orgs', 'search', q],
    queryFn: () => api('GET /v1/orgs', { query: { limit: 50, q } }),
    staleTime: 30_000,
  });

export const orgPages = (q: string) =>
  infiniteQueryOptions({
    queryKey: ['orgs', 'pages', q],
    queryFn: ({ pageParam }) => api('GET /v1/orgs', { query: { limit: 100, cursor: pageParam, q } }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  });

export const orgById = (id: string) =>
  queryOptions({ queryKey: ['orgs', 'one', id], queryFn: () => api('GET /v1/orgs/{id}', { params: { id } }), staleTime: 60_000 });

export const entitlementsOf = (id: string) =>
  queryOptions({
    queryKey: ['orgs', 'entitlements', id],
    queryFn: () => api('GET /v1/orgs/{id}/entitlements', { params: { id } }),
  });

export const sitesOf = (org_id: string) =>
  queryOptions({ queryKey: ['sites', org_id], queryFn: () => api('GET /v1/sites', { query: { org_id, limit: 100 } }) });

export const metersOf = (site_id: string) =>
  queryOptions({ queryKey: ['meters', site_id], queryFn: () => api('GET /v1/meters', { query: { site_id, limit: 100 } }) });

export const occupanciesOf = (id: string) =>
  queryOptions({ queryKey: ['occupancies', id], queryFn: () => api('GET /v1/sites/{id}/occupancies', { params: { id } }) });

export const createOrganization = (body: NewOrganization) => api('POST /v1/orgs', { body });

/** Moves an organization to a plan; with `preview` only says what that would do to its prices. */
export const assignPlan = (id: string, body: Assignment, preview: boolean) =>
  api<'PUT /v1/orgs/{id}/business-model', AssignmentResult>('PUT /v1/orgs/{id}/business-model', {
    params: { id },
    query: { preview: preview ? 'true' : 'false' },
    body,
  });
