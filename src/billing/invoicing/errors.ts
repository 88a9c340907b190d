import { defineErrors } from '../../kernel/errors.ts';

export const errors = defineErrors({
  invoice_unknown: { status: 404, title: 'There is no such invoice' },
  line_unknown: { status: 404, title: 'There is no such invoice line' },
  run_unknown: { status: 404, title: 'There is no such billing run' },
  invoice_transition: { status: 409, title: 'The invoice is in a state that does not allow this' },
  period_in_future: { status: 422, title: 'The period has not ended' },
  period_empty: { status: 422, title: 'The period is empty' },
  period_not_midnight: { status: 422, title: 'The period does not start and end at a local midnight' },
  period_overlaps: { status: 409, title: 'The period overlaps one that was billed' },
});

/** What the database's own refusals mean. */
export const constraints = {
  invoice_is_final: () => errors.invoice_transition({ detail: 'An issued invoice does not change.' }),
};
