import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api } from './client.ts';
import type { Api } from './schema.ts';
import type { DraftDifferences, PriceDraft } from './types.ts';

export const priceDrafts = queryOptions({
  queryKey: ['drafts'],
  queryFn: () => api<'GET /v1/pricing/drafts', { data: PriceDraft[] }>('GET /v1/pricing/drafts', { query: { limit: 100 } }),
});

export const draftById = (draft_id: string) =>
  queryOptions({
    queryKey: ['drafts', draft_id],
    queryFn: () => api<'GET /v1/pricing/drafts/{draft_id}', PriceDraft>('GET /v1/pricing/drafts/{draft_id}', { params: { draft_id } }),
  });

const differences = 'GET /v1/pricing/drafts/{draft_id}/differences';
export const draftDifferences = (draft_id: string) =>
  queryOptions({
    queryKey: ['drafts', draft_id, 'differences'],
    queryFn: () => api<typeof differences, DraftDifferences>(differences, { params: { draft_id } }),
  });

/** What publishing needs; the newest backtest may be a moment old. */
export const publicationOf = (draft_id: string) =>
  queryOptions({
    queryKey: ['drafts', draft_id, 'publication'],
    queryFn: () => api('GET /v1/pricing/drafts/{draft_id}/publication', { params: { draft_id } }),
  });

export const createDraft = (body: Api['POST /v1/pricing/drafts']['body']) => api('POST /v1/pricing/drafts', { body });

export const changeDraft = (draft_id: string, body: Api['PATCH /v1/pricing/drafts/{draft_id}']['body']) =>
  api('PATCH /v1/pricing/drafts/{draft_id}', { params: { draft_id }, body });

export const publishDraft = (draft_id: string) => api('POST /v1/pricing/drafts/{draft_id}:publish', { params: { draft_id }, body: {} });

export const discardDraft = (draft_id: string) => api('POST /v1/pricing/drafts/{draft_id}:discard', { params: { draft_id } });

export const publishPolicy = (plan_id: string) =>
  queryOptions({
    queryKey: ['plans', plan_id, 'publish-policy'],
    queryFn: () => api('GET /v1/plans/{plan_id}/publish-policy', { params: { plan_id } }),
  });

export const putPublishPolicy = (plan_id: string, body: Api['PUT /v1/plans/{plan_id}/publish-policy']['body']) =>
  api('PUT /v1/plans/{plan_id}/publish-policy', { params: { plan_id }, body });

/** Asked for again while one of them is at work. */
export const backtests = (draft_id?: string) =>
  queryOptions({
    queryKey: ['backtests', 'of', draft_id ?? 'all'],
    queryFn: () => api('GET /v1/pricing/backtests', { query: { limit: 50, draft_id } }),
    refetchInterval: ({ state }) => (state.data?.data.some((one) => one.finished_at === null) ? 1500 : false),
  });

export const backtestById = (backtest_id: string) =>
  queryOptions({
    queryKey: ['backtests', backtest_id],
    queryFn: () => api('GET /v1/pricing/backtests/{id}', { params: { id: backtest_id } }),
    refetchInterval: ({ state }) => (state.data && state.data.finished_at !== null ? false : 700),
  });

type Organizations = Api['GET /v1/pricing/backtests/{id}/organizations'];
export type BacktestSort = NonNullable<Organizations['query']['sort']>;

export const backtestOrganizations = (backtest_id: string, sort: BacktestSort) =>
  infiniteQueryOptions({
    queryKey: ['backtests', backtest_id, 'organizations', sort],
    queryFn: ({ pageParam }) =>
      api('GET /v1/pricing/backtests/{id}/organizations', { params: { id: backtest_id }, query: { sort, limit: 25, cursor: pageParam } }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  });

export const startBacktest = (body: Api['POST /v1/pricing/backtests']['body']) => api('POST /v1/pricing/backtests', { body });

export const cancelBacktest = (id: string) => api('POST /v1/pricing/backtests/{id}:cancel', { params: { id } });

export const backtestCsv = (id: string) => `/v1/pricing/backtests/${id}/organizations.csv`;
