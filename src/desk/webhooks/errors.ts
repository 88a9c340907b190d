import { defineErrors } from '../../kernel/errors.ts';

export const errors = defineErrors({
  webhook_not_found: { status: 404, title: 'Unknown webhook' },
  webhook_url_refused: { status: 422, title: 'Webhooks are not sent to this address' },
  webhook_event_type_unknown: { status: 422, title: 'There is no such event type' },
  webhook_secret_invalid: { status: 422, title: 'The secret cannot sign webhooks' },
  webhook_org_required: { status: 422, title: 'A webhook of an organization names it' },
  webhook_limit_reached: { status: 409, title: 'There are as many webhooks as are allowed' },
  webhook_version_stale: { status: 409, title: 'The webhook was changed meanwhile' },
  webhook_disabled: { status: 409, title: 'The webhook is disabled' },
  webhook_secrets_too_many: { status: 409, title: 'There are as many live secrets as are allowed' },
  webhook_delivery_not_found: { status: 404, title: 'Unknown delivery' },
  webhook_delivery_pending: { status: 409, title: 'The delivery is still under way' },
  webhook_replay_not_found: { status: 404, title: 'Unknown replay' },
  webhook_replay_range_invalid: { status: 422, title: 'The range of time cannot be replayed' },
});
