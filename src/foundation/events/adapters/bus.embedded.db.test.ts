import { beforeAll, describe } from 'vitest';
import { itCarriesEvents } from '../../../../test/support/bus-contract.ts';
import { type TestDatabase, testDatabase } from '../../../../test/support/database.ts';
import { outboxOf } from '../../../../test/support/outbox.ts';
import type { Bus, Envelope } from '../model.ts';

/**
 * With the embedded bus the outbox itself is what carries: who publishes is who emits, and who subscribes is a router that takes pending events,
 * whose one reaction receives.
 */
function embeddedBus(t: TestDatabase): Bus {
  const outbox = outboxOf(t);
  return {
    publisher: {
      async publish(envelopes) {
        await emitAs(t, envelopes);
        return envelopes.map(() => null);
      },
      close: async () => undefined,
    },
    subscriber: {
      async subscribe(receive) {
        const reaction = { name: 'test.receive', react: async (_tx: unknown, envelope: Envelope) => receive([envelope]) };
        const router = outbox.router([], { reactionsTo: () => [reaction], poll_ms: 50 });
        await router.start();
        return { close: () => router.stop() };
      },
    },
  };
}

/** Writes events with the ids that they have already, as `emit` writes new ones. */
async function emitAs(t: TestDatabase, envelopes: readonly Envelope[]): Promise<void> {
  const tenants = [...new Set(envelopes.map(({ tenantid }) => tenantid))];
  await t.superuser(
    `INSERT INTO tenant (tenant_id, name, slug, mode, created_at) SELECT id, id::text, id::text, 'test', now() FROM unnest($1::uuid[]) AS id ON CONFLICT DO NOTHING`,
    [tenants],
  );
  await t.superuser(
    `INSERT INTO billing_events (tenant_id, event_id, type, version, source, aggregate_type, aggregate_id, data, correlation_id, causation_id, created_at,
       recorded_at)
     SELECT (e->>'tenantid')::uuid, (e->>'id')::uuid, e->>'type', (e->>'dataversion')::int, e->>'source', split_part(e->>'subject', '/', 1),
            split_part(e->>'subject', '/', 2), e->'data', e->>'correlationid', e->>'causationid', (e->>'time')::timestamptz,
            (e->>'recordedtime')::timestamptz
       FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS given (e, n) ORDER BY n`,
    [JSON.stringify(envelopes)],
  );
}

describe('the embedded bus', () => {
  let t: TestDatabase;
  beforeAll(async () => {
    t = await testDatabase();
  });

  itCarriesEvents(async () => embeddedBus(t));
});
