import { documentHash } from '../../../kernel/proof.ts';
import type { CorrectionItem, CorrectionRejection } from '../model/corrections.ts';
import type { StoredEvent } from '../model.ts';
import { counterOf, isRejection, parseEvent, type SoundEvent } from './event.ts';

/** A counter-event, and what stands from then on in the place of the event that it takes back. */
export interface CorrectionPair {
  original: StoredEvent;
  counter: SoundEvent;
  replacement: SoundEvent | null;
}

/** The request id of the event that is to be corrected. */
export function correctedId(item: CorrectionItem): string {
  return 'voids' in item ? item.voids : item.amends;
}

/**
 * What a correction stores, or why it cannot be made. `org_ids` are the organizations that the caller may report for, null for all: an
 * event of another is as unknown as one that does not exist. Whether the event was corrected before is the database's to say.
 */
export function planCorrection(
  item: CorrectionItem,
  original: StoredEvent | undefined,
  { index, latest_us, org_ids }: { index: number; latest_us: number; org_ids: ReadonlySet<string> | null },
): CorrectionPair | CorrectionRejection {
  const request_id = correctedId(item);
  const refuse = (code: CorrectionRejection['code'], detail: string): CorrectionRejection => ({
    index,
    request_id,
    code,
    detail,
  });
  if (!original || (org_ids && !org_ids.has(original.org_id)))
    return refuse('event_not_found', 'There is no event with this request_id.');
  if (original.voids != null)
    return refuse('event_is_counter', 'A counter-event is not corrected: report or amend what should stand.');
  const { reason, source } = item;
  if ('voids' in item) {
    return { original, counter: counterOf(original, index, { source, metadata: { reason } }), replacement: null };
  }
  const { amends, reason: _reason, source: _source, request_id: given, ...changes } = item;
  if (Object.keys(changes).length === 0) return refuse('change_missing', 'Say what is different: quantity, amount, time, …');
  const own_id = given ?? replacementId(amends);
  if (own_id === amends) return refuse('request_id_conflict', 'The replacement needs a request_id of its own.');
  const replacement = parseEvent(replacementBody(original, { ...changes, request_id: own_id, source }), index, latest_us, {
    voids: null,
    amends,
    absorbed: original.absorbed,
    replayed: false,
  });
  if (isRejection(replacement)) return { ...replacement, request_id };
  if (org_ids && !org_ids.has(replacement.org_id)) return refuse('org_unknown', 'There is no such organization.');
  return {
    original,
    counter: counterOf(original, index, { source, metadata: { reason, amended_by: own_id } }),
    replacement,
  };
}

function replacementBody(original: StoredEvent, changes: object): object {
  const { absorbed: _absorbed, voids: _voids, amends: _amends, ...body } = original;
  return { ...body, ...changes };
}

/** The request id of a replacement that was given none. */
function replacementId(amends: string): string {
  const long = Buffer.byteLength(amends) > 255 - 'amend:'.length;
  return `amend:${long ? documentHash(amends).toString('hex') : amends}`;
}
