import { z } from 'zod';
import { fromMinor } from '../../kernel/money.ts';
import { decodeCursor, encodeCursor, toPage } from '../../platform/cursor.ts';
import type { Server } from '../../platform/http.ts';
import { httpErrors } from '../../platform/problem.ts';
import { Id, Instant, PageQuery, page } from '../../platform/schemas.ts';
import { LINE_STATUSES, LineBody, lineBody, TrialBalance } from './model.ts';
import { linesOf, trialBalance } from './service.ts';

const tags = ['Ledger'];
const sort = 'ledger.entry_id';

export function routes(server: Server): void {
  server.query({
    method: 'GET',
    url: '/v1/ledger/lines',
    scope: 'billing:read',
    summary: 'Ledger lines, newest first; from and to compare with created_at',
    tags,
    querystring: z.strictObject({
      ...PageQuery,
      org_id: Id.optional(),
      sku: z.string().max(128).optional(),
      status: z.enum(LINE_STATUSES).optional(),
      from: Instant.optional(),
      to: Instant.optional(),
    }),
    response: { 200: page(LineBody) },
    handle: async (db, { query, principal }) => {
      const { limit, cursor, ...filter } = query;
      const [after] = cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, cursor);
      const rows = await linesOf(db, { ...filter, org_ids: principal.org_ids }, { limit: limit + 1, after });
      const { data, next_cursor } = toPage(rows, limit, (row) => encodeCursor(db.tenant_id, sort, [row.entry_id]));
      return { status: 200, body: { data: data.map(lineBody), next_cursor } };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/ledger/trial-balance',
    scope: 'billing:read',
    summary: 'Debits and credits by kind of account and currency, up to and including a moment; now unless told',
    tags,
    querystring: z.strictObject({ at: Instant.optional() }),
    response: { 200: TrialBalance },
    handle: async (db, { query, principal }) => {
      if (principal.org_ids !== null) throw httpErrors.forbidden({ detail: 'The books are for the tenant alone.' });
      const at = query.at === undefined ? db.now : Temporal.Instant.from(query.at);
      const balances = await trialBalance(db, at);
      const currencies = [...Map.groupBy(balances, (balance) => balance.currency)];
      return {
        status: 200,
        body: {
          at: at.toString(),
          data: balances.map(({ kind, currency, debit_minor, credit_minor }) => ({
            kind,
            currency,
            debit: fromMinor(debit_minor, currency),
            credit: fromMinor(credit_minor, currency),
            balance: fromMinor(debit_minor - credit_minor, currency),
          })),
          totals: currencies.map(([currency, rows]) => ({
            currency,
            debit: fromMinor(
              rows.reduce((sum, row) => sum + row.debit_minor, 0n),
              currency,
            ),
            credit: fromMinor(
              rows.reduce((sum, row) => sum + row.credit_minor, 0n),
              currency,
            ),
          })),
        },
      };
    },
  });
}
