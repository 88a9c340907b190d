import type { Postgres } from '../../../platform/postgres.ts';
import { selectByKey } from '../sql/generations.ts';
import { createGenerations } from './generations.ts';
import { keyOf } from './ingest-write.ts';

/** Which of a tenant's request ids are stored already: sending one of them again is a duplicate, or a conflict. Writes nothing. */
export async function storedAmong(postgres: Postgres, tenant_id: string, request_ids: readonly string[]): Promise<Set<string>> {
  if (request_ids.length === 0) return new Set();
  const events = request_ids.map((request_id) => ({ tenant_id, request_id, key: keyOf(tenant_id, request_id) }));
  const generations = createGenerations(postgres);
  const client = await postgres.pool('ingest').connect();
  let broken: Error | undefined;
  try {
    const standing = await generations.begin(client);
    const closed = await generations.findInClosed(client, standing, events);
    const open = await selectByKey(
      client,
      events.map(({ key }) => key),
    );
    await client.query('ROLLBACK');
    return new Set([...closed.keys(), ...open.map((row) => row.n)].map((at) => request_ids[at]!));
  } catch (error) {
    broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.release(broken);
  }
}
