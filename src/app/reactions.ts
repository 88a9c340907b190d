import { events as actionEvents } from '../billing/actions/events.ts';
import { events as invoicingEvents } from '../billing/invoicing/events.ts';
import { billCycle, watchCycles } from '../billing/invoicing/reactions.ts';
import { events as partnerEvents } from '../billing/partners/events.ts';
import { events as ratingEvents } from '../billing/rating/events.ts';
import { events as subscriptionEvents } from '../billing/subscriptions/events.ts';
import { followTestClock, giveItems } from '../billing/subscriptions/reactions.ts';
import { events as reconciliationEvents } from '../desk/reconciliation/events.ts';
import { events as webhookEvents } from '../desk/webhooks/events.ts';
import { enqueueDeliveries } from '../desk/webhooks/reactions.ts';
import type { Subscriber } from '../foundation/events/model.ts';
import type { EventMetrics } from '../foundation/events/service/metrics.ts';
import type { Reaction } from '../foundation/events/service/react.ts';
import { createRouter, type Router } from '../foundation/events/service/route.ts';
import type { ForeseenReaction } from '../foundation/events/service/selection.ts';
import { events as identityEvents } from '../foundation/identity/events.ts';
import { events as providerEvents } from '../foundation/providers/events.ts';
import { events as tenancyEvents } from '../foundation/tenancy/events.ts';
import { tenantNow } from '../foundation/tenancy/model.ts';
import { requireTenant } from '../foundation/tenancy/service.ts';
import { events as catalogEvents } from '../offer/catalog/events.ts';
import type { Clock } from '../platform/clock.ts';
import type { Postgres } from '../platform/postgres.ts';
import type { Logger } from '../platform/telemetry.ts';
import { events as meteringEvents } from '../usage/metering/events.ts';
import { events as meterEvents } from '../usage/meters/events.ts';

/** Everything that can happen in the house. */
export const allEvents = {
  ...tenancyEvents,
  ...identityEvents,
  ...providerEvents,
  ...catalogEvents,
  ...meteringEvents,
  ...meterEvents,
  ...partnerEvents,
  ...subscriptionEvents,
  ...ratingEvents,
  ...actionEvents,
  ...invoicingEvents,
  ...webhookEvents,
  ...reconciliationEvents,
} as const;

export type EventType = keyof typeof allEvents;

/** What happens when. An event without a line here does not compile; an empty line says that nothing follows yet. */
export const reactions: Record<EventType, readonly Reaction[]> = {
  'charge.created': [],
  'backtest.completed': [],
  'billing.cycle.closed': [billCycle],
  'usage.rated': [],
  'usage.billed': [],
  'usage.voided': [],
  'rating.completed': [],
  'rating.failed': [],
  'billing.run.completed': [],
  'credit_note.issued': [],
  'invoice.generated': [],
  'invoice.status.changed': [],
  'partner_of_record.created': [],
  'partner_of_record.ended': [],
  'commission_rate.changed': [],
  'subscription.created': [watchCycles],
  'subscription.updated': [watchCycles],
  'subscription.status.changed': [watchCycles],
  'business_model.assigned': [],
  'api_key.created': [],
  'api_key.revoked': [],
  'member.invited': [],
  'member.joined': [],
  'member.role.changed': [],
  'member.removed': [],
  'inbound_webhook.received': [],
  'inbound_webhook.dead': [],
  'organization.created': [],
  'organization.changed': [],
  'project.created': [],
  'test_clock.advanced': [followTestClock],
  'sku.created': [],
  'sku.updated': [],
  'business_model.created': [],
  'business_model.updated': [],
  'plan.created': [],
  'plan.updated': [],
  'price.changed': [giveItems],
  'price_draft.created': [],
  'price_draft.updated': [],
  'price_draft.published': [],
  'usage.reported': [],
  'usage.corrected': [],
  'usage.deprecated': [],
  'usage.replayed': [],
  'usage.rolled_up': [],
  'site.created': [],
  'occupancy.started': [],
  'occupancy.ended': [],
  'meter.registered': [],
  'meter.read': [],
  'meter.reading.held': [],
  'meter.replaced': [],
  'meter.gap.found': [],
  'import.completed': [],
  'import.rejected': [],
  'import.failed': [],
  'webhook.created': [],
  'webhook.changed': [],
  'webhook.secret.rotated': [],
  'webhook.enabled': [],
  'webhook.disabled': [],
  'webhook.deleted': [],
  'webhook.delivery.failed': [],
  'replay.completed': [],
  'verification.completed': [],
};

/** What an organization may be told about itself and those below it: nothing of what its tenant pays, earns or plans. */
export const eventsForOrganizations: readonly EventType[] = [
  'organization.changed',
  'project.created',
  'member.invited',
  'member.joined',
  'member.role.changed',
  'member.removed',
  'subscription.created',
  'subscription.status.changed',
  'invoice.generated',
  'invoice.status.changed',
  'credit_note.issued',
  'usage.rolled_up',
  'webhook.changed',
  'webhook.secret.rotated',
  'webhook.enabled',
  'webhook.disabled',
  'webhook.delivery.failed',
];

/** What follows every event, whatever its type. */
export const toEveryEvent: readonly Reaction[] = [enqueueDeliveries(eventsForOrganizations)];

export interface RoutingDeps {
  postgres: Postgres;
  clock: Clock;
  log: Logger;
  metrics?: EventMetrics;
  /** From where events come; null where the outbox is all there is. */
  subscriber: Subscriber | null;
  /** True where no dispatcher takes them to a bus. */
  takes_pending: boolean;
}

/** What follows an event of a type, also one that is not known here. */
function reactionsTo(type: string): readonly Reaction[] {
  return all.get(type) ?? toEveryEvent;
}

/** The same as a replay foresees them. */
export function foreseenBy(postgres: Postgres): (type: string) => readonly ForeseenReaction[] {
  const foreseen = new Map<Reaction, ForeseenReaction>();
  return (type) =>
    reactionsTo(type).map((reaction) => {
      const { name, concerns, tenantsConcerned } = reaction;
      const known = foreseen.get(reaction) ?? {
        ...{ name, concerns },
        concernsTenant: tenantsConcerned && (async (tenant_id) => (await tenantsConcerned(postgres, [tenant_id])).has(tenant_id)),
      };
      foreseen.set(reaction, known);
      return known;
    });
}

/** The router over the table above. */
export function routerOf({ clock, ...deps }: RoutingDeps): Router {
  return createRouter({
    ...deps,
    nowOf: async (tenant_id) => {
      const wall = clock.now();
      return tenantNow(await deps.postgres.read({ tenant_id, now: wall }, requireTenant), wall);
    },
    reactionsTo,
  });
}

const all: ReadonlyMap<string, readonly Reaction[]> = new Map(
  Object.entries(reactions).map(([type, own]) => [type, [...own, ...toEveryEvent]]),
);
