import type { Postgres, Tx } from '../../../platform/postgres.ts';
import type { Envelope } from '../model.ts';
import { reactOnce } from '../service.ts';

/** What a room does when something happened below it, in one transaction of the event's tenant. */
export interface Reaction {
  /** `<room>.<what>`, for ever: the inbox knows the effect by it. */
  name: string;
  react(tx: Tx, event: Envelope): Promise<void>;
}

export interface RouterOptions {
  postgres: Postgres;
  /** The tenant's present. */
  nowOf(tenant_id: string): Promise<Temporal.Instant>;
  reactionsTo(type: string): readonly Reaction[];
}

/**
 * Runs the reactions to an event, each once in effect, however often the event comes. What they emit has the event's correlation, and
 * the event as its cause. One that fails does not keep the others from their effect; then all comes again.
 */
export function createRouter({ postgres, nowOf, reactionsTo }: RouterOptions): (event: Envelope) => Promise<void> {
  return async (event) => {
    const reactions = reactionsTo(event.type);
    if (reactions.length === 0) return;
    const now = await nowOf(event.tenantid);
    const failures: unknown[] = [];
    for (const { name, react } of reactions) {
      const scope = {
        tenant_id: event.tenantid,
        now,
        actor: { kind: 'system' as const, id: name },
        correlation_id: event.correlationid,
        causation_id: event.id,
      };
      try {
        await postgres.transact(scope, (tx) => reactOnce(tx, { event_id: event.id, name }, () => react(tx, event)));
      } catch (error) {
        failures.push(error instanceof Error ? new Error(`${name}: ${error.message}`, { cause: error }) : error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join('; '));
  };
}
