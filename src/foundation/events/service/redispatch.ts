import { enqueue } from '../../../platform/jobs.ts';
import type { Postgres, Tx } from '../../../platform/postgres.ts';
import { type Envelope, envelopeOf } from '../model.ts';
import { reviveDead, selectSelected } from '../sql/selection.ts';

/** The job that runs the reactions of events again; app gives it the router. */
export const redispatch_job = 'events.redispatch';

/**
 * Sends events through the router once more. A reaction whose effect is in the inbox does nothing; one that never had its effect has it. Pending
 * events, which come anyway, are passed over, as are those of another tenant.
 */
export async function redispatchEvents(
  tx: Tx,
  { event_ids }: { event_ids: readonly string[] },
): Promise<{ redispatched: number }> {
  if (event_ids.length === 0) return { redispatched: 0 };
  await enqueue(tx, redispatch_job, { event_ids: JSON.stringify(event_ids) });
  return { redispatched: event_ids.length };
}

/** Runs the reactions of published events again, and lets dead ones have another ten attempts. */
export async function redispatch(
  postgres: Postgres,
  route: (event: Envelope) => Promise<void>,
  { tenant_id, event_ids, now }: { tenant_id: string; event_ids: readonly string[]; now: Temporal.Instant },
): Promise<void> {
  await reviveDead(postgres.pool('relay'), { tenant_id, event_ids });
  const selection = { event_ids };
  const span = { after_seq: '0', until_seq: '9223372036854775807', limit: event_ids.length };
  const rows = await postgres.read({ tenant_id, now }, (db) => selectSelected(db, selection, span));
  for (const row of rows) await route(envelopeOf(row));
}
