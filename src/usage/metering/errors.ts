import { defineErrors } from '../../kernel/errors.ts';

export const errors = defineErrors({
  ingest_overloaded: { status: 429, title: 'More usage is waiting than can be taken' },
  ingest_closing: { status: 503, title: 'The server is shutting down' },
  events_missing: { status: 422, title: 'There are no events in the body' },
  events_too_many: { status: 422, title: 'More events than one request may hold' },
  events_all_rejected: { status: 422, title: 'Every event was rejected' },
  usage_unsettled: { status: 503, title: 'A transaction that began earlier has not ended' },
  usage_query_invalid: { status: 422, title: 'Usage cannot be told apart like this' },
  event_not_found: { status: 404, title: 'There is no such event' },
  event_corrected: { status: 409, title: 'The event was corrected before' },
  event_is_counter: { status: 409, title: 'A counter-event cannot be corrected' },
  request_id_conflict: { status: 409, title: 'The request_id was used for another event' },
  period_closed: { status: 409, title: 'The period is closed' },
  replay_not_found: { status: 404, title: 'There is no such replay' },
  replay_file_missing: { status: 422, title: 'A file is missing' },
  replay_file_invalid: { status: 422, title: 'The form of the replay is not usable' },
  replay_file_too_large: { status: 413, title: 'The file is larger than a request may bring' },
  deprecation_not_found: { status: 404, title: 'There is no such deprecation' },
  usage_sku_unknown: { status: 422, title: 'There is no such SKU' },
  correction_refused: { status: 422, title: 'The correction cannot be made' },
  corrections_all_rejected: { status: 422, title: 'Every correction was rejected' },
  usage_archived: { status: 422, title: 'The events of that time are archived' },
  usage_archiving: { status: 409, title: 'Usage is being archived already' },
  usage_archive_unreadable: { status: 503, title: 'Archived usage cannot be read' },
  range_invalid: { status: 422, title: 'The range of time cannot be answered' },
});

/** What the database says by the name of a constraint, as this room's errors. */
export const constraints = {
  usage_deprecation_sku: errors.usage_sku_unknown,
  usage_replay_sku: errors.usage_sku_unknown,
};
