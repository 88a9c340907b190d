import type { z } from 'zod';
import { assert } from '../../kernel/assert.ts';
import { newId } from '../../kernel/id.ts';
import { decodeCursor, encodeCursor, toPage } from '../../platform/cursor.ts';
import type { Db, Tx } from '../../platform/postgres.ts';
import { errors } from './errors.ts';
import type { EventDefinitions, EventDetail, EventEntry, EventTree } from './model.ts';
import {
  type EventFilter,
  insertEvents,
  insertInbox,
  type PositionQuery,
  selectAfter,
  selectCaused,
  selectCorrelated,
  selectEvent,
  selectEvents,
  selectLastPosition,
  selectReactions,
  selectReactionsOf,
} from './sql/outbox.ts';

/** Something that happened. With a room's list as `Events`, only its types are taken, each with its own data. */
export type Emission<Events extends EventDefinitions = EventDefinitions> = {
  [Type in keyof Events & string]: {
    type: Type;
    /** The schema version of `data`; 1 unless given. */
    version?: Events[Type]['version'];
    aggregate_type: string;
    aggregate_id: string;
    org_id?: string | null;
    data: z.input<Events[Type]['data']>;
  };
}[keyof Events & string];

/**
 * Writes an event in the transaction of the happening, and answers its id: `emit<typeof events>(tx, { type: 'invoice.generated', … })`.
 * Lock the aggregate first where the order of its events matters.
 */
export async function emit<Events extends EventDefinitions = EventDefinitions>(
  tx: Tx,
  emission: Emission<Events>,
): Promise<string> {
  const [event_id] = await emitMany<Events>(tx, [emission]);
  assert(event_id, 'one event was emitted');
  return event_id;
}

/** The same for any number of events, in one statement and in their order. */
export async function emitMany<Events extends EventDefinitions = EventDefinitions>(
  tx: Tx,
  emissions: readonly Emission<Events>[],
): Promise<string[]> {
  if (emissions.length === 0) return [];
  const rows = emissions.map((emission) => ({
    event_id: newId(tx.now),
    type: emission.type,
    version: emission.version ?? 1,
    source: `/tallystick/tenants/${tx.tenant_id}`,
    aggregate_type: emission.aggregate_type,
    aggregate_id: emission.aggregate_id,
    org_id: emission.org_id ?? null,
    data: emission.data,
  }));
  await insertEvents(tx, rows);
  return rows.map((row) => row.event_id);
}

/** Runs the effect of a reaction unless it was had before, and keeps that it was, in the same transaction. Answers whether it ran. */
export async function reactOnce(
  tx: Tx,
  { event_id, recorded_at, name }: { event_id: string; recorded_at: string; name: string },
  effect: () => Promise<void>,
): Promise<boolean> {
  if (!(await insertInbox(tx, { event_id, recorded_at, reaction: name }))) return false;
  await effect();
  return true;
}

export type { PositionQuery } from './sql/outbox.ts';

export type EventQuery = EventFilter & { org_ids: readonly string[] | null; limit: number; cursor?: string };

/** Events with the state of their delivery, newest first. Throws `cursor_invalid`. */
export async function listEvents(db: Db, query: EventQuery): Promise<{ data: EventEntry[]; next_cursor: string | null }> {
  const sort = 'events.seq';
  const [below_seq = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await selectEvents(db, { ...query, below_seq });
  const { data, next_cursor } = toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.seq]));
  return { data: data.map(({ seq: _seq, ...entry }) => entry), next_cursor };
}

/** One event, with the reactions that had their effect and what it caused. Throws `event_not_found`. */
export async function eventDetail(db: Db, event_id: string, org_ids: readonly string[] | null): Promise<EventDetail> {
  const event = await requireEvent(db, event_id, org_ids);
  const reactions = await selectReactions(db, event_id);
  return { ...event, reactions, caused: await selectCaused(db, event_id, { org_ids, limit: 100 }) };
}

const most_in_tree = 1000;

/** Everything of the event's correlation, oldest first. Throws `event_not_found`. */
export async function eventTree(db: Db, event_id: string, org_ids: readonly string[] | null): Promise<EventTree> {
  const { correlation_id } = await requireEvent(db, event_id, org_ids);
  const found = await selectCorrelated(db, correlation_id, { org_ids, limit: most_in_tree + 1 });
  const shown = found.slice(0, most_in_tree);
  const taken = await selectReactionsOf(
    db,
    shown.map((event) => event.event_id),
  );
  const reactions = Map.groupBy(taken, (one) => one.event_id);
  const data = shown.map((event) => ({
    ...event,
    reactions: (reactions.get(event.event_id) ?? []).map(({ reaction, at }) => ({ reaction, at })),
  }));
  return { correlation_id, data, complete: found.length <= most_in_tree };
}

/**
 * What was published after a position, in order of position: who asks for what came after the last one seen misses nothing. Events of archived
 * months are in the document store, and not among these.
 */
export function eventsAfter(db: Db, query: PositionQuery): Promise<EventEntry[]> {
  return selectAfter(db, query);
}

/** The position of the tenant's newest published event; '0' while there is none. */
export function lastPosition(db: Db): Promise<string> {
  return selectLastPosition(db);
}

async function requireEvent(db: Db, event_id: string, org_ids: readonly string[] | null): Promise<EventEntry> {
  const event = await selectEvent(db, event_id, org_ids);
  if (!event) throw errors.event_not_found();
  return event;
}
