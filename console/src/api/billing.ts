import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { type Answer, api } from './client.ts';
import type { Api } from './schema.ts';
import type { Explanation, InvoiceStatus, InvoiceSummary } from './types.ts';

export interface InvoiceFilter {
  org_id?: string;
  status?: InvoiceStatus;
}

export const invoicePages = (filter: InvoiceFilter) =>
  infiniteQueryOptions({
    queryKey: ['invoices', 'pages', filter],
    queryFn: ({ pageParam }) =>
      api('GET /v1/invoices', { query: { ...filter, limit: 50, cursor: pageParam } }),
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
        const answer: Answer<'GET /v1/invoices'> = await api('GET /v1/invoices', { query: { ...filter, limit: 100, cursor } });
        found.push(...answer.data);
        if (!answer.next_cursor) return { invoices: found, complete: true };
        cursor = answer.next_cursor;
      }
      return { invoices: found, complete: false };
    },
  });

export const invoiceById = (invoice_id: string) =>
  queryOptions({ queryKey: ['invoices', 'one', invoice_id], queryFn: () => api('GET /v1/invoices/{id}', { params: { id: invoice_id } }) });

const explanation = 'GET /v1/invoices/{id}/lines/{line_id}/explanation';

/** An explanation never changes: the line it explains is immutable. */
export const explanationOf = (invoice_id: string, line_id: string) =>
  queryOptions({
    queryKey: ['invoices', 'one', invoice_id, 'explanation', line_id],
    queryFn: () => api<typeof explanation, Explanation>(explanation, { params: { id: invoice_id, line_id } }),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const voidInvoice = (id: string, body: Api['POST /v1/invoices/{id}:void']['body']) =>
  api('POST /v1/invoices/{id}:void', { params: { id }, body });

export const markPaid = (id: string, body: Api['POST /v1/invoices/{id}:mark-paid']['body']) =>
  api('POST /v1/invoices/{id}:mark-paid', { params: { id }, body });

/** Where a document's files are. */
type Documents = 'invoices' | 'credit-notes';
export const pdfAddress = (kind: Documents, id: string) => `/v1/${kind}/${id}.pdf`;
export const bundleAddress = (kind: Documents, id: string) => `/v1/${kind}/${id}/bundle`;

/** The newest hundred credit notes of an invoice; under its key, so that whatever changes it asks for them again. */
export const creditNotesOf = (invoice_id: string) =>
  queryOptions({
    queryKey: ['invoices', 'one', invoice_id, 'credit-notes'],
    queryFn: () => api('GET /v1/credit-notes', { query: { invoice_id, limit: 100 } }),
  });

/** A credit note never changes. */
export const creditNoteById = (credit_note_id: string) =>
  queryOptions({
    queryKey: ['credit-notes', credit_note_id],
    queryFn: () => api('GET /v1/credit-notes/{id}', { params: { id: credit_note_id } }),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const issueCreditNote = (id: string, body: Api['POST /v1/invoices/{id}/credit-notes']['body']) =>
  api('POST /v1/invoices/{id}/credit-notes', { params: { id }, body });

export const billingRuns = queryOptions({
  queryKey: ['runs'],
  queryFn: () => api('GET /v1/billing/runs', { query: { limit: 50 } }),
});

/** One run, asked for again while it is at work. */
export const runById = (run_id: string) =>
  queryOptions({
    queryKey: ['runs', run_id],
    queryFn: () => api('GET /v1/billing/runs/{id}', { params: { id: run_id } }),
    refetchInterval: ({ state }) => (state.data && state.data.status !== 'running' && state.data.status !== 'queued' ? false : 700),
  });

export const startRun = (body: Api['POST /v1/billing/runs']['body']) => api('POST /v1/billing/runs', { body });
