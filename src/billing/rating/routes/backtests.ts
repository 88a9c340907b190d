import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import { z } from 'zod';
import { formatFixed, parseDecimal, unitsAt } from '../../../kernel/decimal.ts';
import { currencyDecimals } from '../../../kernel/money.ts';
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

/** The whole table as a file. Text that a spreadsheet would run as a formula is escaped; amounts stay numbers, below zero too. */
function csvRoute(server: Server, { postgres }: { postgres: Postgres }): void {
  server.raw.route<{ Params: { id: string } }>({
    method: 'GET',
    url: toFastifyUrl('/v1/pricing/backtests/{id}/organizations.csv'),
    schema: {
      summary: 'The same as CSV, all of it',
      tags,
      params,
      querystring: z.strictObject({}),
      security: [{ bearer: [] }],
    },
    config: { scope: 'billing:read' },
    onRequest: server.authorize('billing:read'),
    handler: async (request, reply) => {
      requireScope(request.principal!, 'billing:read');
      const { id } = request.params;
      const scope = scopeOf(request);
      const backtest = await postgres.read(scope, (db) => backtestById(db, id));
      const columns = columnsOf(backtest);
      const rows = Readable.from(rowsOf(postgres, scope, backtest, columns));
      const csv = stringify({
        header: true,
        columns: columns.map(({ name }) => name),
        escape_formulas: true,
        cast: { bigint: (units, { index }) => formatFixed({ units, scale: columns[index]!.scale ?? 0 }) },
      });
      rows.on('error', (error) => csv.destroy(error));
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="backtest-${backtest.from}-to-${backtest.to}.csv"`)
        .send(rows.pipe(csv));
    },
  });
}

/** A column of text, or with `scale` of numbers, whose cells are units of that many decimals. */
interface Column {
  name: string;
  scale?: number;
  of(row: BacktestOrganization): string | bigint | null;
}

function columnsOf({ compare_draft_id, currency }: Backtest): Column[] {
  const amount = (name: string, read: (row: BacktestOrganization) => { amount: string } | undefined): Column => {
    const scale = currencyDecimals(currency);
    return { name, scale, of: (row) => unitsOf(read(row)?.amount, scale) };
  };
  const side = (name: 'draft' | 'compare'): Column[] => [
    amount(name, (row) => row[name]?.amount),
    amount(`${name}_difference`, (row) => row[name]?.difference),
    { name: `${name}_percent`, scale: 2, of: (row) => unitsOf(row[name]?.percent, 2) },
    amount(`${name}_partners`, (row) => row[name]?.partners),
  ];
  return [
    { name: 'org_id', of: (row) => row.org_id },
    { name: 'org_slug', of: (row) => row.org_slug },
    { name: 'legal_name', of: (row) => row.legal_name },
    { name: 'basis', of: (row) => row.basis },
    amount('before', (row) => row.before?.amount),
    amount('before_partners', (row) => row.before?.partners),
    ...side('draft'),
    ...(compare_draft_id === null ? [] : side('compare')),
    { name: 'fault', of: ({ fault }) => fault && `${fault.code}: ${fault.detail}` },
  ];
}

function unitsOf(decimal: string | null | undefined, scale: number): bigint | null {
  return decimal === null || decimal === undefined ? null : unitsAt(parseDecimal(decimal), scale);
}

async function* rowsOf(postgres: Postgres, scope: Scope, { backtest_id }: Backtest, columns: readonly Column[]) {
  for (let cursor: string | undefined; ; ) {
    const page = await postgres.read(scope, (db) => listOrganizations(db, backtest_id, { limit: 1000, sort: '-change', cursor }));
    for (const row of page.data) yield columns.map((column) => column.of(row));
    if (page.next_cursor === null) return;
    cursor = page.next_cursor;
  }
}
