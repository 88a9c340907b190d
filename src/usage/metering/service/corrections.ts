import type { z } from 'zod';
import { newId } from '../../../kernel/id.ts';
import { counterEventId } from '../../../kernel/proof.ts';
import type { Db, Postgres, Tx } from '../../../platform/postgres.ts';
import { type CorrectionPair, correctedId, planCorrection } from '../decide/correction.ts';
import { microseconds } from '../decide/event.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import type { CorrectionItem, CorrectionRejection, MeteringEventDetail } from '../model/corrections.ts';
import type { LatePolicy, MeteringEvent } from '../model.ts';
import {
  type CorrectionScope,
  insertCorrectionRecords,
  insertCorrectionReport,
  type LinkedEventRow,
  selectLinkedEvents,
  selectOriginals,
} from '../sql/corrections.ts';
import { type PairVerdict, writePairs } from './correction-write.ts';
import { refusalDetails } from './ingest.ts';
import { inFlush } from './ingest-write.ts';

/** What became of the corrections of one call. Everything counted as accepted or duplicate is on disk. */
export interface CorrectionOutcome {
  /** Made now. */
  accepted: number;
  /** Made before with the same body, or sent twice in the call. */
  duplicates: number;
  /** By index, ascending. */
  rejected: CorrectionRejection[];
  /** New events of periods that are billed. */
  late: { request_id: string; late_policy: LatePolicy }[];
  /** Of the accepted and the duplicate corrections, by index: the counter-event's, and the replacement's where there is one. */
  leaves: Buffer[];
}

/**
 * Takes events back, and puts others in their place, each correction whole or not at all, with the audit's entries and the outbox in the
 * same transaction. That transaction is ingest's own, as `tx` may not store usage: what was stored stays, should `tx` not come to its end.
 * `items` may hold rejections of what could not be read; they are answered as they are. `org_ids`: null for all of the tenant's.
 */
export async function correctEvents(
  postgres: Postgres,
  tx: Tx,
  items: readonly (CorrectionItem | CorrectionRejection)[],
  org_ids: readonly string[] | null,
): Promise<CorrectionOutcome> {
  const readable = items.flatMap((item) => (isRejection(item) ? [] : [item]));
  const originals = new Map(
    (await selectOriginals(tx, [...new Set(readable.map(correctedId))])).map((event) => [event.request_id, event]),
  );
  const given = { latest_us: microseconds(tx.now.add({ hours: 24 })), org_ids: org_ids && new Set(org_ids) };
  const plans = items.map((item, index) =>
    isRejection(item) ? item : planCorrection(item, originals.get(correctedId(item)), { ...given, index }),
  );
  const pairs = plans.flatMap((plan) => (isRejection(plan) ? [] : [plan]));
  const verdicts = new Map(await storeCorrections(postgres, tx, pairs));
  const outcome: CorrectionOutcome = { accepted: 0, duplicates: 0, rejected: [], late: [], leaves: [] };
  for (const plan of plans) {
    const rejection = isRejection(plan) ? plan : rejectionOf(plan, verdicts.get(plan)!);
    if (rejection) outcome.rejected.push(rejection);
    else if (!isRejection(plan)) count(outcome, plan, verdicts.get(plan)!);
  }
  return outcome;
}

/** One event and what became of it. Throws `event_not_found`, also for an event of an organization that is none of `org_ids`. */
export async function eventDetail(db: Db, request_id: string, org_ids: readonly string[] | null): Promise<MeteringEventDetail> {
  const found = new Map(
    (await selectLinkedEvents(db, [request_id, counterEventId(request_id)])).map((row) => [row.request_id, row]),
  );
  const event = found.get(request_id);
  if (!event || !(org_ids === null || org_ids.includes(event.org_id)))
    throw errors.event_not_found({ detail: 'There is no event with this request_id.' });
  const counter = found.get(counterEventId(request_id));
  const reason = (counter ?? (event.voids === null ? undefined : event))?.metadata?.reason;
  return {
    ...shown(event),
    stands: event.voids === null && counter === undefined,
    voided_by: counter?.request_id ?? null,
    amended_by: event.amended_by,
    reason: typeof reason === 'string' ? reason : null,
  };
}

