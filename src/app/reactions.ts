import { events as actionEvents } from '../billing/actions/events.ts';
import { events as invoicingEvents } from '../billing/invoicing/events.ts';
import { events as partnerEvents } from '../billing/partners/events.ts';
import { events as ratingEvents } from '../billing/rating/events.ts';
import { events as subscriptionEvents } from '../billing/subscriptions/events.ts';
import { giveItems } from '../billing/subscriptions/reactions.ts';
import { events as reconciliationEvents } from '../desk/reconciliation/events.ts';
import { embeddedPublisher } from '../foundation/events/adapters/embedded.ts';
import { createDispatcher } from '../foundation/events/service/dispatch.ts';
import { createRouter, type Reaction } from '../foundation/events/service/react.ts';
import { redispatch, redispatch_job } from '../foundation/events/service/redispatch.ts';
import { events as identityEvents } from '../foundation/identity/events.ts';
import { events as tenancyEvents } from '../foundation/tenancy/events.ts';
import { tenantNow } from '../foundation/tenancy/model.ts';
import { requireTenant } from '../foundation/tenancy/service.ts';
import { events as catalogEvents } from '../offer/catalog/events.ts';
import type { Clock } from '../platform/clock.ts';
import type { JobDefinition } from '../platform/jobs.ts';
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

/** The reactions to events of a type; none to a type that is not known here. */
export function reactionsTo(type: string): readonly Reaction[] {
  return reactions[type as EventType] ?? [];
}

/** Starts the dispatcher with the embedded bus: an event is published when every reaction to it has taken effect. */
export async function startReactions({
  postgres,
  clock,
  log,
}: {
  postgres: Postgres;
  clock: Clock;
  log: Logger;
}): Promise<{ stop(): Promise<void> }> {
  const router = routerOf({ postgres, clock });
  const dispatcher = createDispatcher({ postgres, publisher: embeddedPublisher(router), log });
  dispatcher.start();
  return { stop: () => dispatcher.stop() };
}

function routerOf({ postgres, clock }: { postgres: Postgres; clock: Clock }) {
  return createRouter({
    postgres,
    nowOf: async (tenant_id) => {
      const wall = clock.now();
      return tenantNow(await postgres.read({ tenant_id, now: wall }, requireTenant), wall);
    },
    reactionsTo,
  });
}

/** Runs the reactions of events that are sent again. */
export const redispatchJob: JobDefinition = {
  name: redispatch_job,
  run: (payload, { postgres, clock }) =>
    redispatch(postgres, routerOf({ postgres, clock }), {
      tenant_id: payload.tenant_id!,
      event_ids: JSON.parse(payload.event_ids!) as string[],
      now: clock.now(),
    }),
};
