import { defineErrors } from '../../kernel/errors.ts';

export const errors = defineErrors({
  replay_unknown: { status: 404, title: 'Unknown replay' },
  replay_ended: { status: 409, title: 'The replay has ended' },
  replay_not_running: { status: 409, title: 'The replay does not run' },
  replay_not_paused: { status: 409, title: 'The replay is not paused' },
  replay_selection_invalid: { status: 422, title: 'The replay does not say which events' },
  replay_event_unknown: { status: 422, title: 'Unknown event' },
  verification_unknown: { status: 404, title: 'Unknown verification' },
  verification_period_invalid: { status: 422, title: 'The verification does not say which periods' },
});

/** What the database's own refusals mean. */
export const constraints = {
  replay_ended: () => errors.replay_ended(),
};
