import { defineErrors } from '../../kernel/errors.ts';

export const errors = defineErrors({
  inbound_endpoint_not_found: { status: 404, title: 'Unknown endpoint' },
  inbound_endpoint_revoked: { status: 409, title: 'The endpoint is revoked' },
  inbound_endpoint_busy: { status: 429, title: 'The endpoint has more messages than it takes at once' },
  inbound_kind_unknown: { status: 422, title: 'There are no endpoints of this kind' },
  inbound_secret_invalid: { status: 422, title: 'The secret cannot be one of this kind of endpoint' },
  inbound_webhook_unauthenticated: { status: 401, title: 'The message is not of this endpoint' },
  inbound_webhook_reused: { status: 422, title: 'The message id was used for another message' },
  inbound_webhook_not_found: { status: 404, title: 'Unknown message' },
  inbound_webhook_processed: { status: 409, title: 'The message was processed already' },
  inbound_webhook_superseded: { status: 409, title: 'The sender has sent this message again since' },
  inbound_webhook_body_gone: { status: 409, title: 'The body of the message is no longer kept' },
  staff_only: { status: 403, title: 'Only the tenant itself may do this' },
});

/** What the database says by the name of a constraint, as this room's errors. */
export const constraints = {
  inbound_webhook_once: errors.inbound_webhook_superseded,
};
