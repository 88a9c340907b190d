import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject, MessageInitShape } from '@bufbuild/protobuf';
import type { Postgres } from '../../../platform/postgres.ts';
import { httpErrors } from '../../../platform/problem.ts';
import { callOf, type Rpc } from '../../../platform/rpc.ts';
import { type EventSchema, EventService } from '../../../proto/tallystick/v1/event_pb.ts';
import { errors } from '../errors.ts';
import type { EventEntry } from '../model.ts';
import { followEvents } from '../service/stream.ts';
import { eventsAfter } from '../service.ts';

const batch = 200;
const most_types = 100;
/** How long a stream may say nothing. */
const quiet_ms = 15_000;

const most_streams = 256;
const most_of_tenant = 32;

/** What happened, as a stream. */
export function eventService(rpc: Rpc, { postgres }: { postgres: Postgres }): void {
  const open: string[] = [];
  rpc.serve(
    EventService,
    { streamEvents: 'events:read' },
    {
      async *streamEvents(request, context) {
        const { principal, signal } = callOf(context);
        if (request.types.length > most_types) {
          const detail = `names more than ${most_types} types`;
          throw httpErrors.validation_failed({ detail, errors: [{ pointer: '/types', code: 'too_big', detail }] });
        }
        const query = {
          after_position: request.afterPosition.toString(),
          limit: batch,
          org_ids: principal.org_ids,
          ...(request.types.length > 0 ? { types: request.types } : {}),
        };
        const { tenant_id } = principal;
        if (open.length >= most_streams || open.filter((one) => one === tenant_id).length >= most_of_tenant)
          throw errors.too_many_streams({ headers: { 'retry-after': '30' } });
        open.push(tenant_id);
        try {
          const found = request.follow
            ? withSignsOfLife(followEvents(postgres, principal, query, signal), signal)
            : storedEvents(postgres, principal, query, signal);
          for await (const events of found) yield { events: events.map(messageOf) };
        } finally {
          open.splice(open.indexOf(tenant_id), 1);
        }
      },
    },
  );
}

type Query = Parameters<typeof eventsAfter>[1];
type Asker = { tenant_id: string; now: Temporal.Instant };

async function* storedEvents(postgres: Postgres, asker: Asker, query: Query, signal: AbortSignal): AsyncGenerator<EventEntry[]> {
  let { after_position } = query;
  while (!signal.aborted) {
    const found = await postgres.read(asker, (db) => eventsAfter(db, { ...query, after_position }));
    if (found.length > 0) yield found;
    if (found.length < query.limit) return;
    after_position = found.at(-1)!.position!;
  }
}

/** An empty batch whenever nothing came for a while: a reader, and what stands between, can tell silence from a lost connection. */
async function* withSignsOfLife(batches: AsyncIterable<EventEntry[]>, signal: AbortSignal): AsyncGenerator<EventEntry[]> {
  const source = batches[Symbol.asyncIterator]();
  let next = source.next();
  try {
    while (!signal.aborted) {
      const waiting = new AbortController();
      const quiet = sleep(quiet_ms, null, { signal: waiting.signal }).catch(() => null);
      const came = await Promise.race([next, quiet]);
      waiting.abort();
      if (came === null) {
        yield [];
        continue;
      }
      if (came.done) return;
      yield came.value;
      next = source.next();
    }
  } finally {
    // Whatever it was about to bring has no taker any more.
    next.catch(() => undefined);
    await source.return?.();
  }
}

function messageOf(event: EventEntry): MessageInitShape<typeof EventSchema> {
  return {
    eventId: event.event_id,
    position: BigInt(event.position ?? 0),
    type: event.type,
    version: event.version,
    source: event.source,
    aggregateType: event.aggregate_type,
    aggregateId: event.aggregate_id,
    orgId: event.org_id ?? undefined,
    data: event.data as JsonObject,
    correlationId: event.correlation_id,
    causationId: event.causation_id ?? undefined,
    createdAt: event.created_at,
    publishedAt: event.published_at ?? '',
  };
}