/** The counter-event of an event that was corrected, and what stands in its place. */
export async function correctionOf(
  db: Db,
  request_id: string,
): Promise<{ counter: MeteringEvent; replacement: MeteringEvent | null }> {
  const [event] = await selectLinkedEvents(db, [request_id]);
  const replaced = event?.amended_by ?? null;
  const rows = await selectLinkedEvents(db, [counterEventId(request_id), ...(replaced === null ? [] : [replaced])]);
  const found = new Map(rows.map((row) => [row.request_id, shown(row)]));
  return {
    counter: found.get(counterEventId(request_id))!,
    replacement: replaced === null ? null : (found.get(replaced) ?? null),
  };
}

type Corrected = z.input<(typeof events)['usage.corrected']['data']>;
type Stored = [pair: CorrectionPair, verdict: PairVerdict];

async function storeCorrections(postgres: Postgres, tx: Tx, pairs: readonly CorrectionPair[]): Promise<Stored[]> {
  if (pairs.length === 0) return [];
  return inFlush(postgres, async (storing) => {
    const verdicts = await writePairs(storing, tx.tenant_id, pairs, tx.now);
    const stored = pairs.map((pair, at): Stored => [pair, verdicts[at]!]);
    const made = stored.filter(([, verdict]) => verdict.counter.outcome === 'accepted' && isWhole(verdict));
    if (made.length === 0) return stored;
    const scope = scopeOf(tx);
    await insertCorrectionRecords(
      storing.client,
      scope,
      made.map(([pair]) => recordOf(pair, tx.now)),
    );
    const amended = made.filter(([pair]) => pair.replacement !== null).length;
    const data = { voided: made.length - amended, amended } satisfies Corrected;
    await insertCorrectionReport(storing.client, scope, { event_id: newId(tx.now), type: 'usage.corrected', version: 1, data });
    return stored;
  });
}

function scopeOf({ tenant_id, now, actor, request_id, correlation_id }: Tx): CorrectionScope {
  return { tenant_id, at: now.toString(), actor, request_id, correlation_id };
}

function recordOf({ original, counter, replacement }: CorrectionPair, now: Temporal.Instant) {
  const { absorbed: _absorbed, ...before } = original;
  return {
    audit_id: newId(now),
    action: replacement ? ('usage_event.amended' as const) : ('usage_event.voided' as const),
    request_id: original.request_id,
    org_id: original.org_id,
    before: JSON.stringify(before),
    after: JSON.stringify({
      voided_by: counter.request_id,
      ...JSON.parse(counter.metadata ?? '{}'),
      ...(replacement ? { replacement: JSON.parse(replacement.readings[0]!.canonical) } : {}),
    }),
  };
}

/** True where all of the pair is stored, now or before. */
function isWhole({ counter, replacement }: PairVerdict): boolean {
  return counter.outcome !== 'refused' && (replacement === null || replacement.outcome === counter.outcome);
}

function rejectionOf({ original, counter: { index }, replacement }: CorrectionPair, verdict: PairVerdict) {
  if (isWhole(verdict)) return undefined;
  const { request_id } = original;
  const refuse = (code: CorrectionRejection['code'], detail: string): CorrectionRejection => ({
    index,
    request_id,
    code,
    detail,
  });
  const { counter, replacement: replaced } = verdict;
  if (counter.outcome === 'duplicate' || (counter.outcome === 'refused' && counter.refusal === 'request_id_conflict')) {
    return refuse('event_corrected', `The event was taken back before, by ${counterEventId(request_id)}.`);
  }
  const refusal =
    counter.outcome === 'refused' ? counter.refusal : replaced?.outcome === 'refused' ? replaced.refusal : undefined;
  if (refusal === undefined || refusal === 'request_id_conflict')
    return refuse('request_id_conflict', `The request_id ${replacement?.request_id} was used before for another event.`);
  return refuse(refusal, refusalDetails[refusal]);
}

function count(outcome: CorrectionOutcome, pair: CorrectionPair, verdict: PairVerdict): void {
  if (verdict.counter.outcome === 'accepted') outcome.accepted += 1;
  else outcome.duplicates += 1;
  for (const [event, each] of [
    [pair.counter, verdict.counter],
    [pair.replacement, verdict.replacement],
  ] as const) {
    if (!event || !each || each.outcome === 'refused') continue;
    outcome.leaves.push(each.leaf);
    if (each.outcome === 'accepted' && each.late_policy !== null)
      outcome.late.push({ request_id: event.request_id, late_policy: each.late_policy });
  }
}

function shown({ xid: _xid, amended_by: _amended_by, leaf, ...event }: LinkedEventRow): MeteringEvent {
  return { ...event, leaf: leaf.toString('hex') };
}

function isRejection(plan: CorrectionItem | CorrectionPair | CorrectionRejection): plan is CorrectionRejection {
  return 'code' in plan;
}
