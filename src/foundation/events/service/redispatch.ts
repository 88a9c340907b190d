import type { Tx } from '../../../platform/postgres.ts';
import { recordAudit } from '../../audit/service.ts';
import { errors } from '../errors.ts';
import { type EventFilter, redispatch, selectEvent, selectToRedispatch } from '../sql/outbox.ts';

/**
 * Sends events through the router once more, whether they were routed, are on their way, or dead. A reaction whose effect is in the inbox does
 * nothing; one that is new, or never had its effect, has it. Pending ones, which come anyway, and unknown ones are passed over.
 */
export async function redispatchEvents(tx: Tx, selection: { event_ids: readonly string[] }): Promise<{ redispatched: number }> {
  if (selection.event_ids.length === 0) return { redispatched: 0 };
  return { redispatched: await redispatch(tx, selection.event_ids) };
}

/** One, on record. Throws `event_not_found`. */
export async function redispatchEvent(
  tx: Tx,
  event_id: string,
  org_ids: readonly string[] | null,
): Promise<{ redispatched: number }> {
  const event = await selectEvent(tx, event_id, org_ids);
  if (!event) throw errors.event_not_found();
  const done = await redispatchEvents(tx, { event_ids: [event_id] });
  await recordAudit(tx, {
    action: 'event.redispatched',
    target_type: 'event',
    target_id: event_id,
    org_id: event.org_id,
    before: { status: event.status, last_error: event.last_error },
    after: { type: event.type, ...done },
  });
  return done;
}

/** All that match, dead ones unless another status is asked for, oldest first and at most `limit`; `more` where there are more. On record. */
export async function redispatchMatching(
  tx: Tx,
  { org_ids, limit, ...asked }: EventFilter & { org_ids: readonly string[] | null; limit: number },
): Promise<{ redispatched: number; more: boolean }> {
  const filter = { ...asked, status: asked.status ?? ('dead' as const) };
  const found = await selectToRedispatch(tx, { ...filter, org_ids, limit: limit + 1 });
  const done = await redispatchEvents(tx, { event_ids: found.slice(0, limit) });
  const more = found.length > limit;
  await recordAudit(tx, {
    action: 'events.redispatched',
    target_type: 'tenant',
    target_id: tx.tenant_id,
    before: null,
    after: { ...filter, ...done, more },
  });
  return { ...done, more };
}
