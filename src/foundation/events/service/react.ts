import { clock } from '../../../platform/clock.ts';
import { failpoint } from '../../../platform/failpoint.ts';
import type { Postgres, Tx } from '../../../platform/postgres.ts';
import { type Envelope, type EventRow, envelopeOf } from '../model.ts';
import { reactOnce } from '../service.ts';

/** What a room does when something happened below it, in one transaction of the event's tenant. */
export interface Reaction {
  /** `<room>.<what>`, for ever: the inbox knows the effect by it. */
  name: string;
  /** Pure and cheap: false where there is nothing to do for this event, which then costs no transaction. */
  concerns?(event: Envelope): boolean;
  /**
   * Of these tenants, those for whom there may be something to do, asked of the database once for many events, and after the commit of each of
   * them. An event of any other costs no transaction.
   */
  tenantsConcerned?(postgres: Postgres, tenant_ids: readonly string[]): Promise<ReadonlySet<string>>;
  react(tx: Tx, event: Envelope): Promise<void>;
}

export interface ReactionContext {
  postgres: Postgres;
  /** The tenant's present. */
  nowOf(tenant_id: string): Promise<Temporal.Instant>;
}

/** How long a present that was read is that of other events, too. */
const shared_ms = 50;

/**
 * The present of tenants, read once for events that were taken together. It is never older than the taking: a test clock that was turned before an
 * event was emitted is seen by what reacts to it.
 */
export function sharedPresent(
  nowOf: ReactionContext['nowOf'],
): (tenant_id: string, taken_ms: number) => Promise<Temporal.Instant> {
  const read = new Map<string, { began_ms: number; now: Promise<Temporal.Instant> }>();
  return (tenant_id, taken_ms) => {
    const known = read.get(tenant_id);
    const at_ms = clock.monotonic_ms();
    if (known && known.began_ms >= taken_ms && at_ms - known.began_ms < shared_ms) return known.now;
    const now = nowOf(tenant_id);
    read.delete(tenant_id);
    read.set(tenant_id, { began_ms: at_ms, now });
    for (const [oldest, { began_ms }] of read) {
      if (at_ms - began_ms < shared_ms) break;
      read.delete(oldest);
    }
    return now;
  };
}

/** By the name of a reaction, the tenants that it concerns; one that is not here concerns all. */
export type ConcernedTenants = ReadonlyMap<string, ReadonlySet<string>>;

/** Asks each reaction to any of the events which of their tenants it concerns. */
export async function tenantsConcerned(
  postgres: Postgres,
  events: readonly Pick<EventRow, 'type' | 'tenant_id'>[],
  reactionsTo: (type: string) => readonly Reaction[],
): Promise<ConcernedTenants> {
  const asking = new Set([...new Set(events.map(({ type }) => type))].flatMap(reactionsTo));
  const tenant_ids = [...new Set(events.map(({ tenant_id }) => tenant_id))];
  const found = new Map<string, ReadonlySet<string>>();
  for (const reaction of asking) {
    if (reaction.tenantsConcerned) found.set(reaction.name, await reaction.tenantsConcerned(postgres, tenant_ids));
  }
  return found;
}

/** The reactions among `all` that have something to do for the event. */
export function concerned(all: readonly Reaction[], event: Envelope, tenants: ConcernedTenants): readonly Reaction[] {
  return all.filter(
    (reaction) => (tenants.get(reaction.name)?.has(event.tenantid) ?? true) && (reaction.concerns?.(event) ?? true),
  );
}

/**
 * Runs reactions to an event, each once in effect, however often the event comes. What they emit has the event's correlation, and
 * the event as its cause. One that fails does not keep the others from their effect; then an error names all that failed.
 */
export async function runReactions(
  { postgres, nowOf }: ReactionContext,
  row: EventRow,
  reactions: readonly Reaction[],
): Promise<void> {
  const event = envelopeOf(row);
  const { tenant_id, event_id, recorded_at } = row;
  const now = await nowOf(tenant_id);
  const failures: unknown[] = [];
  for (const { name, react } of reactions) {
    const scope = {
      tenant_id,
      now,
      actor: { kind: 'system' as const, id: name },
      correlation_id: row.correlation_id,
      causation_id: event_id,
    };
    try {
      await postgres.transact(scope, async (tx) => {
        const is_first = await reactOnce(tx, { event_id, recorded_at, name }, () => react(tx, event));
        if (is_first) failpoint('router.effect-not-committed');
      });
    } catch (error) {
      failures.push(error instanceof Error ? new Error(`${name}: ${error.message}`, { cause: error }) : error);
    }
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join('; '));
  failpoint('router.effect-committed-not-marked');
}
