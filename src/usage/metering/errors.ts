import { defineErrors } from '../../kernel/errors.ts';

export const errors = defineErrors({
  ingest_overloaded: { status: 429, title: 'More usage is waiting than can be taken' },
  ingest_closing: { status: 503, title: 'The server is shutting down' },
  events_missing: { status: 422, title: 'There are no events in the body' },
  events_too_many: { status: 422, title: 'More events than one request may hold' },
  events_all_rejected: { status: 422, title: 'Every event was rejected' },
  usage_unsettled: { status: 503, title: 'A transaction that began earlier has not ended' },
  usage_query_invalid: { status: 422, title: 'Usage cannot be told apart like this' },
  range_invalid: { status: 422, title: 'The range of time cannot be answered' },
});
