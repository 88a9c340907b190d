import { recordAudits } from '../../../foundation/audit/service.ts';
import { emitMany } from '../../../foundation/events/service.ts';
import { tenantNow } from '../../../foundation/tenancy/model.ts';
import { requireTenant } from '../../../foundation/tenancy/service.ts';
import { applyTransition } from '../../../kernel/lifecycle.ts';
import type { JobContext } from '../../../platform/jobs.ts';
import type { Tx } from '../../../platform/postgres.ts';
import { stepsDue } from '../decide.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import { lifecycle, type Subscription } from '../model.ts';
import * as store from '../sql/lifecycle.ts';

/** Subscriptions moved in one transaction. */
const at_once = 500;

/**
 * Brings subscriptions to the state that their times have made of them by now: held, checked against the table, written, on record and told,
 * each step once. Nothing else changes a state. Answers those that moved, as they are then.
 */
export async function applyLifecycle(tx: Tx, subscription_ids: readonly string[]): Promise<Subscription[]> {
  const held = await store.lockSubscriptionsByIds(tx, subscription_ids);
  const moved = held
    .map((subscription) => ({ subscription, steps: stepsDue(subscription, tx.now) }))
    .filter(({ steps }) => steps.length > 0);
  if (moved.length === 0) return [];
  for (const { from, to } of moved.flatMap(({ steps }) => steps))
    applyTransition(lifecycle, { from, to }, errors.subscription_transition);
  const changed = moved.map(({ subscription, steps }) => ({ ...subscription, status: steps.at(-1)!.to }));
  await store.updateStatus(tx, changed);
  const told = moved.flatMap(({ subscription, steps }) => steps.map((step) => ({ ...step, ...subscription })));
  await recordAudits(
    tx,
    told.map(({ subscription_id, org_id, from, to, at }) => ({
      action: 'subscription.status.changed',
      target_type: 'org_entitlement',
      target_id: subscription_id,
      org_id,
      before: { status: from },
      after: { status: to, at },
    })),
  );
  await emitMany<typeof events>(
    tx,
    told.map(({ subscription_id, org_id, from, to, at, ended_at }) => ({
      type: 'subscription.status.changed' as const,
      aggregate_type: 'subscription',
      aggregate_id: subscription_id,
      org_id,
      data: { subscription_id, org_id, from, to, at, ended_at },
    })),
  );
  return changed;
}

/** Every subscription of the tenant whose next step has come, a few hundred at the most. Answers whether more may wait. */
export async function applyDue(tx: Tx): Promise<boolean> {
  const due = await store.selectDue(tx, at_once);
  await applyLifecycle(tx, due);
  return due.length === at_once;
}

/** The same for every tenant at its own present; a kill costs nothing, what is left comes with the next time. */
export async function sweepLifecycles({
  postgres,
  clock,
  signal,
}: Pick<JobContext, 'postgres' | 'clock' | 'signal'>): Promise<void> {
  const wall = clock.now();
  for (const tenant_id of await store.tenantsDue(postgres.pool('due'), wall.toString())) {
    const tenant = await postgres.read({ tenant_id, now: wall }, requireTenant);
    const scope = { tenant_id, now: tenantNow(tenant, wall), actor: { kind: 'system', id: 'subscriptions' } } as const;
    while (!signal.aborted && (await postgres.transact(scope, applyDue)));
  }
}
