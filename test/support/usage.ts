import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Ingest, UsageInput } from '../../src/usage/metering/model.ts';
import { createIngest } from '../../src/usage/metering/service/ingest.ts';
import { beginStoring } from '../../src/usage/metering/sql/generations.ts';
import type { TestDatabase } from './database.ts';

export interface TestUsage {
  ingest: Ingest;
  /** Makes an organization and answers its id. */
  organization(over?: { time_zone?: string; tenant_id?: string }): Promise<string>;
  project(org_id: string): Promise<string>;
  sku(
    sku: string,
    over?: { aggregation?: string; dimensions?: string[]; late_policy?: string; allow_negative?: boolean; tenant_id?: string },
  ): Promise<string>;
  /** Sends events and insists that all are taken. */
  send(events: readonly UsageInput[], over?: { now?: string; tenant_id?: string }): Promise<void>;
}

/** Begins a transaction on a connection of role ingest that has stored one event and not committed. */
export async function storeUncommitted(
  client: pg.ClientBase,
  event: { tenant_id: string; request_id: string; org_id: string; sku: string; quantity: string; time: string },
): Promise<void> {
  const { hot } = await beginStoring(client);
  const { tenant_id, request_id, org_id, sku, quantity, time } = event;
  await client.query(
    `WITH fresh AS (
       INSERT INTO metering_key_${hot % 2} VALUES (metering_key($2, $3), '\\x00112233445566778899aabbccddeeff', sha256('x')) RETURNING salt, leaf)
     INSERT INTO metering_event (gen, tenant_id, request_id, event_id, org_id, sku, quantity, event_time, source, salt, leaf, received_at)
     SELECT $1, $2, $3, gen_random_uuid(), $4, $5, $6, $7, 'backend', salt, leaf, now() FROM fresh`,
    [hot, tenant_id, request_id, org_id, sku, quantity, time],
  );
}

/** What tests of usage need: organizations and SKUs planted past the rooms that own them, and a way in. */
export function testUsage(t: TestDatabase): TestUsage {
  const ingest = createIngest(t.postgres, { queue_events: 200_000 });
  return {
    ingest,
    async organization({ time_zone = 'UTC', tenant_id = t.tenant_id } = {}) {
      const org_id = randomUUID();
      await t.superuser(
        `INSERT INTO organization (tenant_id, org_id, legal_name, org_slug, billing_email, default_timezone, created_at)
         VALUES ($1, $2::uuid, 'An organization', 'org-' || $2::uuid, 'billing@example.com', $3, '2026-01-01T00:00:00Z')`,
        [tenant_id, org_id, time_zone],
      );
      return org_id;
    },
    async project(org_id) {
      const project_id = randomUUID();
      await t.superuser(
        `INSERT INTO project (tenant_id, project_id, org_id, name, created_at) VALUES ($1, $2::uuid, $3, $2::uuid::text, '2026-01-01T00:00:00Z')`,
        [t.tenant_id, project_id, org_id],
      );
      return project_id;
    },
    async sku(
      sku,
      { aggregation = 'sum', dimensions = [], late_policy = 'adjust_next', allow_negative = false, tenant_id = t.tenant_id } = {},
    ) {
      await t.superuser(
        `INSERT INTO product_sku (tenant_id, sku, type, unit, aggregation, dimensions, late_policy, allow_negative, created_at)
         VALUES ($1, $2, 'action', 'unit', $3, $4, $5, $6, '2026-01-01T00:00:00Z')`,
        [tenant_id, sku, aggregation, dimensions, late_policy, allow_negative],
      );
      return sku;
    },
    async send(events, { now = '2026-06-01T00:00:00Z', tenant_id = t.tenant_id } = {}) {
      for (let at = 0; at < events.length; at += 10_000) {
        const part = events.slice(at, at + 10_000);
        const outcome = await ingest.ingestEvents(tenant_id, part, { now: Temporal.Instant.from(now) });
        if (outcome.accepted !== part.length)
          throw new Error(`not all accepted: ${JSON.stringify(outcome.rejected.slice(0, 3))}`);
      }
    },
  };
}
