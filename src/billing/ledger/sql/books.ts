import { sql } from 'kysely';
import type { Db } from '../../../platform/postgres.ts';

export interface PostedRow {
  transaction_id: string;
  kind: string;
  idem_key: string;
  reverses: string | null;
  legs: { kind: string; owner: string | null; currency: string; amount_minor: string }[];
}

/** Transactions by the keys under which they were posted, or by those that they undo, with their legs in order. */
export function selectPosted(db: Db, asked: { idem_keys: readonly string[]; reverses: readonly string[] }): Promise<PostedRow[]> {
  return db.rows(sql<PostedRow>`
    SELECT t.transaction_id, t.kind, t.idem_key, t.reverses, l.legs
      FROM (SELECT transaction_id FROM ledger_transaction WHERE tenant_id = ${db.tenant_id} AND idem_key = ANY (${[...asked.idem_keys]}::text[])
            UNION
            SELECT transaction_id FROM ledger_transaction WHERE tenant_id = ${db.tenant_id} AND reverses = ANY (${[...asked.reverses]}::uuid[])) AS found
      JOIN ledger_transaction t ON t.tenant_id = ${db.tenant_id} AND t.transaction_id = found.transaction_id
      CROSS JOIN LATERAL (
        SELECT coalesce(jsonb_agg(jsonb_build_object('kind', a.kind, 'owner', a.owner, 'currency', p.currency, 'amount_minor', p.amount_minor::text)
                                  ORDER BY p.line), '[]') AS legs
          FROM posting p JOIN ledger_account a ON a.tenant_id = p.tenant_id AND a.account_id = p.account_id
         WHERE p.tenant_id = t.tenant_id AND p.transaction_id = t.transaction_id) AS l`);
}
