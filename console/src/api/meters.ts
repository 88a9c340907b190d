import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, upload } from './client.ts';
import type { Api } from './schema.ts';
import type { Review } from './types.ts';

export type NewReading = Extract<Api['POST /v1/metering/readings']['body'], { meter_id: string }>;
export type Replacement = Api['POST /v1/meters/{id}:replace']['body'];

/** A range of moments, and the register that is looked at. */
export interface Stretch {
  register: string;
  from: string;
  to: string;
}

export const meterPages = (search: string) =>
  infiniteQueryOptions({
    queryKey: ['meters', 'pages', search],
    queryFn: ({ pageParam }) => api('GET /v1/meters', { query: { limit: 50, cursor: pageParam, search } }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
  });

export const meterById = (id: string) =>
  queryOptions({ queryKey: ['meters', 'one', id], queryFn: () => api('GET /v1/meters/{id}', { params: { id } }) });

export const siteById = (id: string) =>
  queryOptions({ queryKey: ['sites', 'one', id], queryFn: () => api('GET /v1/sites/{id}', { params: { id } }), staleTime: 60_000 });

export const readingPages = (meter_id: string, register: string) =>
  infiniteQueryOptions({
    queryKey: ['readings', meter_id, register],
    queryFn: ({ pageParam }) => api('GET /v1/metering/readings', { query: { meter_id, register, limit: 50, cursor: pageParam } }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  });

/** The reading of a register that was taken last and counts. */
export const lastReading = (meter_id: string, register: string) =>
  queryOptions({
    queryKey: ['readings', meter_id, register, 'last'],
    queryFn: async () => {
      const query = { meter_id, register, state: 'counted', limit: 1 } as const;
      return (await api('GET /v1/metering/readings', { query })).data[0] ?? null;
    },
  });

export const consumption = (id: string, stretch: Stretch) =>
  queryOptions({
    queryKey: ['readings', id, stretch.register, 'consumption', stretch],
    queryFn: () => api('GET /v1/meters/{id}/consumption', { params: { id }, query: { ...stretch } }),
    placeholderData: (before) => before,
  });

export const gaps = (id: string, stretch: Stretch) =>
  queryOptions({
    queryKey: ['readings', id, stretch.register, 'gaps', stretch],
    queryFn: () => api('GET /v1/meters/{id}/gaps', { params: { id }, query: { ...stretch } }),
  });

export const reviewPages = (status: Review['status']) =>
  infiniteQueryOptions({
    queryKey: ['reviews', status],
    queryFn: ({ pageParam }) => api('GET /v1/metering/reviews', { query: { status, limit: 50, cursor: pageParam } }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  });

export async function enterReading(reading: NewReading, photo: File | null) {
  const photo_id = photo === null ? undefined : (await keepPhoto(photo)).photo_id;
  const { data } = await api('POST /v1/metering/readings', { body: photo_id === undefined ? reading : { ...reading, photo_id } });
  return data[0]!;
}

export const replaceMeter = (id: string, body: Replacement) => api('POST /v1/meters/{id}:replace', { params: { id }, body });

export const estimateGap = (id: string, stretch: Stretch) =>
  api('POST /v1/meters/{id}/gaps:estimate', { params: { id }, body: { ...stretch } });

export const acceptReview = (id: string) => api('POST /v1/metering/reviews/{id}:accept', { params: { id } });
export const correctReview = (id: string, value: string) =>
  api('POST /v1/metering/reviews/{id}:correct', { params: { id }, body: { value } });
export const rejectReview = (id: string, reason: string) =>
  api('POST /v1/metering/reviews/{id}:reject', { params: { id }, body: { reason } });

export const photoAddress = (photo_id: string) => `/v1/metering/photos/${photo_id}`;

function keepPhoto(photo: File) {
  const form = new FormData();
  form.set('file', photo);
  return upload('POST /v1/metering/photos', form);
}
