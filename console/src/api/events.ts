import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api } from './client.ts';
import type { Api } from './schema.ts';
import type { EventStatus } from './types.ts';

export interface EventFilter {
  type?: string | undefined;
  aggregate_id?: string | undefined;
  correlation_id?: string | undefined;
  status?: EventStatus | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

export const eventPages = (filter: EventFilter) =>
  infiniteQueryOptions({
    queryKey: ['events', 'pages', filter],
    queryFn: ({ pageParam }) => api('GET /v1/events', { query: { ...filter, limit: 50, cursor: pageParam } }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
  });

/** Asked for again while reactions to it are still to come. */
export const eventById = (event_id: string) =>
  queryOptions({
    queryKey: ['events', 'one', event_id],
    queryFn: () => api('GET /v1/events/{event_id}', { params: { event_id } }),
    refetchInterval: ({ state }) =>
      state.data?.status === 'pending' || state.data?.status === 'published' ? 1500 : false,
  });

/** Everything of the event's correlation, oldest first; the first thousand. */
export const eventTree = (event_id: string) =>
  queryOptions({
    queryKey: ['events', 'tree', event_id],
    queryFn: () => api('GET /v1/events/{event_id}/tree', { params: { event_id } }),
    refetchInterval: ({ state }) =>
      state.data?.data.some((one) => one.status === 'pending' || one.status === 'published') ? 1500 : false,
  });

export const redispatchEvent = (event_id: string) => api('POST /v1/events/{event_id}:redispatch', { params: { event_id } });

/** At most a thousand at a time; the answer says whether there are more. */
export const redispatchEvents = (body: Api['POST /v1/events:redispatch']['body']) => api('POST /v1/events:redispatch', { body });
