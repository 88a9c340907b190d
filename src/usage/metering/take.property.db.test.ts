import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { testUsage } from '../../../test/support/usage.ts';
import { add, compare, formatDecimal, parseDecimal } from '../../kernel/decimal.ts';
import { localDate, startOfDay } from '../../kernel/period.ts';
import { compareEvents, dayRoot, lineRoot, utcText } from '../../kernel/proof.ts';
import type { TakenUsage, UsageTake } from './model.ts';
import { rollUp } from './service/rollup.ts';
import { settledWatermark } from './service/watermark.ts';
import { daysOfTake, eventsOfTake, takeUsage } from './service.ts';

const t = await testDatabase();
const usage = testUsage(t);
const zones = ['UTC', 'Australia/Sydney', 'America/New_York', 'Asia/Kathmandu'];
const now = Temporal.Instant.from('2026-06-01T00:00:00Z');

interface Row {
  org_id: string;
  sku: string;
  request_id: string;
  time: string;
  quantity: string;
  xid: bigint;
  leaf: Buffer;
}

/** The model: everything that was stored, read without any of the room's queries. */
async function stored(): Promise<Row[]> {
  const rows = await t.superuser<Omit<Row, 'xid'> & { xid: string }>(
    'SELECT org_id, sku, request_id, event_time AS time, quantity::text, xid::text, leaf FROM metering_event WHERE tenant_id = $1',
    [t.tenant_id],
  );
  return rows.map((row) => ({ ...row, xid: BigInt(row.xid) }));
}

/** What a take holds, by its definition: points in rectangles. */
function expected(
  rows: readonly Row[],
  take: UsageTake,
): Omit<TakenUsage, 'late_count' | 'amount_sum'> & { request_ids: string[] } {
  const instant = (text: string) => Temporal.Instant.from(text).epochNanoseconds;
  const mine = rows
    .filter((row) => row.org_id === take.org_id && row.sku === take.sku)
    .filter((row) =>
      take.rectangles.some(
        (each) =>
          instant(row.time) >= instant(each.from) &&
          instant(row.time) < instant(each.to) &&
          row.xid >= BigInt(each.arrived_from) &&
          row.xid < BigInt(each.arrived_to),
      ),
    )
    .sort(compareEvents);
  const quantities = mine.map((row) => parseDecimal(row.quantity));
  const ordered = [...quantities].sort(compare);
  const byDay = Map.groupBy(mine, (row) => `${localDate(Temporal.Instant.from(row.time), take.time_zone)}`);
  const days = [...byDay].map(([day, events]) => ({
    day,
    root: dayRoot(events.map((event) => event.leaf)).toString('hex'),
    count: events.length,
    sum: formatDecimal(events.map((event) => parseDecimal(event.quantity)).reduce(add)),
  }));
  const text = (at: number) => (ordered.length === 0 ? null : formatDecimal(ordered.at(at)!));
  return {
    count: mine.length,
    counted: mine.length,
    quantity_sum: formatDecimal(quantities.reduce(add, parseDecimal('0'))),
    quantity_max: text(-1),
    quantity_min: text(0),
    quantity_latest: mine.length === 0 ? null : formatDecimal(parseDecimal(mine.at(-1)!.quantity)),
    root: lineRoot(days.sort((a, b) => (a.day < b.day ? -1 : 1))),
    request_ids: mine.map((row) => row.request_id),
  };
}

beforeAll(async () => {
  for (const sku of ['mail', 'energy']) await usage.sku(sku);
});

/** Minutes from 2026-03-20: the range crosses the clock changes of New York (8 March is before) and Sydney (5 April). */
const start = Temporal.Instant.from('2026-03-20T00:00:00Z');
const moment = (minute: number) => start.add({ minutes: minute }).toString();
const total_minutes = 30 * 24 * 60;

