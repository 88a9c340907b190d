import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api } from './client.ts';
import type { Api } from './schema.ts';
import type { DeliveryStatus } from './types.ts';

export type NewWebhook = Api['POST /v1/webhooks']['body'];
export type WebhookChanges = Api['PATCH /v1/webhooks/{id}']['body'];
export type ReplayCriteria = Api['POST /v1/webhooks/{id}:replay']['body'];

export interface DeliveryFilter {
  status?: DeliveryStatus | undefined;
  event_type?: string | undefined;
  event_id?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

export const webhookPages = (filter: { org_id?: string | undefined; status?: 'enabled' | 'disabled' | undefined }) =>
  infiniteQueryOptions({
    queryKey: ['webhooks', 'pages', filter],
    queryFn: ({ pageParam }) => api('GET /v1/webhooks', { query: { ...filter, limit: 100, cursor: pageParam } }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  });

/** Asked for again while deliveries to it are on their way. */
export const webhookById = (id: string) =>
  queryOptions({
    queryKey: ['webhooks', 'one', id],
    queryFn: () => api('GET /v1/webhooks/{id}', { params: { id } }),
    refetchInterval: ({ state }) => (state.data && state.data.health.pending > 0 ? 2000 : false),
  });

/** The types of events that whoever is signed in may subscribe an endpoint to. */
export const eventTypes = queryOptions({
  queryKey: ['webhooks', 'event-types'],
  queryFn: async () => (await api('GET /v1/webhook-event-types', {})).event_types,
  staleTime: 300_000,
});

/** Newest first; asked for again while one of them is on its way. */
export const deliveryPages = (id: string, filter: DeliveryFilter) =>
  infiniteQueryOptions({
    queryKey: ['webhooks', 'one', id, 'deliveries', filter],
    queryFn: ({ pageParam }) =>
      api('GET /v1/webhooks/{id}/deliveries', { params: { id }, query: { ...filter, limit: 25, cursor: pageParam } }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.data.some((one) => one.status === 'pending')) ? 2000 : false,
  });

export const deliveryById = (id: string, delivery_id: string) =>
  queryOptions({
    queryKey: ['webhooks', 'one', id, 'delivery', delivery_id],
    queryFn: () => api('GET /v1/webhooks/{id}/deliveries/{delivery_id}', { params: { id, delivery_id } }),
  });

/** Every attempt: the longest schedule has fewer than a page holds. */
export const attemptsOf = (id: string, delivery_id: string) =>
  queryOptions({
    queryKey: ['webhooks', 'one', id, 'delivery', delivery_id, 'attempts'],
    queryFn: () =>
      api('GET /v1/webhooks/{id}/deliveries/{delivery_id}/attempts', { params: { id, delivery_id }, query: { limit: 100 } }),
  });

export const deadLetterPages = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['webhooks', 'one', id, 'dead-letters'],
    queryFn: ({ pageParam }) =>
      api('GET /v1/webhooks/{id}/dead-letters', { params: { id }, query: { limit: 50, cursor: pageParam } }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  });

/** A replay of deliveries, asked for again while it makes them. */
export const webhookReplay = (id: string, replay_id: string) =>
  queryOptions({
    queryKey: ['webhooks', 'one', id, 'replays', replay_id],
    queryFn: () => api('GET /v1/webhooks/{id}/replays/{replay_id}', { params: { id, replay_id } }),
    refetchInterval: ({ state }) => (state.data?.status === 'completed' ? false : 700),
  });

/** The answer carries the secret, this once. */
export const createWebhook = (body: NewWebhook) => api('POST /v1/webhooks', { body });
export const changeWebhook = (id: string, body: WebhookChanges) => api('PATCH /v1/webhooks/{id}', { params: { id }, body });
export const deleteWebhook = (id: string) => api('DELETE /v1/webhooks/{id}', { params: { id } });
export const enableWebhook = (id: string) => api('POST /v1/webhooks/{id}:enable', { params: { id } });
export const disableWebhook = (id: string) => api('POST /v1/webhooks/{id}:disable', { params: { id } });
export const testWebhook = (id: string) => api('POST /v1/webhooks/{id}:test', { params: { id } });

/** The answer carries the new secret, this once. */
export const rotateWebhookSecret = (id: string, keep_hours: number) =>
  api('POST /v1/webhooks/{id}:rotate-secret', { params: { id }, body: { keep_hours } });

export const replayDelivery = (id: string, delivery_id: string) =>
  api('POST /v1/webhooks/{id}/deliveries/{delivery_id}:replay', { params: { id, delivery_id } });
export const replayDeliveries = (id: string, body: ReplayCriteria) => api('POST /v1/webhooks/{id}:replay', { params: { id }, body });
