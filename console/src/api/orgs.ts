import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { request } from './client.ts';
import type { AssignmentResult, Entitlement, Meter, Occupancy, Organization, Page, Site } from './types.ts';

export interface NewOrganization {
  legal_name: string;
  org_slug: string;
  billing_email: string;
  default_timezone: string;
  currency?: string;
  parent_org_id?: string;
}

/** One page of organizations that match `q`, for pickers. */
export const orgSearch = (q: string) =>
  queryOptions({
    queryKey: ['orgs', 'search', q],
    queryFn: () => request<Page<Organization>>('/v1/orgs', { query: { limit: 50, q } }),
    staleTime: 30_000,
  });

export const orgPages = (q: string) =>
  infiniteQueryOptions({
    queryKey: ['orgs', 'pages', q],
    queryFn: ({ pageParam }) => request<Page<Organization>>('/v1/orgs', { query: { limit: 100, cursor: pageParam, q } }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  });

export const orgById = (org_id: string) =>
  queryOptions({ queryKey: ['orgs', 'one', org_id], queryFn: () => request<Organization>(`/v1/orgs/${org_id}`), staleTime: 60_000 });

export const entitlementsOf = (org_id: string) =>
  queryOptions({
    queryKey: ['orgs', 'entitlements', org_id],
    queryFn: () => request<Page<Entitlement>>(`/v1/orgs/${org_id}/entitlements`),
  });

export const sitesOf = (org_id: string) =>
  queryOptions({
    queryKey: ['sites', org_id],
    queryFn: () => request<Page<Site>>('/v1/sites', { query: { org_id, limit: 100 } }),
  });

export const metersOf = (site_id: string) =>
  queryOptions({
    queryKey: ['meters', site_id],
    queryFn: () => request<Page<Meter>>('/v1/meters', { query: { site_id, limit: 100 } }),
  });

export const occupanciesOf = (site_id: string) =>
  queryOptions({
    queryKey: ['occupancies', site_id],
    queryFn: () => request<Page<Occupancy>>(`/v1/sites/${site_id}/occupancies`),
  });

export const createOrganization = (body: NewOrganization) => request<Organization>('/v1/orgs', { method: 'POST', body });

export interface Assignment {
  model_id: string;
  plan_id: string;
  effective_at: string;
}

/** Moves an organization to a plan; with `preview` only says what that would do to its prices. */
export const assignPlan = (org_id: string, body: Assignment, preview: boolean) =>
  request<AssignmentResult>(`/v1/orgs/${org_id}/business-model`, { method: 'PUT', query: { preview: String(preview) }, body });
