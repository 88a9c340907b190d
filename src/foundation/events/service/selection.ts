import type { Db } from '../../../platform/postgres.ts';
import { type Envelope, envelopeOf } from '../model.ts';
import {
  countHad,
  countSelected,
  type EventSelection,
  type EventSpan,
  selectHad,
  selectKnown,
  selectLastSeq,
  selectSelected,
} from '../sql/selection.ts';

export type { EventSelection, EventSpan };

/** A reaction, as far as it can be foreseen. */
export interface ForeseenReaction {
  name: string;
  /** False where there is nothing to do for the event. */
  concerns?: ((event: Envelope) => boolean) | undefined;
  /** False where there is nothing to do for any event of the tenant. */
  concernsTenant?: ((tenant_id: string) => Promise<boolean>) | undefined;
}

export interface ForeseenType {
  type: string;
  events: number;
  dead: number;
  reactions: { reaction: string; had: number; would_run: number }[];
}

/** What sending the events again comes to, by type and reaction: for how many each had its effect, and for how many it would run. */
export async function foresee(
  db: Db,
  selection: EventSelection,
  { span, reactionsTo }: { span: EventSpan; reactionsTo: (type: string) => readonly ForeseenReaction[] },
): Promise<ForeseenType[]> {
  const counts = await countSelected(db, selection, span);
  const had = new Map((await countHad(db, selection, span)).map((row) => [`${row.type} ${row.reaction}`, row.had]));
  const judged = new Map<string, number>();
  const particular = counts.filter(({ type }) => reactionsTo(type).some(({ concerns }) => concerns !== undefined));
  if (particular.length > 0) {
    const types = particular.map(({ type }) => type);
    for await (const [name, count] of judge(db, { ...selection, types }, { span, reactionsTo })) judged.set(name, count);
  }
  const idle = new Set<string>();
  for (const { name, concernsTenant } of new Set(counts.flatMap(({ type }) => reactionsTo(type)))) {
    if (concernsTenant && !idle.has(name) && !(await concernsTenant(db.tenant_id))) idle.add(name);
  }
  return counts.map(({ type, events, dead }) => ({
    ...{ type, events, dead },
    reactions: reactionsTo(type).flatMap(({ name, concerns }) => {
      const done = had.get(`${type} ${name}`) ?? 0;
      const left = concerns ? (judged.get(`${type} ${name}`) ?? 0) : events - done;
      if (!idle.has(name)) return [{ reaction: name, had: done, would_run: left }];
      return done === 0 ? [] : [{ reaction: name, had: done, would_run: 0 }];
    }),
  }));
}

/** Ids in the order of emission, with where each stands, at most `limit`. */
export async function selectedEvents(
  db: Db,
  selection: EventSelection,
  span: EventSpan & { limit: number },
): Promise<{ event_id: string; seq: string }[]> {
  const rows = await selectSelected(db, selection, span);
  return rows.map(({ event_id, seq }) => ({ event_id, seq }));
}

/** Which of some ids are events of the tenant, in whatever state. */
export async function knownEvents(db: Db, event_ids: readonly string[]): Promise<Set<string>> {
  return new Set(await selectKnown(db, event_ids));
}

/** Up to where the outbox goes now: what is emitted later is not in a span that ends there. */
export function lastSeq(db: Db): Promise<string> {
  return selectLastSeq(db);
}

const page_size = 1000;

/** For reactions that look at the event itself: how many of the events they have not had they would run for. */
async function* judge(
  db: Db,
  selection: EventSelection,
  { span, reactionsTo }: { span: EventSpan; reactionsTo: (type: string) => readonly ForeseenReaction[] },
): AsyncGenerator<[string, number]> {
  const counts = new Map<string, number>();
  for (let { after_seq } = span, more = true; more; ) {
    const rows = await selectSelected(db, selection, { ...span, after_seq, limit: page_size });
    const ids = rows.map((row) => row.event_id);
    const had = new Set((await selectHad(db, ids)).map(({ event_id, reaction }) => `${event_id} ${reaction}`));
    for (const row of rows)
      for (const { name, concerns } of reactionsTo(row.type))
        if (concerns?.(envelopeOf(row)) && !had.has(`${row.event_id} ${name}`))
          counts.set(`${row.type} ${name}`, (counts.get(`${row.type} ${name}`) ?? 0) + 1);
    more = rows.length === page_size;
    after_seq = rows.at(-1)?.seq ?? after_seq;
  }
  yield* counts;
}
