import { defineErrors } from '../../kernel/errors.ts';

export const errors = defineErrors({
  transaction_unknown: { status: 404, title: 'Unknown ledger transaction' },
  transaction_posted: { status: 409, title: 'The ledger transaction was posted already' },
  transaction_reversed: { status: 409, title: 'The ledger transaction was reversed already' },
  transaction_closed: { status: 409, title: 'The ledger transaction takes no more legs' },
  transaction_unbalanced: { status: 422, title: 'The ledger transaction is not zero in sum' },
  transaction_legs: { status: 422, title: 'A ledger transaction has at least two legs' },
  posting_zero: { status: 422, title: 'A leg is of more or less than zero' },
  posting_currency: { status: 422, title: 'A leg is in the currency of its account' },
  posting_overflow: { status: 422, title: 'An amount is beyond what the ledger holds' },
  line_unknown: { status: 404, title: 'Unknown ledger line' },
  line_status: { status: 409, title: 'The ledger line does not go to that status' },
  line_correction: { status: 422, title: 'A ledger line is taken back at most once, and by its own parties' },
  line_charged: { status: 409, title: 'The charge has its ledger line already' },
});

/** What the database's constraints mean to a caller. */
export const constraints = {
  ledger_transaction_posted_once: () => errors.transaction_posted(),
  ledger_transaction_reversed_once: () => errors.transaction_reversed(),
  ledger_transaction_closed: () => errors.transaction_closed(),
  ledger_two_legs: () => errors.transaction_legs(),
  ledger_zero_sum: () => errors.transaction_unbalanced(),
  posting_not_zero: () => errors.posting_zero(),
  posting_account: () => errors.posting_currency(),
  money_minor_check: () => errors.posting_overflow(),
  ledger_status_transition: () => errors.line_status(),
  ledger_correction_is_of_line: () => errors.line_correction(),
  ledger_correction_within_line: () => errors.line_correction(),
  ledger_charged_once: () => errors.line_charged(),
};
