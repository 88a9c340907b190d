import type { Postgres } from '../../../platform/postgres.ts';
import type { IngestOutcome } from '../../metering/model.ts';
import { createIngest, most_events } from '../../metering/service/ingest.ts';

/**
 * What metering would answer to these events, with nothing stored: the real way in, on a connection whose transaction is rolled back.
 * At most 10,000 events a call.
 */
export async function rehearse(
  postgres: Postgres,
  tenant_id: string,
  events: readonly unknown[],
  call: { now: Temporal.Instant; org_ids: readonly string[] | null },
): Promise<IngestOutcome> {
  const client = await postgres.pool('ingest').connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    // All that metering does with a connection is to query it and give it back.
    const borrowed = { query: client.query.bind(client), release: () => undefined };
    const stage = { connect: async () => borrowed } as unknown as ReturnType<Postgres['pool']>;
    const ingest = createIngest({ ...postgres, pool: () => stage }, { queue_events: most_events });
    return await ingest.ingestEvents(tenant_id, events, call);
  } finally {
    try {
      await client.query('ROLLBACK');
    } catch (error) {
      broken = error instanceof Error ? error : new Error(String(error));
    }
    client.release(broken);
  }
}
