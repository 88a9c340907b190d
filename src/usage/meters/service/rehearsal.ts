import type { Postgres } from '../../../platform/postgres.ts';
import type { IngestOutcome } from '../../metering/model.ts';
import { createIngest, most_events } from '../../metering/service/ingest.ts';

/**
 * What metering would answer to these events, with nothing stored: the real way in, whose transaction is rolled back.
 * At most 10,000 events a call.
 */
export async function rehearse(
  postgres: Postgres,
  tenant_id: string,
  events: readonly unknown[],
  call: { now: Temporal.Instant; org_ids: readonly string[] | null },
): Promise<IngestOutcome> {
  const ingest = createIngest(postgres, { queue_events: most_events, keeps: false });
  return ingest.ingestEvents(tenant_id, events, call);
}
