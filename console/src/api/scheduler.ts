import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api } from './client.ts';
import type { Api } from './schema.ts';
import type { BillingCycle } from './types.ts';

export type NewBillingSettings = Api['PUT /v1/billing/settings']['body'];

export const billingSettings = queryOptions({
  queryKey: ['cycles', 'settings'],
  queryFn: () => api('GET /v1/billing/settings', {}),
});

/** Newest first; asked for again while one of them is billed. */
export const cyclePages = (org_id: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ['cycles', 'closed', org_id],
    queryFn: ({ pageParam }) => api('GET /v1/billing/cycles', { query: { org_id, limit: 25, cursor: pageParam } }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: ({ state }) => (state.data?.pages.some((page) => page.data.some(isBeingBilled)) ? 2000 : false),
  });

/** Soonest first. */
export const upcomingPages = (org_id: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ['cycles', 'upcoming', org_id],
    queryFn: ({ pageParam }) => api('GET /v1/billing/cycles/upcoming', { query: { org_id, limit: 25, cursor: pageParam } }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  });

export const schedules = queryOptions({
  queryKey: ['scheduler', 'schedules'],
  queryFn: () => api('GET /v1/scheduler/schedules', {}),
});

export const scheduleRunPages = (name: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ['scheduler', 'runs', name],
    queryFn: ({ pageParam }) => api('GET /v1/scheduler/runs', { query: { name, limit: 25, cursor: pageParam } }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  });

export const changeBillingSettings = (body: NewBillingSettings) => api('PUT /v1/billing/settings', { body });
export const retryCycle = (id: string) => api('POST /v1/billing/cycles/{id}:retry', { params: { id } });

/** Whether a closed cycle's invoices are still being made. */
export const isBeingBilled = (cycle: BillingCycle): boolean =>
  cycle.refusal === null && (cycle.run === null || cycle.run.status === 'queued' || cycle.run.status === 'running');
