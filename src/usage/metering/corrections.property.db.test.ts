import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { testUsage } from '../../../test/support/usage.ts';
import { add, compare, formatDecimal, parseDecimal, sumDecimals } from '../../kernel/decimal.ts';
import { compareEvents, type UsageEvent } from '../../kernel/proof.ts';
import type { UsageTake } from './model.ts';
import { correctEvents } from './service/corrections.ts';
import { rollUp } from './service/rollup.ts';
import { usageOf } from './service/usage.ts';
import { settledWatermark } from './service/watermark.ts';
import { takeUsage } from './service.ts';

const t = await testDatabase();
const usage = testUsage(t);
const now = Temporal.Instant.from('2026-06-01T00:00:00Z');

/** The model keeps each event, when it came (a number of our own that grows), and when it was taken back. */
interface Known {
  event: UsageEvent;
  came: number;
  ended: number;
}

beforeAll(async () => {
  await usage.sku('energy');
});

/** Takes the event back; answers what stands in its place. */
async function correct(
  of: UsageEvent,
  change: { quantity: string; time: string } | null,
  number: number,
): Promise<UsageEvent | null> {
  const said = { reason: `number ${number}`, source: 'manual' as const };
  const item = change ? { ...said, ...change, amends: of.request_id } : { ...said, voids: of.request_id };
  const outcome = await t.transact((tx) => correctEvents(t.postgres, tx, [item], null), { now });
  expect(outcome).toMatchObject({ accepted: 1, rejected: [] });
  return change && { ...of, ...change, request_id: `amend:${of.request_id}` };
}

const minutes = fc.nat(3 * 1440 - 1);
const quantity = fc.integer({ min: 0, max: 5000 }).map((thousandths) => formatDecimal(parseDecimal(`${thousandths / 1000}`)));
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      events: fc.array(fc.record({ minute: minutes, quantity }), { minLength: 1, maxLength: 12 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('void' as const), which: fc.nat(1000) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('amend' as const), which: fc.nat(1000), minute: fc.option(minutes), quantity }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('mark' as const), roll: fc.boolean() }) },
);
const moment = (minute: number) => Temporal.Instant.from('2026-05-01T00:00:00Z').add({ minutes: minute }).toString();

it('counts, sums and finds the extremes of what stands, whatever was taken back and replaced when', {
  timeout: 240_000,
}, async () => {
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 25 }), async (steps) => {
      round += 1;
      const org_id = await usage.organization();
      const known: Known[] = [];
      const marks: { at: number; watermark: string }[] = [{ at: 0, watermark: '0' }];
      let at = 0;
      const mark = async (roll: boolean) => {
        const watermark = await settledWatermark(t.postgres);
        if (roll) await rollUp(t.postgres, t.tenant_id, watermark, now);
        marks.push({ at: at + 1, watermark });
      };
      for (const each of steps) {
        at += 1;
        if (each.kind === 'mark') {
          await mark(each.roll);
        } else if (each.kind === 'send') {
          const events = each.events.map((one, place) => ({
            request_id: `${round}-${at}-${place}`,
            org_id,
            sku: 'energy',
            quantity: one.quantity,
            time: moment(one.minute),
            source: 'backend' as const,
          }));
          await usage.send(events);
          known.push(...events.map((event) => ({ event, came: at, ended: Number.POSITIVE_INFINITY })));
        } else {
          const standing = known.filter((one) => one.ended > at);
          if (standing.length === 0) continue;
          const one = standing[each.which % standing.length]!;
          const change =
            each.kind === 'void'
              ? null
              : { quantity: each.quantity, time: each.minute === null ? one.event.time : moment(each.minute) };
          const replacement = await correct(one.event, change, at);
          one.ended = at;
          if (replacement) known.push({ event: replacement, came: at, ended: Number.POSITIVE_INFINITY });
        }
      }
      at += 1;
      await mark(true);

      // Every day alone and all three together, between every two marks: first and last of a mark included.
      const days = ['2026-05-01', '2026-05-02', '2026-05-03', '2026-05-04'].map((day) => `${day}T00:00:00Z`);
      const spans = [
        [0, 1],
        [1, 2],
        [2, 3],
        [0, 3],
      ] as const;
      const asked = marks.flatMap((from, first) =>
        marks.slice(first + 1).flatMap((to) => spans.map(([start, end]) => ({ from, to, start: days[start]!, end: days[end]! }))),
      );
      const takes = asked.map(
        ({ from, to, start, end }): UsageTake => ({
          org_id,
          sku: 'energy',
          time_zone: 'UTC',
          rectangles: [{ from: start, to: end, arrived_from: from.watermark, arrived_to: to.watermark }].filter(
            (each) => each.arrived_from !== each.arrived_to,
          ),
        }),
      );
      const taken = await t.read((db) => takeUsage(db, takes));
      for (const [place, { from, to, start, end }] of asked.entries()) {
        if (takes[place]!.rectangles.length === 0) continue;
        const inside = (moment_of: number) => moment_of >= from.at && moment_of < to.at;
        const mine = known.filter(({ event }) => compareEvents(event, { time: start, request_id: '' }) >= 0 && event.time < end);
        const came = mine.filter((one) => inside(one.came));
        const ended = mine.filter((one) => inside(one.ended));
        const stands = came.filter((one) => !inside(one.ended)).sort((a, b) => compareEvents(a.event, b.event));
        const quantities = stands.map(({ event }) => parseDecimal(event.quantity!));
        const ordered = [...quantities].sort(compare);
        const text = (found: typeof quantities) => (found.length === 0 ? null : formatDecimal(found[0]!));
        const sum = (list: readonly Known[]) => sumDecimals(list.map(({ event }) => parseDecimal(event.quantity!)));
        expect(taken[place]).toMatchObject({
          count: came.length + ended.length,
          counted: came.length - ended.length,
          quantity_sum: formatDecimal(add(sum(came), { ...sum(ended), units: -sum(ended).units })),
          quantity_max: text(ordered.slice(-1)),
          quantity_min: text(ordered.slice(0, 1)),
          quantity_latest: text(quantities.slice(-1)),
        });
      }
      const stands = known.filter((one) => one.ended > at);
      const { data } = await t.read((db) =>
        usageOf(db, { org_id, from: '2026-05-01', to: '2026-05-04', window: 'month', group_by: [], org_ids: null }),
      );
      expect(data.map((point) => point.count)).toEqual(known.length > 0 ? [stands.length] : []);
      expect(await t.superuser('SELECT * FROM audit')).toEqual([]);
    }),
    { numRuns: 40 },
  );
});
