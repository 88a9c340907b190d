import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, upload } from './client.ts';
import type { ImportJob } from './types.ts';

export interface UsageQuery {
  org_id?: string;
  sku?: string;
  from: string;
  to: string;
  window: 'day' | 'month';
  group_by?: 'sku';
}

export const usage = (query: UsageQuery) =>
  queryOptions({
    queryKey: ['usage', query],
    queryFn: () => api('GET /v1/metering/usage', { query: { ...query } }),
    placeholderData: (before) => before,
  });

export const imports = (limit: number) =>
  queryOptions({
    queryKey: ['imports', limit],
    queryFn: () => api('GET /v1/metering/imports', { query: { limit } }),
  });

export const importPages = infiniteQueryOptions({
  queryKey: ['imports', 'pages'],
  queryFn: ({ pageParam }) => api('GET /v1/metering/imports', { query: { limit: 50, cursor: pageParam } }),
  initialPageParam: '',
  getNextPageParam: (page) => page.next_cursor,
});

/** One import, asked for again while it is at work. */
export const importById = (import_id: string) =>
  queryOptions({
    queryKey: ['imports', 'one', import_id],
    queryFn: () => api('GET /v1/metering/imports/{id}', { params: { id: import_id } }),
    refetchInterval: ({ state }) => (state.data && !atWork(state.data) ? false : 600),
  });

export const csvMappings = queryOptions({
  queryKey: ['csv-mappings'],
  queryFn: () => api('GET /v1/metering/csv-mappings', { query: { limit: 100 } }),
});

export const atWork = (job: Pick<ImportJob, 'status'>) => job.status === 'queued' || job.status === 'running';

export interface NewImport {
  file: File;
  org: string;
  format: 'auto' | 'csv' | 'nem12' | 'nem13' | 'greenbutton' | 'mscons';
  on_error: 'reject' | 'keep_good';
  /** What consumption of a meter that is new counts as; "" leaves it to the server. */
  sku: string;
  /** The saved mapping of a CSV file's columns; "" where the header says what they are. */
  mapping: string;
  /** Makes the sites, meters and SKUs that the file names and nobody has made yet. */
  create_missing: boolean;
}

export function startImport(input: NewImport, onProgress: (sent: number, total: number) => void): Promise<ImportJob> {
  const form = new FormData();
  // Fields before the file: the server reads the form as a stream and wants to know what to do with the file when it comes.
  form.set('org', input.org);
  form.set('format', input.format);
  form.set('on_error', input.on_error);
  if (input.sku) form.set('sku', input.sku);
  if (input.mapping && (input.format === 'auto' || input.format === 'csv')) form.set('mapping', input.mapping);
  form.set('create_missing', String(input.create_missing));
  form.set('file', input.file);
  return upload('POST /v1/metering/imports', form, onProgress);
}