const event = fc.record({
  org: fc.nat(2),
  sku: fc.constantFrom('mail', 'energy'),
  // Many on the first minutes of days of some zone, where cuts are decided.
  minute: fc.oneof(
    fc.nat(total_minutes - 1),
    fc
      .nat(29)
      .chain((day) =>
        fc
          .constantFrom(0, 1, 13 * 60, 13 * 60 + 59, 14 * 60, 14 * 60 - 1, 18 * 60 + 15, 4 * 60, 4 * 60 - 1)
          .map((at) => day * 1440 + at),
      ),
  ),
  quantity: fc.tuple(fc.nat(1000), fc.nat(999)).map(([whole, fraction]) => `${whole}.${`${fraction}`.padStart(3, '0')}`),
});

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('send' as const), events: fc.array(event, { minLength: 1, maxLength: 25 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('roll up' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('bill' as const),
      day: fc.integer({ min: 1, max: 31 }),
      minute: fc.option(fc.nat(1439), { freq: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('move' as const), org: fc.nat(2), zone: fc.constantFrom(...zones) }) },
);

it('takes every event exactly once over any series of runs, and each take stays what it was', { timeout: 240_000 }, async () => {
  let round = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 3, maxLength: 14 }),
      fc.array(fc.constantFrom(...zones), { minLength: 3, maxLength: 3 }),
      async (steps, where) => {
        round += 1;
        const orgs = await Promise.all(where.map((time_zone) => usage.organization({ time_zone })));
        const zone_of = new Map(orgs.map((org_id, at) => [org_id, where[at]!]));
        const bills: { takes: UsageTake[]; answers: TakenUsage[] }[] = [];
        let sent = 0;
        let last_watermark = '0';
        // Every event lies between these, in any zone.
        const first = Temporal.PlainDate.from('2026-03-19');
        const began = new Map(orgs.map((org_id) => [org_id, utcText(startOfDay(first, zone_of.get(org_id)!))]));
        const billed_until = new Map(began);
        /** Closes every organization at the midnight of a day, as billing does, or some minutes after it. */
        const bill = async (day: number, minute: number | null) => {
          const watermark = await settledWatermark(t.postgres);
          await rollUp(t.postgres, t.tenant_id, watermark, now);
          const takes = orgs.flatMap((org_id) => {
            const time_zone = zone_of.get(org_id)!;
            const from = billed_until.get(org_id)!;
            const wanted = startOfDay(first.add({ days: day }), time_zone).add({ minutes: minute ?? 0 });
            const to = Temporal.Instant.compare(wanted, from) > 0 ? utcText(wanted) : from;
            billed_until.set(org_id, to);
            const late = { from: began.get(org_id)!, to: from, arrived_from: last_watermark, arrived_to: watermark };
            const rectangles = [{ from, to, arrived_from: '0', arrived_to: watermark }, late].filter(
              (each) => each.from !== each.to,
            );
            return ['mail', 'energy'].map((sku): UsageTake => ({ org_id, sku, time_zone, rectangles }));
          });
          bills.push({ takes, answers: await t.read((db) => takeUsage(db, takes)) });
          last_watermark = watermark;
        };
        for (const each of steps) {
          if (each.kind === 'send') {
            await usage.send(
              each.events.map((one) => {
                sent += 1;
                return {
                  request_id: `${round}-${sent}`,
                  org_id: orgs[one.org]!,
                  sku: one.sku,
                  quantity: one.quantity,
                  time: moment(one.minute),
                };
              }),
            );
          } else if (each.kind === 'roll up') {
            await rollUp(t.postgres, t.tenant_id, await settledWatermark(t.postgres), now);
          } else if (each.kind === 'bill') {
            await bill(each.day, each.minute);
          } else {
            zone_of.set(orgs[each.org]!, each.zone);
            await t.superuser('UPDATE organization SET default_timezone = $3 WHERE tenant_id = $1 AND org_id = $2', [
              t.tenant_id,
              orgs[each.org]!,
              each.zone,
            ]);
          }
        }
        await bill(33, null);

        const rows = (await stored()).filter((row) => zone_of.has(row.org_id));
        expect(rows.length).toBe(sent);
        const taken = new Map<string, number>();
        for (const { takes, answers } of bills) {
          // Asked again, now that the rollups have moved on and organizations too.
          const again = await t.read((db) => takeUsage(db, takes));
          for (const [at, take] of takes.entries()) {
            const { request_ids, ...answer } = expected(rows, take);
            expect(answers[at]).toMatchObject(answer);
            expect(again[at]).toEqual(answers[at]);
            const { events, days } = await t.read(async (db) => ({
              events: await Array.fromAsync(eventsOfTake(db, take)),
              days: await daysOfTake(db, take),
            }));
            expect(events.map((one) => one.event.request_id)).toEqual(request_ids);
            expect(lineRoot(days)).toEqual(answer.root);
            for (const id of request_ids) taken.set(id, (taken.get(id) ?? 0) + 1);
          }
        }
        expect([...taken.values()].every((times) => times === 1)).toBe(true);
        expect(taken.size).toBe(sent);
        expect(await t.superuser('SELECT * FROM audit')).toEqual([]);
      },
    ),
    { numRuns: 25 },
  );
});
