import { recordAudit } from '../../../foundation/audit/service.ts';
import { newId } from '../../../kernel/id.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { errors } from '../errors.ts';
import { qualityRanks, type Review, type ReviewStatus } from '../model/readings.ts';
import type { Meter } from '../model.ts';
import { lockMeter } from '../sql/meters.ts';
import { insertReadings, selectReadsAt, updateReadingState } from '../sql/readings.ts';
import { lockReview, selectReview, selectReviews, updateReview } from '../sql/reviews.ts';
import { settleUsage } from './settle-usage.ts';
import type { UsageDeps } from './tell-usage.ts';

export type Decision = { as: 'accepted' } | { as: 'corrected'; value: string } | { as: 'rejected'; reason: string };

/**
 * Decides about a held reading, once: it counts as it is, another value counts in its place as substituted, or it never counts. What counts becomes
 * usage like any other. Throws `reading_review_not_found`, `reading_review_decided`, `reading_review_stale`.
 */
export async function decideReview(tx: Tx, deps: UsageDeps, review_id: string, decision: Decision): Promise<Review> {
  const { meter_id } = (await requireReview(tx, review_id)).reading;
  // The meter first, as everyone does who changes its readings.
  const meter = await lockMeter(tx, meter_id);
  if (!meter || !(await lockReview(tx, review_id))) throw errors.reading_review_not_found();
  const review = await requireReview(tx, review_id);
  if (review.status !== 'open')
    throw errors.reading_review_decided({ detail: `It was ${review.status} at ${review.decided_at}.` });
  const { reading } = review;
  const corrected_by = decision.as === 'corrected' ? newId(tx.now) : null;
  if (decision.as === 'rejected') await updateReadingState(tx, [reading.reading_id], 'rejected');
  else
    await count(
      tx,
      deps,
      meter,
      review,
      decision.as === 'corrected' ? { reading_id: corrected_by!, value: decision.value } : null,
    );
  const note = decision.as === 'rejected' ? decision.reason : null;
  await updateReview(tx, review_id, { status: decision.as, note, corrected_by });
  await recordAudit(tx, {
    action: `reading_review.${decision.as}`,
    target_type: 'reading_review',
    target_id: review_id,
    before: { status: 'open', reading_id: reading.reading_id, value: reading.value, reasons: review.reasons },
    after: { status: decision.as, corrected_by, note, ...(decision.as === 'corrected' ? { value: decision.value } : {}) },
  });
  return requireReview(tx, review_id);
}

/** Throws `reading_review_not_found`. */
export async function requireReview(db: Db, review_id: string): Promise<Review> {
  const found = await selectReview(db, review_id);
  if (!found) throw errors.reading_review_not_found({ detail: `There is no review ${review_id}.` });
  return found;
}

/** Newest first. Throws `cursor_invalid`. */
export async function listReviews(
  db: Db,
  query: { status?: ReviewStatus | undefined; meter_id?: string | undefined; limit: number; cursor?: string | undefined },
): Promise<{ data: Review[]; next_cursor: string | null }> {
  const sort = 'reading_reviews.review_id';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await selectReviews(db, {
    status: query.status ?? null,
    meter_id: query.meter_id ?? null,
    below,
    limit: query.limit,
  });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.review_id]));
}

/** Makes the held reading count, or another value in its place, and its usage with it. */
async function count(
  tx: Tx,
  deps: UsageDeps,
  meter: Meter,
  { reading }: Review,
  correction: { reading_id: string; value: string } | null,
): Promise<void> {
  const quality = correction === null ? reading.quality : 'substituted';
  const there = await selectReadsAt(tx, meter.meter_id, reading.register, [reading.time]);
  const known = there.filter((one) => one.state === 'counted' && one.is_last === reading.is_last);
  const better = known.find((one) => qualityRanks[one.quality] > qualityRanks[quality]);
  if (better)
    throw errors.reading_review_stale({
      detail: `${better.value} (${better.quality}) counts at ${reading.time} by now; reject this one.`,
    });
  await updateReadingState(
    tx,
    known.map((one) => one.reading_id),
    'superseded',
  );
  await updateReadingState(tx, [reading.reading_id], correction === null ? 'counted' : 'rejected');
  const register = meter.registers.find((one) => one.register === reading.register)!;
  if (correction !== null) {
    const { time, is_last, photo_id } = reading;
    const row = { ...correction, time, is_last, quality, state: 'counted', flags: [], photo_id } as const;
    await insertReadings(tx, { meter_id: meter.meter_id, register: register.register, source: 'manual' }, [row]);
  }
  await settleUsage(tx, deps, { meter, register, times: [reading.time], source: 'manual', first: true, known });
}
