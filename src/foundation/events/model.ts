import { z } from 'zod';
import { page } from '../../platform/schemas.ts';

/** What a room lists in its `events.ts`: `{ 'invoice.generated': { version: 1, data: z.object({ … }) } }`. */
export interface EventDefinition<Data extends z.ZodType = z.ZodType> {
  version: number;
  data: Data;
}
export type EventDefinitions = Readonly<Record<string, EventDefinition>>;

/** An event on its way: CloudEvents 1.0, JSON format. Extension names have no underscore (CloudEvents §3). */
export interface Envelope {
  specversion: '1.0';
  id: string;
  source: string;
  type: string;
  /** `aggregate_type/aggregate_id`. */
  subject: string;
  time: string;
  /** The database's time of the insert (CloudEvents' extension of that name); `time` is the tenant's. */
  recordedtime: string;
  datacontenttype: 'application/json';
  tenantid: string;
  /** The organization that it is about, where it is about one. */
  orgid?: string;
  correlationid: string;
  causationid?: string;
  dataversion: number;
  data: Record<string, unknown>;
}

/** A row of the outbox as the relay reads it. */
export interface EventRow {
  tenant_id: string;
  event_id: string;
  seq: string;
  type: string;
  version: number;
  source: string;
  aggregate_type: string;
  aggregate_id: string;
  org_id: string | null;
  data: Record<string, unknown>;
  correlation_id: string;
  causation_id: string | null;
  created_at: string;
  /** The database's time of the insert, which says the month that keeps the row. */
  recorded_at: string;
  /** How often it failed at the stage that it is in. */
  attempts: number;
}

/** Writes an event of the outbox as its envelope. */
export function envelopeOf(row: EventRow): Envelope {
  return {
    specversion: '1.0',
    id: row.event_id,
    source: row.source,
    type: row.type,
    subject: `${row.aggregate_type}/${row.aggregate_id}`,
    time: row.created_at,
    recordedtime: row.recorded_at,
    datacontenttype: 'application/json',
    tenantid: row.tenant_id,
    ...(row.org_id === null ? {} : { orgid: row.org_id }),
    correlationid: row.correlation_id,
    ...(row.causation_id === null ? {} : { causationid: row.causation_id }),
    dataversion: row.version,
    data: row.data,
  };
}

/** `pending` until the bus has it, `published` until its reactions are through, then `routed`; `dead` from either. */
export const EventStatus = z.enum(['pending', 'published', 'routed', 'dead']);
export type EventStatus = z.infer<typeof EventStatus>;

/** An event as `GET /v1/events` shows it: what happened, and how far its delivery is. */
export const EventEntry = z.object({
  event_id: z.string(),
  type: z.string(),
  version: z.number().int(),
  source: z.string(),
  aggregate_type: z.string(),
  aggregate_id: z.string(),
  org_id: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
  metadata: z.record(z.string(), z.unknown()).meta({ description: 'who set it off, where that is known' }),
  correlation_id: z.string(),
  causation_id: z.string().nullable(),
  status: EventStatus.meta({ description: 'routed: every reaction to it has had its effect; dead: given up, with last_error' }),
  attempts: z.number().int().meta({ description: 'failures at the stage that it is in' }),
  position: z.string().nullable().meta({ description: 'dense per tenant; null until published' }),
  created_at: z.string(),
  published_at: z.string().nullable(),
  routed_at: z.string().nullable(),
  last_error: z.string().nullable(),
});
export type EventEntry = z.infer<typeof EventEntry>;

export const EventPage = page(EventEntry);

const Reactions = z
  .array(z.object({ reaction: z.string(), at: z.string() }))
  .meta({ description: 'that had their effect, each once' });

/** One event with what followed from it. */
export const EventDetail = EventEntry.extend({
  reactions: Reactions,
  caused: z.array(EventEntry).meta({ description: 'the first hundred events whose cause it is' }),
});
export type EventDetail = z.infer<typeof EventDetail>;

/** All events of one correlation, oldest first; `causation_id` joins them to a tree. */
export const EventTree = z.object({
  correlation_id: z.string(),
  data: z.array(EventEntry.extend({ reactions: Reactions })),
  complete: z.boolean().meta({ description: 'false where there are more than a thousand' }),
});
export type EventTree = z.infer<typeof EventTree>;

/** Why an event did not get to the bus, when it is the bus that is away, whatever the event. However long that lasts, no event is dead of it. */
export class Outage extends Error {
  override readonly name = 'Outage';
}

/** The way to the bus. */
export interface Publisher {
  /**
   * Takes envelopes to the bus, those of one aggregate in their order, and answers for each whether the bus has it safely (null) or why
   * not. After the first of an aggregate that failed, none of the same aggregate counts. An envelope may come again, under the same id.
   */
  publish(envelopes: readonly Envelope[]): Promise<readonly (Error | null)[]>;
  close(): Promise<void>;
}

/** The way from the bus. Envelopes come at least once, in any order: the outbox says what is still to be done, and in which order. */
export interface Subscriber {
  /**
   * Hands over what arrives until closed. What `receive` fulfils is acknowledged to the bus; what it rejects comes again. Several
   * processes that subscribe share the work.
   */
  subscribe(receive: (envelopes: readonly Envelope[]) => Promise<void>): Promise<{ close(): Promise<void> }>;
}

/** An existing system that carries events, or none. */
export interface Bus {
  publisher: Publisher;
  /** Null where nothing comes back: `noop`, and `embedded`, where the router reads the outbox itself. */
  subscriber: Subscriber | null;
}
