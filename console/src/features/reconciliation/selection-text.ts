import type { ReplayJob } from '../../api/types.ts';
import { formatMoment } from '../../ui/dates.ts';
import { formatCount } from '../../ui/format.ts';

/** A selection of events in words, the widest part first: "dead, invoice.generated, from 1 Mar 2026, 10:00". */
export function selectionText({ selection }: Pick<ReplayJob, 'selection'>): string {
  const { types, event_ids, aggregate_type, aggregate_id, correlation_id, org_id, from, to, dead_only } = selection;
  const parts = [
    dead_only ? 'dead' : null,
    types ? types.join(', ') : null,
    event_ids ? `${formatCount(event_ids.length)} by id` : null,
    aggregate_type ?? null,
    aggregate_id ? `about ${aggregate_id}` : null,
    correlation_id ? `of correlation ${correlation_id}` : null,
    org_id ? 'of one organization' : null,
    from ? `from ${formatMoment(from)}` : null,
    to ? `before ${formatMoment(to)}` : null,
  ].filter((part) => part !== null);
  return parts.join(', ') || 'all';
}
