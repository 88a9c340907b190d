import { defineErrors } from '../../kernel/errors.ts';

export const errors = defineErrors({
  invoice_unknown: { status: 404, title: 'There is no such invoice' },
  credit_note_unknown: { status: 404, title: 'There is no such credit note' },
  line_unknown: { status: 404, title: 'There is no such invoice line' },
  run_unknown: { status: 404, title: 'There is no such billing run' },
  cycle_unknown: { status: 404, title: 'There is no such billing cycle' },
  cycle_running: { status: 409, title: 'The run of the cycle has not come to its end' },
  invoice_transition: { status: 409, title: 'The invoice is in a state that does not allow this' },
  invoice_credited: { status: 409, title: 'The invoice has credit notes and cannot be void' },
  invoice_not_creditable: { status: 409, title: 'Only an open or paid invoice takes credit notes' },
  credit_nothing_left: { status: 409, title: 'Nothing is left to credit' },
  credit_line_unknown: { status: 422, title: 'The line is not on the invoice' },
  credit_line_repeated: { status: 422, title: 'A credit note credits a line once' },
  credit_currency: { status: 422, title: 'A credit is in the currency of its invoice' },
  credit_exceeds_line: { status: 422, title: 'A credit is a part of what its line has left' },
  credit_exceeds_invoice: { status: 422, title: 'Credits stay within the total of the invoice' },
  period_in_future: { status: 422, title: 'The period has not ended' },
  period_empty: { status: 422, title: 'The period is empty' },
  period_not_midnight: { status: 422, title: 'The period does not start and end at a local midnight' },
  period_overlaps: { status: 409, title: 'The period overlaps one that was billed' },
});

/** What the database's own refusals mean. */
export const constraints = {
  invoice_transition: () => errors.invoice_transition(),
  invoice_is_final: () => errors.invoice_transition({ detail: 'An issued invoice does not change.' }),
  invoice_credited_is_not_void: () => errors.invoice_credited(),
  credit_note_invoice_status: () => errors.invoice_not_creditable(),
  credit_note_is_of_invoice: () => errors.credit_currency(),
  credit_note_line_is_of_invoice: () => errors.credit_line_unknown(),
  credit_note_line_once: () => errors.credit_line_repeated(),
  credit_within_line: () => errors.credit_exceeds_line(),
  credit_within_invoice: () => errors.credit_exceeds_invoice(),
};
