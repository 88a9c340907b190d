import type { Clock } from '../../../platform/clock.ts';
import type { Postgres } from '../../../platform/postgres.ts';
import { recordAudit } from '../../audit/service.ts';
import { tenantNow } from '../../tenancy/model.ts';
import { requireTenant } from '../../tenancy/service.ts';
import type { EndpointLookup } from '../sql/endpoints.ts';

/** How long the next entry about an endpoint waits; what is refused meanwhile is counted in it. */
const quiet_ms = 60_000;
/** Endpoints that are remembered; more of them under attack at once are told of more often. */
const most_endpoints = 10_000;

export interface Refusals {
  /** Puts on record that a message was refused; at most once a minute for an endpoint, however many are sent. */
  note(endpoint: Pick<EndpointLookup, 'tenant_id' | 'endpoint_id' | 'name'>, reason: string): Promise<void>;
}

export function createRefusals({ postgres, clock }: { postgres: Postgres; clock: Clock }): Refusals {
  const told = new Map<string, { at_ms: number; since: number }>();
  return {
    async note({ tenant_id, endpoint_id, name }, reason) {
      const at_ms = clock.now().epochMilliseconds;
      const last = told.get(endpoint_id);
      if (last && at_ms - last.at_ms < quiet_ms) {
        last.since += 1;
        return;
      }
      if (told.size >= most_endpoints) told.clear();
      told.set(endpoint_id, { at_ms, since: 0 });
      const wall = clock.now();
      const now = tenantNow(await postgres.read({ tenant_id, now: wall }, requireTenant), wall);
      await postgres.transact({ tenant_id, now, actor: { kind: 'system', id: endpoint_id, name } }, (tx) =>
        recordAudit(tx, {
          action: 'inbound_endpoint.refused',
          target_type: 'inbound_endpoint',
          target_id: endpoint_id,
          before: null,
          after: { reason, refused_since_last_entry: (last?.since ?? 0) + 1 },
        }),
      );
    },
  };
}
