import { defineErrors } from '../../kernel/errors.ts';

export const errors = defineErrors({
  charge_request_conflict: { status: 409, title: 'The request id was used for another charge' },
  duplicate_request_id: { status: 422, title: 'A request id stands twice in the request' },
});
