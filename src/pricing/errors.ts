import { type CodedError, defineErrors } from '../kernel/errors.ts';

/** What the engine refuses. Each fault of `price_invalid` and `usage_invalid` is named in `details.errors`. */
export const errors = defineErrors({
  price_invalid: { status: 422, title: 'Price refused' },
  usage_invalid: { status: 422, title: 'Usage refused' },
  quantity_or_events: { status: 422, title: 'Give either a quantity or events' },
  events_required: { status: 422, title: 'This price is over events' },
  negative_refused: { status: 422, title: 'Negative usage refused' },
  no_cell: { status: 422, title: 'No cell of the price matches' },
  fraction_unsupported: { status: 422, title: 'Fractions do not apply here' },
  running_total_negative: { status: 422, title: 'More units given back than held' },
});

/** One refusal at one place of the request: `pointer` is a JSON pointer into it. */
export function refusal(code: keyof typeof errors, pointer: string, detail: string): CodedError {
  return errors[code]({ detail, errors: [{ pointer, code, detail }] });
}
