import { afterAll, describe, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { metered } from '../../../test/support/metered.ts';
import type { RecordedReading, RuleKind } from './model/readings.ts';
import { type Decision, decideReview, listReviews } from './service/reviews.ts';
import { createRule, type NewRule, removeRule } from './service/rules.ts';
import { endOccupancy, listOccupancies } from './service/sites.ts';

const t = await testDatabase();
const m = metered(t);

afterAll(async () => {
  expect(await t.superuser('SELECT * FROM audit')).toEqual([]);
});

const rule = (one: NewRule) => t.transact((tx) => createRule(tx, one));
const reviewOf = async ({ reading_id, meter_id }: RecordedReading) => {
  const { data } = await t.read((db) => listReviews(db, { meter_id, limit: 100 }));
  return data.find((one) => one.reading.reading_id === reading_id)!;
};
const decide = (review_id: string, decision: Decision) => t.transact((tx) => decideReview(tx, m.deps, review_id, decision));
const day = (at: number) => `2025-01-${String(at).padStart(2, '0')}T00:00:00Z`;

/** A counter read daily from 0, by what it gained each day. */
async function daily(meter_id: string, gains: readonly number[]): Promise<RecordedReading> {
  let value = 0;
  let last = await m.read(meter_id, day(1), '0');
  for (const [at, gain] of gains.entries()) {
    value += gain;
    last = await m.read(meter_id, day(at + 2), String(value));
  }
  return last;
}

describe('a rule', () => {
  const cases: [RuleKind, string, number[], number[]][] = [
    ['above_max', '20', [5, 20], [5, 21]],
    ['below_min', '2', [5, 2], [5, 1]],
    // The average of 4, 6 and 5 is 5 a day: 15 is three times as much, 16 is more
    ['spike', '3', [4, 6, 5, 15], [4, 6, 5, 16]],
    ['zeros', '3', [5, 0, 0], [5, 0, 0, 0]],
  ];
  it.each(cases)('%s of %s lets pass what keeps to it, and holds what does not', async (kind, threshold, good, bad) => {
    const { meter_id } = await m.meter();
    await rule({ meter_id, kind, action: 'hold', threshold });
    expect(await daily(meter_id, good)).toMatchObject({ outcome: 'recorded', flags: [] });
    const other = await m.meter();
    await rule({ meter_id: other.meter_id, kind, action: 'hold', threshold });
    expect(await daily(other.meter_id, bad)).toMatchObject({ outcome: 'held', reasons: [{ code: kind }], usage: null });
  });

  it('that only flags counts the reading and says what was broken', async () => {
    const { meter_id } = await m.meter();
    await rule({ meter_id, kind: 'above_max', action: 'accept_and_flag', threshold: '20' });
    expect(await daily(meter_id, [21])).toMatchObject({ outcome: 'recorded', flags: ['above_max'], usage: { quantity: '21' } });
  });

  it('of a meter comes before one of its SKU', async () => {
    const of_sku = await rule({ sku: 'water', kind: 'above_max', action: 'hold', threshold: '20' });
    const strict = await m.meter();
    expect(await daily(strict.meter_id, [21])).toMatchObject({ outcome: 'held' });
    const lenient = await m.meter();
    await rule({ meter_id: lenient.meter_id, kind: 'above_max', action: 'hold', threshold: '30' });
    expect(await daily(lenient.meter_id, [21])).toMatchObject({ outcome: 'recorded' });
    await t.transact((tx) => removeRule(tx, of_sku.rule_id));
    expect(await daily((await m.meter()).meter_id, [21])).toMatchObject({ outcome: 'recorded' });
  });

  it('holds for what cannot be usage without being made, and may be made to flag', async () => {
    const { meter_id } = await m.meter([{ kind: 'interval', every_minutes: 60 }]);
    expect(await m.read(meter_id, day(1), '-1')).toMatchObject({ outcome: 'held', reasons: [{ code: 'negative' }] });
    expect(await m.read(meter_id, '2026-03-01T00:00:01Z', '1')).toMatchObject({ outcome: 'held', reasons: [{ code: 'future' }] });
    expect(await m.read(meter_id, day(2), '1', { unit: 'kWh' })).toMatchObject({
      outcome: 'held',
      reasons: [{ code: 'unit_mismatch' }],
    });
    expect(await m.read(meter_id, day(2), '1500', { unit: 'L' })).toMatchObject({ outcome: 'recorded', value: '1.5' });
    await rule({ meter_id, kind: 'future', action: 'accept_and_flag' });
    expect(await m.read(meter_id, '2026-03-01T00:00:01Z', '2')).toMatchObject({ outcome: 'recorded', flags: ['future'] });
  });

  it('is refused where it says too much or too little', async () => {
    const { meter_id } = await m.meter();
    const ask = (one: object) => m.codeOf(rule({ meter_id, kind: 'spike', action: 'hold', threshold: '3', ...one } as NewRule));
    expect(await ask({ sku: 'water' })).toBe('reading_rule_invalid');
    expect(await ask({ threshold: undefined })).toBe('reading_rule_invalid');
    expect(await ask({ kind: 'negative' })).toBe('reading_rule_invalid');
    expect(await ask({ threshold: '-1' })).toBe('reading_rule_invalid');
    expect(await ask({ kind: 'zeros', threshold: '1.5' })).toBe('reading_rule_invalid');
    expect(await ask({ meter_id: crypto.randomUUID() })).toBe('meter_not_found');
    expect(await ask({})).toBe('done');
    expect(await ask({ threshold: '4' })).toBe('reading_rule_exists');
  });
});

describe('a held reading', () => {
  async function held() {
    const { meter_id } = await m.meter();
    await rule({ meter_id, kind: 'above_max', action: 'hold', threshold: '20' });
    const reading = await daily(meter_id, [5, 50]);
    expect(reading.outcome).toBe('held');
    expect(await m.usage(meter_id)).toEqual(['5 from 2025-01-01']);
    return { meter_id, reading, review: await reviewOf(reading) };
  }

  it('waits once with its reason, what was before it, and who has it', async () => {
    const { meter_id, reading, review } = await held();
    expect(review).toMatchObject({
      status: 'open',
      unit: 'm3',
      reasons: [{ code: 'above_max', detail: '50 m3 is above 20' }],
      reading: { value: '55', time: day(3), state: 'held' },
      before: { time: day(2), value: '5' },
    });
    expect(await m.read(meter_id, day(3), '55')).toMatchObject({ outcome: 'unchanged', reading_id: reading.reading_id });
    await expect(
      t.superuser(
        `INSERT INTO reading_review (tenant_id, review_id, reading_id, reasons, created_at)
         SELECT tenant_id, gen_random_uuid(), reading_id, reasons, created_at FROM reading_review WHERE review_id = $1`,
        [review.review_id],
      ),
    ).rejects.toThrow('reading_review_open_once');
  });

  it('counts and is metered once it is accepted', async () => {
    const { meter_id, review } = await held();
    expect(await decide(review.review_id, { as: 'accepted' })).toMatchObject({
      status: 'accepted',
      reading: { state: 'counted', usage: { quantity: '50' } },
    });
    expect(await m.usage(meter_id)).toEqual(['5 from 2025-01-01', '50 from 2025-01-02']);
    expect(await m.metered(meter_id)).toEqual(['5 from 2025-01-01', '50 from 2025-01-02']);
    expect(await m.codeOf(decide(review.review_id, { as: 'rejected', reason: 'No' }))).toBe('reading_review_decided');
  });

  it('is put right by another value, which counts as substituted', async () => {
    const { meter_id, review } = await held();
    const decided = await decide(review.review_id, { as: 'corrected', value: '15' });
    expect(decided).toMatchObject({ status: 'corrected', reading: { state: 'rejected' } });
    expect(await m.usage(meter_id)).toEqual(['5 from 2025-01-01', '10 from 2025-01-02']);
    const now = await t.superuser('SELECT quality, state FROM meter_reading WHERE reading_id = $1', [decided.corrected_by]);
    expect(now).toEqual([{ quality: 'substituted', state: 'counted' }]);
    expect(await m.read(meter_id, day(3), '14')).toMatchObject({ outcome: 'replaced', usage: { quantity: '9' } });
  });

  it('never counts once it is rejected', async () => {
    const { meter_id, review } = await held();
    await decide(review.review_id, { as: 'rejected', reason: 'Read from another meter' });
    expect(await m.usage(meter_id)).toEqual(['5 from 2025-01-01']);
    const entries = await t.superuser("SELECT action, after->>'note' AS note FROM audit_log WHERE target_id = $1", [
      review.review_id,
    ]);
    expect(entries).toEqual([{ action: 'reading_review.rejected', note: 'Read from another meter' }]);
  });

  it('of two who decide at once is decided by one', async () => {
    const { review } = await held();
    const two = await Promise.all([
      m.codeOf(decide(review.review_id, { as: 'accepted' })),
      m.codeOf(decide(review.review_id, { as: 'rejected', reason: 'No' })),
    ]);
    expect(two.sort()).toEqual(['done', 'reading_review_decided']);
  });

  it('that a better one has overtaken is not accepted any more', async () => {
    const { meter_id } = await m.meter();
    await rule({ meter_id, kind: 'above_max', action: 'hold', threshold: '20' });
    await m.read(meter_id, day(1), '0');
    const estimate = await m.read(meter_id, day(2), '50', { quality: 'estimated' });
    await m.read(meter_id, day(2), '10');
    const { review_id } = await reviewOf(estimate);
    expect(await m.codeOf(decide(review_id, { as: 'accepted' }))).toBe('reading_review_stale');
    expect(await m.codeOf(decide(review_id, { as: 'rejected', reason: 'Overtaken' }))).toBe('done');
  });

  it('that counts backwards tells of no usage when it is accepted, and the next is counted from it', async () => {
    const { meter_id } = await m.meter();
    await daily(meter_id, [10]);
    const fallen = await m.read(meter_id, day(3), '3');
    await decide((await reviewOf(fallen)).review_id, { as: 'accepted' });
    await m.read(meter_id, day(4), '8');
    // 10 − 0; nothing from 10 to 3; 8 − 3
    expect(await m.usage(meter_id)).toEqual(['10 from 2025-01-01', '5 from 2025-01-03']);
  });

  it('of a time when nobody was there is nobody’s usage when it is accepted', async () => {
    const { meter_id, site_id } = await m.meter();
    const [only] = await t.read((db) => listOccupancies(db, site_id));
    await t.transact((tx) => endOccupancy(tx, site_id, only!.occupancy_id, day(2)));
    const empty = await daily(meter_id, [10, 4]);
    expect(empty).toMatchObject({ outcome: 'held', reasons: [{ code: 'no_occupant' }] });
    await decide((await reviewOf(empty)).review_id, { as: 'accepted' });
    expect(await m.usage(meter_id)).toEqual(['10 from 2025-01-01']);
  });
});
