import { defineErrors } from '../../kernel/errors.ts';

export const errors = defineErrors({
  receipt_unknown: { status: 404, title: 'Unknown receipt' },
  receipt_not_sealed: { status: 409, title: 'No checkpoint covers this receipt yet' },
  checkpoint_unknown: { status: 404, title: 'Unknown checkpoint' },
});
