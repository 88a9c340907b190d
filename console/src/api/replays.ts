import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api } from './client.ts';
import type { Api } from './schema.ts';
import type { ReplayJob, Verification } from './types.ts';

export type NewReplay = Api['POST /v1/replays']['body'];
export type ReplayControl = 'pause' | 'resume' | 'cancel';

/** Newest first; asked for again while one of them is at work. */
export const replayPages = infiniteQueryOptions({
  queryKey: ['replays', 'pages'],
  queryFn: ({ pageParam }) => api('GET /v1/replays', { query: { limit: 25, cursor: pageParam } }),
  initialPageParam: '',
  getNextPageParam: (page) => page.next_cursor,
  refetchInterval: ({ state }) => (state.data?.pages.some((page) => page.data.some(isAtWork)) ? 2000 : false),
});

export const replayById = (id: string) =>
  queryOptions({
    queryKey: ['replays', 'one', id],
    queryFn: () => api('GET /v1/replays/{id}', { params: { id } }),
    refetchInterval: ({ state }) => (state.data && !isAtWork(state.data) ? false : 1000),
  });

/** With `dry_run` the answer says what would happen, and nothing does. */
export const createReplay = (body: NewReplay) => api('POST /v1/replays', { body });

export const controlReplay = (id: string, control: ReplayControl) =>
  api(`POST /v1/replays/{id}:${control}`, { params: { id } });

export const verificationPages = infiniteQueryOptions({
  queryKey: ['verifications', 'pages'],
  queryFn: ({ pageParam }) => api('GET /v1/replays/verifications', { query: { limit: 25, cursor: pageParam } }),
  initialPageParam: '',
  getNextPageParam: (page) => page.next_cursor,
  refetchInterval: ({ state }) => (state.data?.pages.some((page) => page.data.some(isAtWork)) ? 2000 : false),
});

export const verificationById = (id: string) =>
  queryOptions({
    queryKey: ['verifications', 'one', id],
    queryFn: () => api('GET /v1/replays/verifications/{id}', { params: { id } }),
    refetchInterval: ({ state }) => (state.data && !isAtWork(state.data) ? false : 1000),
  });

export const differencePages = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['verifications', 'one', id, 'differences'],
    queryFn: ({ pageParam }) =>
      api('GET /v1/replays/verifications/{id}/differences', { params: { id }, query: { limit: 50, cursor: pageParam } }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  });

export const startVerification = (body: Api['POST /v1/replays/verifications']['body']) =>
  api('POST /v1/replays/verifications', { body });

/** Whether it goes on by itself. */
export const isAtWork = ({ status }: Pick<ReplayJob | Verification, 'status'>): boolean =>
  status === 'queued' || status === 'running';
