import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import { z } from 'zod';
import { draftAnswer, PriceDraftAnswer } from '../../../offer/catalog/model.ts';
import { requireScope, type Server, scopeOf, toFastifyUrl } from '../../../platform/http.ts';
import type { Postgres, Scope } from '../../../platform/postgres.ts';
import { Id, PageQuery } from '../../../platform/schemas.ts';
import {
  Backtest,
  type BacktestOrganization,
  BacktestOrganizationPage,
  BacktestPage,
  NewBacktest,
  ORGANIZATION_SORTS,
  Publication,
  PublicationCheck,
} from '../model/backtests.ts';
import { backtestById, cancelBacktest, listBacktests, listOrganizations, requestBacktest } from '../service/backtests.ts';
import { checkPublication, publishDraft } from '../service/publication.ts';

const tags = ['Backtests'];
const params = z.object({ id: Id });

export function backtestRoutes(server: Server, deps: { postgres: Postgres }): void {
  server.command({
    method: 'POST',
    url: '/v1/pricing/backtests',
    scope: 'billing:write',
    summary: 'Try a change of prices on months of real usage',
    tags,
    body: NewBacktest,
    response: { 202: Backtest },
    handle: async (tx, { body }) => ({ status: 202, body: await requestBacktest(tx, body) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/pricing/backtests',
    scope: 'billing:read',
    summary: 'Backtests, newest first',
    tags,
    querystring: z.strictObject({ ...PageQuery, plan_id: Id.optional(), draft_id: Id.optional() }),
    response: { 200: BacktestPage },
    handle: async (db, { query }) => ({ status: 200, body: await listBacktests(db, query) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/pricing/backtests/{id}',
    scope: 'billing:read',
    summary: 'A backtest with its progress, and its summary when it is completed',
    tags,
    params,
    response: { 200: Backtest },
    handle: async (db, { params }) => ({ status: 200, body: await backtestById(db, params.id) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/pricing/backtests/{id}/organizations',
    scope: 'billing:read',
    summary: 'What a backtest comes to for each organization',
    tags,
    params,
    querystring: z.strictObject({ ...PageQuery, sort: z.enum(ORGANIZATION_SORTS).default('-change') }),
    response: { 200: BacktestOrganizationPage },
    handle: async (db, { params, query }) => ({ status: 200, body: await listOrganizations(db, params.id, query) }),
  });
  server.command({
    method: 'POST',
    url: '/v1/pricing/backtests/{id}:cancel',
    scope: 'billing:write',
    summary: 'Stop a backtest where it is',
    tags,
    params,
    response: { 200: Backtest },
    handle: async (tx, { params }) => ({ status: 200, body: await cancelBacktest(tx, params.id) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/pricing/drafts/{draft_id}/publication',
    scope: 'billing:read',
    summary: 'What publishing a draft needs, and which of its backtests meet it',
    tags,
    params: z.object({ draft_id: Id }),
    response: { 200: PublicationCheck },
    handle: async (db, { params }) => ({ status: 200, body: await checkPublication(db, params.draft_id) }),
  });
  server.command({
    method: 'POST',
    url: '/v1/pricing/drafts/{draft_id}:publish',
    scope: 'catalog:write',
    summary: 'Make a draft the plan’s prices, on a passed backtest where the plan demands one',
    tags,
    params: z.object({ draft_id: Id }),
    body: Publication,
    response: { 200: PriceDraftAnswer },
    handle: async (tx, { params, body }) => ({ status: 200, body: draftAnswer(await publishDraft(tx, params.draft_id, body)) }),
  });
  csvRoute(server, deps);
}

/** The whole table as a file. Cells that a spreadsheet would run as a formula are escaped. */
function csvRoute(server: Server, { postgres }: { postgres: Postgres }): void {
  server.raw.route<{ Params: { id: string } }>({
    method: 'GET',
    url: toFastifyUrl('/v1/pricing/backtests/{id}/organizations.csv'),
    schema: { summary: 'The same as CSV, all of it', tags, params, querystring: z.strictObject({}), security: [{ bearer: [] }] },
    config: { scope: 'billing:read' },
    onRequest: server.authorize('billing:read'),
    handler: async (request, reply) => {
      requireScope(request.principal!, 'billing:read');
      const { id } = request.params;
      const scope = scopeOf(request);
      const backtest = await postgres.read(scope, (db) => backtestById(db, id));
      const columns = columnsOf(backtest);
      const rows = Readable.from(rowsOf(postgres, scope, backtest, columns));
      const csv = rows.pipe(stringify({ header: true, columns: columns.map(({ name }) => name), escape_formulas: true }));
      rows.on('error', (error) => csv.destroy(error));
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="backtest-${backtest.from}-to-${backtest.to}.csv"`)
        .send(csv);
    },
  });
}

interface Column {
  name: string;
  of(row: BacktestOrganization): string;
}

function columnsOf({ compare_draft_id }: Backtest): Column[] {
  const side = (name: 'draft' | 'compare'): Column[] => [
    { name, of: (row) => row[name]?.amount.amount ?? '' },
    { name: `${name}_difference`, of: (row) => row[name]?.difference.amount ?? '' },
    { name: `${name}_percent`, of: (row) => row[name]?.percent ?? '' },
    { name: `${name}_partners`, of: (row) => row[name]?.partners.amount ?? '' },
  ];
  return [
    { name: 'org_id', of: (row) => row.org_id },
    { name: 'org_slug', of: (row) => row.org_slug },
    { name: 'legal_name', of: (row) => row.legal_name },
    { name: 'basis', of: (row) => row.basis },
    { name: 'before', of: (row) => row.before?.amount.amount ?? '' },
    { name: 'before_partners', of: (row) => row.before?.partners.amount ?? '' },
    ...side('draft'),
    ...(compare_draft_id === null ? [] : side('compare')),
    { name: 'fault', of: (row) => (row.fault ? `${row.fault.code}: ${row.fault.detail}` : '') },
  ];
}

async function* rowsOf(postgres: Postgres, scope: Scope, { backtest_id }: Backtest, columns: readonly Column[]) {
  for (let cursor: string | undefined; ; ) {
    const page = await postgres.read(scope, (db) => listOrganizations(db, backtest_id, { limit: 1000, sort: '-change', cursor }));
    for (const row of page.data) yield columns.map((column) => column.of(row));
    if (page.next_cursor === null) return;
    cursor = page.next_cursor;
  }
}
