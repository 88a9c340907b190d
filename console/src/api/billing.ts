import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { request } from './client.ts';
import type { BillingRun, Explanation, Invoice, InvoiceStatus, InvoiceSummary, Page } from './types.ts';

export interface InvoiceFilter {
  org_id?: string;
  status?: InvoiceStatus;
}

export const invoicePages = (filter: InvoiceFilter) =>
  infiniteQueryOptions({
    queryKey: ['invoices', 'pages', filter],
    queryFn: ({ pageParam }) =>
      request<Page<InvoiceSummary>>('/v1/invoices', { query: { ...filter, limit: 50, cursor: pageParam } }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  });

/** Up to `pages` × 100 of the newest invoices in one list: what the overview adds up. */
export const recentInvoices = (filter: InvoiceFilter, pages: number) =>
  queryOptions({
    queryKey: ['invoices', 'recent', filter, pages],
    queryFn: async () => {
      const found: InvoiceSummary[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < pages; page += 1) {
        const answer: Page<InvoiceSummary> = await request('/v1/invoices', { query: { ...filter, limit: 100, cursor } });
        found.push(...answer.data);
        if (!answer.next_cursor) return { invoices: found, complete: true };
        cursor = answer.next_cursor;
      }
      return { invoices: found, complete: false };
    },
  });

export const invoiceById = (invoice_id: string) =>
  queryOptions({ queryKey: ['invoices', 'one', invoice_id], queryFn: () => request<Invoice>(`/v1/invoices/${invoice_id}`) });

/** An explanation never changes: the line it explains is immutable. */
export const explanationOf = (invoice_id: string, line_id: string) =>
  queryOptions({
    queryKey: ['invoices', 'one', invoice_id, 'explanation', line_id],
    queryFn: () => request<Explanation>(`/v1/invoices/${invoice_id}/lines/${line_id}/explanation`),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const voidInvoice = (invoice_id: string, body: { reason: string }) =>
  request<Invoice>(`/v1/invoices/${invoice_id}:void`, { method: 'POST', body });

export const markPaid = (invoice_id: string, body: { paid_at?: string; reference?: string }) =>
  request<Invoice>(`/v1/invoices/${invoice_id}:mark-paid`, { method: 'POST', body });

export const pdfAddress = (invoice_id: string) => `/v1/invoices/${invoice_id}.pdf`;
export const bundleAddress = (invoice_id: string) => `/v1/invoices/${invoice_id}/bundle`;

export const billingRuns = queryOptions({
  queryKey: ['runs'],
  queryFn: () => request<Page<BillingRun>>('/v1/billing/runs', { query: { limit: 50 } }),
});

/** One run, asked for again while it is at work. */
export const runById = (run_id: string) =>
  queryOptions({
    queryKey: ['runs', run_id],
    queryFn: () => request<BillingRun>(`/v1/billing/runs/${run_id}`),
    refetchInterval: ({ state }) => (state.data && state.data.status !== 'running' && state.data.status !== 'queued' ? false : 700),
  });

export const startRun = (body: { from: string; to: string; org_id?: string }) =>
  request<BillingRun>('/v1/billing/runs', { method: 'POST', body });
