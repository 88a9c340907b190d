import { z } from 'zod';
import { requireOrganization, requireVisible } from '../../foundation/tenancy/service.ts';
import type { Clock } from '../../platform/clock.ts';
import { decodeCursor, encodeCursor, toPage } from '../../platform/cursor.ts';
import { type Server, scopeOf } from '../../platform/http.ts';
import type { Postgres } from '../../platform/postgres.ts';
import { Id, Instant, LocalDate, PageQuery, Problem, Text } from '../../platform/schemas.ts';
import { requireDays } from './decide.ts';
import { errors } from './errors.ts';
import { BillingRun, BillingRunPage, Explanation, Invoice, InvoicePage, InvoiceStatus, Preview } from './model.ts';
import { creditNoteRoutes } from './routes/credit-notes.ts';
import { cycleRoutes } from './routes/cycles.ts';
import { bundleDownload, pdfDownload } from './routes/downloads.ts';
import { bundleOf } from './service/bundle.ts';
import { explainLine } from './service/explain.ts';
import { invoiceById, listInvoices, markPaid, markUncollectible, voidInvoice } from './service/invoices.ts';
import { renderInvoice } from './service/pdf.ts';
import { previewOf } from './service/preview.ts';
import { requestRun } from './service/run.ts';
import { type RunRow, selectDocuments, selectRun, selectRuns } from './sql.ts';

const tags = ['Invoices'];
const runs = ['Billing runs'];
const params = z.object({ id: Id });
const Bound = z.union([LocalDate, Instant]).meta({ description: 'a local date, or a local midnight in RFC 3339' });

