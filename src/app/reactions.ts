import { events as actionEvents } from '../billing/actions/events.ts';
import { events as invoicingEvents } from '../billing/invoicing/events.ts';
import { events as partnerEvents } from '../billing/partners/events.ts';
import { events as ratingEvents } from '../billing/rating/events.ts';
import { events as subscriptionEvents } from '../billing/subscriptions/events.ts';
import { giveItems } from '../billing/subscriptions/reactions.ts';
import { events as reconciliationEvents } from '../desk/reconciliation/events.ts';
import type { Subscriber } from '../foundation/events/model.ts';
import type { EventMetrics } from '../foundation/events/service/metrics.ts';
import type { Reaction } from '../foundation/events/service/react.ts';
import { createRouter, type Router } from '../foundation/events/service/route.ts';
import { events as identityEvents } from '../foundation/identity/events.ts';
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
  ...catalogEvents,
  ...meteringEvents,
  ...meterEvents,
  ...partnerEvents,
  ...subscriptionEvents,
  ...ratingEvents,
  ...actionEvents,
  ...invoicingEvents,
  ...reconciliationEvents,
} as const;

export type EventType = keyof typeof allEvents;

/** What happens when. An event without a line here does not compile; an empty line says that nothing follows yet. */
export const reactions: Record<EventType, readonly Reaction[]> = {
  'charge.created': [],
  'backtest.completed': [],
  'billing.run.completed': [],
  'credit_note.issued': [],
  'invoice.generated': [],
  'invoice.status.changed': [],
  'partner_of_record.created': [],
  'partner_of_record.ended': [],
  'commission_rate.changed': [],
  'subscription.created': [],
  'subscription.status.changed': [],
  'business_model.assigned': [],
  'api_key.created': [],
  'api_key.revoked': [],
  'member.invited': [],
  'member.joined': [],
  'member.role.changed': [],
  'member.removed': [],
  'organization.created': [],
  'organization.changed': [],
  'project.created': [],
  'test_clock.advanced': [],
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
  'replay.completed': [],
  'verification.completed': [],
};

/** What follows every event, whatever its type, beside the table. */
export const toEveryEvent: readonly Reaction[] = [];

/** The reactions to events of a type; of one that is not known here, those to every event. */
export function reactionsTo(type: string): readonly Reaction[] {
  return all.get(type) ?? toEveryEvent;
}

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
