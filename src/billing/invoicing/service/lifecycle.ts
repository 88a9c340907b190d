import { recordAudits } from '../../../foundation/audit/service.ts';
import { emitMany } from '../../../foundation/events/service.ts';
import { assert } from '../../../kernel/assert.ts';
import { applyTransition } from '../../../kernel/lifecycle.ts';
import type { Tx } from '../../../platform/postgres.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import { type InvoiceStatus, lifecycle } from '../model.ts';
import { lockStates, type NewState, updateState } from '../sql/lifecycle.ts';

const actions: Record<NewState['to'], string> = {
  open: 'invoice.finalised',
  paid: 'invoice.paid',
  void: 'invoice.voided',
  uncollectible: 'invoice.marked_uncollectible',
};

/**
 * Brings invoices to a state: held, checked against the table, written, on record and told as `invoice.status.changed`. Nothing else changes a
 * state, and what goes with one (ledger, charges, receipts) is the caller's, in the same transaction. Throws `invoice_transition`.
 */
export async function applyLifecycle(tx: Tx, invoice_ids: readonly string[], state: NewState): Promise<void> {
  const held = await lockStates(tx, invoice_ids);
  assert(held.length === new Set(invoice_ids).size, 'an invoice whose state changes is there');
  for (const { status } of held) requireTransition(status, state.to);
  await updateState(tx, invoice_ids, state);
  const { to, ...more } = state;
  await recordAudits(
    tx,
    held.map(({ invoice_id, org_id, status }) => ({
      action: actions[to],
      target_type: 'invoice',
      target_id: invoice_id,
      org_id,
      before: { status },
      after: { status: to, ...more },
    })),
  );
  await emitMany<typeof events>(
    tx,
    held.map(({ invoice_id, number, org_id, status }) => ({
      type: 'invoice.status.changed' as const,
      aggregate_type: 'invoice',
      aggregate_id: invoice_id,
      org_id,
      data: { invoice_id, number, from: status, to },
    })),
  );
}

/** For a caller that has work to do before the state changes. Throws `invoice_transition`. */
export function requireTransition(from: InvoiceStatus, to: InvoiceStatus): void {
  applyTransition(lifecycle, { from, to }, errors.invoice_transition);
}