export function routes(server: Server, deps: { postgres: Postgres; clock: Clock }): void {
  server.command({
    method: 'POST',
    url: '/v1/billing/runs',
    scope: 'billing:write',
    summary: 'Close and bill a period',
    tags: runs,
    body: z.strictObject({ from: Bound, to: Bound, org_id: Id.optional() }),
    response: { 202: BillingRun },
    handle: async (tx, { body }) => {
      if (body.org_id !== undefined) await requireOrganization(tx, body.org_id);
      return { status: 202, body: toRun(await requestRun(tx, body)) };
    },
  });
  server.raw.route({
    method: 'POST',
    url: '/v1/billing/previews',
    schema: {
      summary: 'What a run would bill an organization, with nothing put on record',
      tags: runs,
      security: [{ bearer: [] }],
      querystring: z.strictObject({}),
      body: z.strictObject({ org_id: Id, from: LocalDate, to: LocalDate }),
      response: { 200: Preview, '4xx': Problem, '5xx': Problem },
    },
    config: { scope: 'billing:read' },
    onRequest: server.authorize('billing:read'),
    handler: async (request, reply) => {
      const body = request.body as { org_id: string; from: string; to: string };
      const scope = scopeOf(request);
      await deps.postgres.read(scope, async (db) => {
        const { org_ids } = request.principal!;
        requireVisible(org_ids, body.org_id);
        await requireOrganization(db, body.org_id);
      });
      requireDays(Temporal.PlainDate.from(body.from), Temporal.PlainDate.from(body.to));
      return reply.send(await previewOf(deps.postgres, scope, body));
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/billing/runs',
    scope: 'billing:read',
    summary: 'Billing runs, newest first',
    tags: runs,
    querystring: z.strictObject({ ...PageQuery }),
    response: { 200: BillingRunPage },
    handle: async (db, { query }) => {
      const sort = 'billing_runs.run_id';
      const [before = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
      const rows = await selectRuns(db, { limit: query.limit, before });
      const { data, next_cursor } = toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.run_id]));
      return { status: 200, body: { data: data.map(toRun), next_cursor } };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/billing/runs/{id}',
    scope: 'billing:read',
    summary: 'A billing run with its progress',
    tags: runs,
    params,
    response: { 200: BillingRun },
    handle: async (db, { params }) => {
      const run = await selectRun(db, params.id);
      if (!run) throw errors.run_unknown({ detail: `There is no billing run ${params.id}.` });
      return { status: 200, body: toRun(run) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/invoices',
    scope: 'invoices:read',
    summary: 'Invoices, newest number first',
    tags,
    querystring: z.strictObject({ ...PageQuery, org_id: Id.optional(), status: InvoiceStatus.optional(), run_id: Id.optional() }),
    response: { 200: InvoicePage },
    handle: async (db, { query, principal }) => ({
      status: 200,
      body: await listInvoices(db, { ...query, org_ids: principal.org_ids }),
    }),
  });
  server.query({
    method: 'GET',
    url: '/v1/invoices/{id}',
    scope: 'invoices:read',
    summary: 'An invoice with its lines',
    tags,
    params,
    response: { 200: Invoice },
    handle: async (db, { params, principal }) => ({ status: 200, body: await invoiceById(db, params.id, principal.org_ids) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/invoices/{id}/lines/{line_id}/explanation',
    scope: 'invoices:read',
    summary: 'How a line came to its amount',
    tags,
    params: z.object({ id: Id, line_id: Id }),
    response: { 200: Explanation },
    handle: async (db, { params, principal }) => ({
      status: 200,
      body: await explainLine(db, params.id, params.line_id, principal.org_ids),
    }),
  });
  server.command({
    method: 'POST',
    url: '/v1/invoices/{id}:void',
    scope: 'invoices:write',
    summary: 'Take an open invoice back',
    tags,
    params,
    body: z.strictObject({ reason: Text(500) }),
    response: { 200: Invoice },
    handle: async (tx, { params, body }) => ({ status: 200, body: await voidInvoice(tx, params.id, body.reason) }),
  });
  server.command({
    method: 'POST',
    url: '/v1/invoices/{id}:mark-paid',
    scope: 'invoices:write',
    summary: 'Record a payment that came by hand',
    tags,
    params,
    body: z.strictObject({ paid_at: Instant.optional(), reference: Text(200).optional() }),
    response: { 200: Invoice },
    handle: async (tx, { params, body }) => ({ status: 200, body: await markPaid(tx, params.id, body) }),
  });
  server.command({
    method: 'POST',
    url: '/v1/invoices/{id}:mark-uncollectible',
    scope: 'invoices:write',
    summary: 'Expect nobody to pay an open invoice any more; it can be paid or voided after all',
    tags,
    params,
    body: z.strictObject({ reason: Text(500).optional() }),
    response: { 200: Invoice },
    handle: async (tx, { params, body }) => ({
      status: 200,
      body: await markUncollectible(tx, params.id, body.reason ?? null),
    }),
  });
  pdfDownload(server, deps, {
    url: '/v1/invoices/{id}.pdf',
    summary: 'The invoice as PDF',
    tags,
    read: async (db, id, org_ids) => {
      const invoice = await invoiceById(db, id, org_ids);
      return { number: invoice.number, invoice, document: (await selectDocuments(db, [id])).get(id)! };
    },
    render: ({ invoice, document }) => renderInvoice(invoice, document),
  });
  bundleDownload(server, deps, {
    url: '/v1/invoices/{id}/bundle',
    summary: 'All that is needed to verify the invoice offline',
    tags,
    read: bundleOf,
    numberOf: (bundle) => bundle.invoice.number,
  });
  creditNoteRoutes(server, deps);
  cycleRoutes(server);
}

function toRun(row: RunRow): BillingRun {
  return {
    run_id: row.run_id,
    from: row.from_date,
    to: row.to_date,
    org_id: row.org_id,
    status: row.status,
    progress: { total: row.total, done: row.done },
    invoices: row.invoices,
    already_billed: row.already_billed,
    errors: row.errors,
    created_at: row.created_at,
    finished_at: row.finished_at,
  };
}
