import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api } from './client.ts';
import type { Api } from './schema.ts';
import type { InboundStatus } from './types.ts';

export type NewInboundEndpoint = Api['POST /v1/inbound-endpoints']['body'];

export interface InboundFilter {
  endpoint_id?: string | undefined;
  status?: InboundStatus | undefined;
}

export const inboundEndpointPages = infiniteQueryOptions({
  queryKey: ['inbound', 'endpoints'],
  queryFn: ({ pageParam }) => api('GET /v1/inbound-endpoints', { query: { limit: 50, cursor: pageParam } }),
  initialPageParam: '',
  getNextPageParam: (page) => page.next_cursor,
});

export const inboundEndpointById = (id: string) =>
  queryOptions({
    queryKey: ['inbound', 'endpoints', id],
    queryFn: () => api('GET /v1/inbound-endpoints/{id}', { params: { id } }),
  });

/** Newest first; asked for again while one of them is not processed yet. */
export const inboundMessagePages = (filter: InboundFilter) =>
  infiniteQueryOptions({
    queryKey: ['inbound', 'messages', filter],
    queryFn: ({ pageParam }) => api('GET /v1/inbound-webhooks', { query: { ...filter, limit: 50, cursor: pageParam } }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.data.some((one) => one.status === 'received')) ? 2000 : false,
  });

export const inboundMessageById = (id: string) =>
  queryOptions({
    queryKey: ['inbound', 'message', id],
    queryFn: () => api('GET /v1/inbound-webhooks/{id}', { params: { id } }),
  });

/** The answer carries the secret, this once. */
export const createInboundEndpoint = (body: NewInboundEndpoint) => api('POST /v1/inbound-endpoints', { body });
export const changeInboundEndpoint = (id: string, body: Api['PATCH /v1/inbound-endpoints/{id}']['body']) =>
  api('PATCH /v1/inbound-endpoints/{id}', { params: { id }, body });
export const revokeInboundEndpoint = (id: string) => api('DELETE /v1/inbound-endpoints/{id}', { params: { id } });
/** The answer carries the new secret, this once. */
export const rotateInboundSecret = (id: string, keep_hours: number) =>
  api('POST /v1/inbound-endpoints/{id}:rotate-secret', { params: { id }, body: { keep_hours } });
export const reprocessInbound = (id: string) => api('POST /v1/inbound-webhooks/{id}:reprocess', { params: { id } });

/** Where others send messages for an endpoint to. */
export const inboundAddress = (endpoint_id: string) => `${location.origin}/v1/webhooks/in/${endpoint_id}`;
