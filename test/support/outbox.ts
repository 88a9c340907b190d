import type { Envelope, Publisher } from '../../src/foundation/events/model.ts';
import { createDispatcher, type Dispatcher, type DispatcherOptions } from '../../src/foundation/events/service/dispatch.ts';
import type { Reaction } from '../../src/foundation/events/service/react.ts';
import { createRouter, type Router, type RouterOptions } from '../../src/foundation/events/service/route.ts';
import { emit } from '../../src/foundation/events/service.ts';
import type { TestDatabase } from './database.ts';

const log = { warn: () => undefined, error: () => undefined };

/** A row of the outbox as tests look at it. */
export interface Row {
  event_id: string;
  type: string;
  status: string;
  attempts: number;
  position: string | null;
  is_routed: boolean;
  last_error: string | null;
  data: { n: number };
}

/** Dispatchers and routers on a test database, and what they leave in it. */
export function outboxOf(t: TestDatabase) {
  const open: { stop(): Promise<void> }[] = [];
  return {
    /** Gives each event by itself to `publish`. */
    dispatcher(publish: (event: Envelope) => void | Promise<void>, options: Partial<DispatcherOptions> = {}): Dispatcher {
      const made = createDispatcher({ postgres: t.postgres, publisher: { publish: eachOf(publish) }, log, ...options });
      open.push(made);
      return made;
    },
    router(reactions: readonly Reaction[], options: Partial<RouterOptions> = {}): Router {
      const made = createRouter({
        postgres: t.postgres,
        nowOf: async () => t.scope().now,
        reactionsTo: (type) => (type === 'thing.happened' ? reactions : []),
        log,
        takes_pending: true,
        ...options,
      });
      open.push(made);
      return made;
    },
    rows: (order = 'seq') =>
      t.superuser<Row>(
        `SELECT event_id, type, status, attempts, position, routed_at IS NOT NULL AS is_routed, last_error, data FROM billing_events ORDER BY ${order}`,
      ),
    /** Makes what waits for its next attempt, or for the bus, due at once. */
    makeDue: () =>
      t.superuser(`WITH late AS (SELECT tenant_id, event_id FROM billing_events WHERE routed_at IS NULL AND next_attempt_at > now() FOR UPDATE SKIP LOCKED)
                   UPDATE billing_events e SET next_attempt_at = now() FROM late WHERE (e.tenant_id, e.event_id) = (late.tenant_id, late.event_id)`),
    defects: () => t.superuser<{ defect: string }>("SELECT defect FROM audit WHERE defect LIKE 'E%' ORDER BY defect"),
    stop: () => Promise.all(open.splice(0).map((each) => each.stop())),
  };
}

/** A publisher as the bus has it, of one that takes an event after another. */
export function eachOf(publish: (event: Envelope) => void | Promise<void>): Publisher['publish'] {
  return async (envelopes) => {
    const failed = new Set<string>();
    const answers: (Error | null)[] = [];
    for (const envelope of envelopes) {
      const aggregate = `${envelope.tenantid} ${envelope.subject}`;
      let answer: Error | null = failed.has(aggregate) ? new Error('behind one that failed') : null;
      try {
        if (answer === null) await publish(envelope);
      } catch (error) {
        answer = error as Error;
      }
      if (answer !== null) failed.add(aggregate);
      answers.push(answer);
    }
    return answers;
  };
}

export async function until(met: () => Promise<boolean> | boolean, within_ms = 60_000): Promise<void> {
  const deadline = performance.now() + within_ms;
  while (!(await met())) {
    if (performance.now() > deadline) throw new Error(`did not come true within ${within_ms / 1000} seconds`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A reaction that leaves one event for each that it reacts to: doubled effects show. */
export const followOnce: Reaction = {
  name: 'test.follow',
  async react(tx, event) {
    await emit(tx, {
      type: 'thing.followed',
      aggregate_type: 'thing',
      aggregate_id: `after ${event.id}`,
      data: { of: event.id },
    });
  },
};

/** An emission of the test's one type. */
export const happened = (n: number, aggregate_id = 'a') => ({
  type: 'thing.happened',
  aggregate_type: 'thing',
  aggregate_id,
  data: { n },
});
