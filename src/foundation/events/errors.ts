import { defineErrors } from '../../kernel/errors.ts';

export const errors = defineErrors({
  event_not_found: { status: 404, title: 'Unknown event' },
  events_archiving: { status: 409, title: 'Another process archives events' },
  events_archive_unreadable: { status: 500, title: 'An archived month of events is missing or damaged' },
  too_many_streams: { status: 429, title: 'Too many streams of events are open' },
});
