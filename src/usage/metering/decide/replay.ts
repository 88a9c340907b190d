import { counterEventId } from '../../../kernel/proof.ts';
import type { RejectionCode, StoredEvent } from '../model.ts';
import { counterOf, isRejection, type ParsedEvent, parseEvent } from './event.ts';

/** The request ids that an event to be brought back needs to find stored: those of what it voids or amends. */
export function neededBy(input: unknown): string[] {
  const { voids, amends } = linksOf(input);
  if (voids !== null) return [voids];
  return amends === null ? [] : [amends, counterEventId(amends)];
}

/**
 * Checks one event that is brought back. It has the members of an event as it is sent, `voids` or `amends`, and may have what the server
 * adds to it, which is not read. `known`: the stored events among `neededBy`. A counter-event is taken if it is its event's exact opposite,
 * a replacement if the counter-event of its event names it, so that there is one at most.
 */
export function parseReplayed(
  input: unknown,
  index: number,
  latest_us: number,
  known: ReadonlyMap<string, StoredEvent>,
): ParsedEvent {
  const { voids, amends, body } = linksOf(input);
  const of = voids ?? amends;
  const original = of === null ? undefined : known.get(of);
  const role = { voids, amends, absorbed: original?.absorbed ?? (of === null ? null : false), replayed: true };
  const parsed = parseEvent(body, index, latest_us, role);
  if (isRejection(parsed) || of === null) return parsed;
  const refuse = (code: RejectionCode, detail: string) => ({ index, request_id: parsed.request_id, code, detail });
  if (voids !== null && amends !== null) return refuse('field_invalid', 'An event has either voids or amends.');
  const taken_back_by = amends === null ? undefined : known.get(counterEventId(amends));
  if (!original || (amends !== null && taken_back_by?.voids !== amends))
    return refuse('event_not_found', `What it corrects is not stored: ${of}.`);
  if (voids === null) {
    return taken_back_by?.metadata?.amended_by === parsed.request_id
      ? parsed
      : refuse('field_invalid', `It is not what ${of} was amended by.`);
  }
  const metadata = parsed.replayed?.metadata ?? null;
  const counter = counterOf(original, index, { source: 'replay', metadata });
  const opposite = original.voids === null && parsed.readings.some((each) => each.canonical === counter.readings[0]!.canonical);
  if (!opposite) return refuse('field_invalid', `It is not the opposite of ${of}, which it voids.`);
  return { ...counter, replayed: { ...parsed.replayed!, quantity: counter.readings[0]!.quantity } };
}

function linksOf(input: unknown): { voids: string | null; amends: string | null; body: unknown } {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return { voids: null, amends: null, body: input };
  const {
    event_id: _event,
    leaf: _leaf,
    received_at: _received,
    source: _source,
    voids,
    amends,
    ...body
  } = input as Record<string, unknown>;
  const id = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null);
  return { voids: id(voids), amends: id(amends), body };
}
