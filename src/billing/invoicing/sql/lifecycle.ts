import { type RawBuilder, sql } from 'kysely';
import type { Tx } from '../../../platform/postgres.ts';
import type { InvoiceStatus } from '../model.ts';

export interface InvoiceState {
  invoice_id: string;
  number: string;
  org_id: string;
  status: InvoiceStatus;
}

/** In the order of `lockInvoices`; they wait until the transaction ends. */
export function lockStates(tx: Tx, invoice_ids: readonly string[]): Promise<InvoiceState[]> {
  return tx.write(sql<InvoiceState>`
    SELECT invoice_id, number, org_id, status FROM invoice WHERE tenant_id = ${tx.tenant_id} AND invoice_id = ANY (${[...invoice_ids]}::uuid[])
     ORDER BY invoice_id FOR UPDATE`);
}

/** A state with what it says of itself. Times are RFC 3339. */
export type NewState =
  | { readonly to: 'open' }
  | { readonly to: 'paid'; readonly paid_at: string; readonly reference: string | null }
  | { readonly to: 'void'; readonly reason: string }
  | { readonly to: 'uncollectible'; readonly reason: string | null };

export async function updateState(tx: Tx, invoice_ids: readonly string[], state: NewState): Promise<void> {
  await tx.write(sql`UPDATE invoice SET status = ${state.to}${detailsOf(state, tx.now.toString())}
    WHERE tenant_id = ${tx.tenant_id} AND invoice_id = ANY (${[...invoice_ids]}::uuid[])`);
}

function detailsOf(state: NewState, now: string): RawBuilder<unknown> {
  switch (state.to) {
    case 'open':
      return sql``;
    case 'paid':
      return sql`, paid_at = ${state.paid_at}, payment_reference = ${state.reference}`;
    case 'void':
      return sql`, voided_at = ${now}, void_reason = ${state.reason}`;
    case 'uncollectible':
      return sql`, uncollectible_at = ${now}`;
  }
}
