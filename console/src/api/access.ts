import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { request } from './client.ts';
import type { ApiKey, AuditEntry, Page } from './types.ts';

export const apiKeys = queryOptions({
  queryKey: ['api-keys'],
  queryFn: () => request<Page<ApiKey>>('/v1/api-keys', { query: { limit: 100 } }),
});

/** The answer carries the whole key, this once. */
export const createApiKey = (body: { name: string; scopes: string[] }) =>
  request<ApiKey & { key: string }>('/v1/api-keys', { method: 'POST', body });

export const revokeApiKey = (api_key_id: string) => request<void>(`/v1/api-keys/${api_key_id}`, { method: 'DELETE' });

export const auditPages = infiniteQueryOptions({
  queryKey: ['audit'],
  queryFn: ({ pageParam }) => request<Page<AuditEntry>>('/v1/audit-entries', { query: { limit: 50, cursor: pageParam } }),
  initialPageParam: '',
  getNextPageParam: (page) => page.next_cursor,
});
