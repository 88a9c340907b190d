import { emit } from '../../../foundation/events/service.ts';
import { tenantNow } from '../../../foundation/tenancy/model.ts';
import { requireTenant } from '../../../foundation/tenancy/service.ts';
import { assert } from '../../../kernel/assert.ts';
import type { Postgres } from '../../../platform/postgres.ts';
import { hasFailedLong } from '../decide/verdict.ts';
import type { events } from '../events.ts';
import type { DeadLetter, Outcome } from '../model.ts';
import { insertAttempt, lockDelivery, updateFailed } from '../sql/deliveries.ts';
import type { Claimed } from '../sql/send.ts';
import { lockWebhook, updateFailing } from '../sql/webhooks.ts';
import { about, disableLocked } from './webhooks.ts';

/**
 * Puts on record the attempt that ends a delivery without success: it becomes a dead letter and an event tells so. An endpoint that answered 410, or to
 * which nothing was delivered for `disable_after_days`, is disabled in the same transaction.
 */
export async function failDelivery(
  { postgres, disable_after_days }: { postgres: Postgres; disable_after_days: number },
  wall: Temporal.Instant,
  { delivery, outcome, reason }: { delivery: Claimed; outcome: Outcome; reason: DeadLetter['reason'] },
): Promise<void> {
  const { tenant_id, webhook_id, delivery_id } = delivery;
  const now = tenantNow(await postgres.read({ tenant_id, now: wall }, requireTenant), wall);
  const scope = { tenant_id, now, actor: { kind: 'system' as const, id: 'webhooks.sender' }, ...causeOf(delivery) };
  await postgres.transact(scope, async (tx) => {
    const webhook = await lockWebhook(tx, webhook_id);
    const held = await lockDelivery(tx, delivery_id);
    assert(held, 'a delivery is kept while it is leased');
    await insertAttempt(tx, delivery, held.attempts + 1, outcome);
    if (held.status !== 'pending' || held.lease !== delivery.lease) return;
    await updateFailed(tx, delivery, reason);
    if (delivery.kind === 'test' || !webhook) return;
    // What webhooks tell of themselves is delivered too, but its failure is not told again: two endpoints that fail would tell each other for ever.
    if (!delivery.event_type.startsWith('webhook.')) {
      await emit<typeof events>(tx, {
        type: 'webhook.delivery.failed',
        ...about(webhook),
        data: { webhook_id, delivery_id, event_id: delivery.event_id, event_type: delivery.event_type, reason },
      });
    }
    await updateFailing(tx, webhook_id, outcome.started_at);
    if (webhook.status === 'disabled') return;
    if (reason === 'endpoint_gone') await disableLocked(tx, webhook, 'gone');
    else if (hasFailedLong(webhook.failing_since, wall, disable_after_days)) await disableLocked(tx, webhook, 'failing');
  });
}

/** The delivered event is the cause of what follows. */
function causeOf({ body, event_id }: Claimed): { correlation_id?: string; causation_id: string } {
  const { correlationid } = JSON.parse(body) as { correlationid?: unknown };
  return { causation_id: event_id, ...(typeof correlationid === 'string' ? { correlation_id: correlationid } : {}) };
}
