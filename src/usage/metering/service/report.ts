import type { z } from 'zod';
import { merkleRoot } from '../../../kernel/merkle.ts';
import { utcText } from '../../../kernel/proof.ts';
import { errors } from '../errors.ts';
import type { Ingest, IngestAnswer, IngestOptions, Rejection, SignAck } from '../model.ts';

/** How one call brings its events. */
export interface ReportCall extends Pick<IngestOptions, 'now' | 'org_ids' | 'translate'> {
  tenant_id: string;
  /** Where an event stands in the request, as a JSON pointer. */
  pointerOf(index: number): string;
  with_leaves: boolean;
  /** Since `now`. */
  elapsed_ms(): number;
}

/**
 * Stores the events of one call and signs for them. What was stored stays, should the caller's own transaction not come to its end.
 * Throws `events_all_rejected`, with each rejection, where nothing was taken.
 */
export async function reportUsage(
  { ingest, signAck }: { ingest: Ingest; signAck: SignAck },
  events: readonly unknown[],
  { tenant_id, pointerOf, with_leaves, elapsed_ms, ...options }: ReportCall,
): Promise<z.infer<typeof IngestAnswer>> {
  const { accepted, duplicates, rejected, late, leaves } = await ingest.ingestEvents(tenant_id, events, options);
  if (leaves.length === 0) throw allRejected(rejected, pointerOf);
  // When it was on disk, not when the request came: a bill that was issued in between owes nothing for it.
  const time = utcText(options.now.add({ microseconds: Math.ceil(elapsed_ms() * 1000) }));
  const ack = await signAck(tenant_id, { tenant_id, root: merkleRoot(leaves).toString('hex'), count: leaves.length, time });
  const shown = with_leaves ? { leaves: leaves.map((leaf) => leaf.toString('hex')) } : {};
  return { accepted, duplicates, rejected, late, ack, ...shown };
}

/** What a caller of many events can act on is the list; `errors` names the first of them as any other problem does. */
function allRejected(rejected: readonly Rejection[], pointerOf: ReportCall['pointerOf']) {
  return errors.events_all_rejected({
    detail: `${rejected[0]?.detail ?? ''}${rejected.length > 1 ? ` (and ${rejected.length - 1} more)` : ''}`,
    errors: rejected.slice(0, 20).map(({ index, code, detail }) => ({ pointer: pointerOf(index), code, detail })),
    extensions: { accepted: 0, duplicates: 0, rejected },
  });
}
