import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api } from './client.ts';
import type { Api } from './schema.ts';

export const apiKeys = queryOptions({ queryKey: ['api-keys'], queryFn: () => api('GET /v1/api-keys', { query: { limit: 100 } }) });

/** The answer carries the whole key, this once. */
export const createApiKey = (body: Api['POST /v1/api-keys']['body']) => api('POST /v1/api-keys', { body });

export const revokeApiKey = (id: string) => api('DELETE /v1/api-keys/{id}', { params: { id } });

export const auditPages = infiniteQueryOptions({
  queryKey: ['audit'],
  queryFn: ({ pageParam }) => api('GET /v1/audit-entries', { query: { limit: 50, cursor: pageParam } }),
  initialPageParam: '',
  getNextPageParam: (page) => page.next_cursor,
});
