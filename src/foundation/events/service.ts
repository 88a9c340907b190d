import type { z } from 'zod';
import { assert } from '../../kernel/assert.ts';
import { newId } from '../../kernel/id.ts';
import { decodeCursor, encodeCursor, toPage } from '../../platform/cursor.ts';
import type { Db, Tx } from '../../platform/postgres.ts';
import type { EventDefinitions, EventEntry } from './model.ts';
import { type EventFilter, insertEvents, insertInbox, selectEvents } from './sql/outbox.ts';
import { type StreamQuery, selectEventsAfter } from './sql/stream.ts';

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
  reaction: { event_id: string; name: string },
  effect: () => Promise<void>,
): Promise<boolean> {
  if (!(await insertInbox(tx, reaction.event_id, reaction.name))) return false;
  await effect();
  return true;
}

export type EventQuery = EventFilter & { cursor?: string };

/** Events with the state of their delivery, newest first. Throws `cursor_invalid`. */
export async function listEvents(db: Db, query: EventQuery): Promise<{ data: EventEntry[]; next_cursor: string | null }> {
  const sort = 'events.seq';
  const [below_seq = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await selectEvents(db, { ...query, below_seq });
  const { data, next_cursor } = toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.seq]));
  return { data: data.map(({ seq: _seq, ...entry }) => entry), next_cursor };
}

/** What was published after a position, in order: a reader that asks again from the last position it saw misses nothing. */
export function eventsAfter(db: Db, query: StreamQuery): Promise<EventEntry[]> {
  return selectEventsAfter(db, query);
}
