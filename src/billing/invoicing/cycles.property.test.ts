import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CycleQuestion, type CycleSubscription, nextCycle } from './decide/cycles.ts';

// Zones at both ends of the earth, with changes at midnight, by half an hour, and at the usual hours.
const zones = [
  'UTC',
  'Pacific/Kiritimati',
  'Pacific/Pago_Pago',
  'Australia/Sydney',
  'Australia/Lord_Howe',
  'Europe/Berlin',
  'America/New_York',
  'America/Santiago',
  'Africa/Cairo',
  'Asia/Beirut',
  'Asia/Kathmandu',
];
const intervals = ['P1D', 'P1W', 'P2W', 'P1M', 'P3M', 'P1Y'] as const;
const zone = fc.constantFrom(...zones);
const day = (date: Temporal.PlainDate, time_zone: string) => date.toZonedDateTime(time_zone).toInstant();
const since = Temporal.PlainDate.from('2020-01-01');
const start = fc.integer({ min: 0, max: 365 * 6 }).map((days) => since.add({ days }));
const moment = fc.tuple(start, fc.integer({ min: 0, max: 86_399 })).map(([date, s]) => day(date, 'UTC').add({ seconds: s }));

const subscription = (over: Partial<CycleSubscription> = {}): CycleSubscription => ({
  effective_at: '2024-01-31T00:00:00Z',
  ended_at: null,
  billed_until: null,
  created_at: '2024-01-31T00:00:00Z',
  billing_interval: 'P1M',
  ...over,
});

/** The cycles that follow each other, each closed when it ended. */
function* following(question: Omit<CycleQuestion, 'closed'>, count: number, zoneOf = (_index: number) => question.time_zone) {
  let closed: CycleQuestion['closed'] = null;
  for (let index = 0; index < count; index += 1) {
    const cycle = nextCycle({ ...question, closed, time_zone: zoneOf(index) });
    if (!cycle) return;
    yield { ...cycle, time_zone: zoneOf(index) };
    closed = { to_date: `${cycle.to}`, to_at: `${cycle.ends_at}` };
  }
}

const on = { switched_on_at: '2000-01-01T00:00:00Z', from_date: null };

describe('cycles of an organization', () => {
  it('follow each other without gap and overlap, half-open, from local midnight to local midnight, as Temporal counts', () => {
    fc.assert(
      fc.property(zone, moment, fc.constantFrom(...intervals), (time_zone, effective, billing_interval) => {
        const own = subscription({ effective_at: `${effective}`, created_at: `${effective}`, billing_interval });
        const cycles = [...following({ subscriptions: [own], settings: on, time_zone }, 30)];
        expect(cycles).toHaveLength(30);
        expect(`${cycles[0]!.from}`).toBe(`${effective.toZonedDateTimeISO(time_zone).toPlainDate()}`);
        for (const [index, { from, to, ends_at }] of cycles.entries()) {
          expect(ends_at.toZonedDateTimeISO(time_zone).startOfDay().toInstant().equals(ends_at)).toBe(true);
          expect(ends_at.toZonedDateTimeISO(time_zone).toPlainDate().equals(to)).toBe(true);
          const next = cycles[index + 1];
          if (next) expect(next.from.equals(to)).toBe(true);
          // A whole interval long, but for the first, whose subscription began within one.
          if (index > 0) expect(`${from.add(billing_interval)}`).toBe(`${to}`);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('of an organization that moves between zones share no moment, and each ends later than the one before', () => {
    fc.assert(
      fc.property(fc.array(zone, { minLength: 12, maxLength: 12 }), fc.constantFrom(...intervals), (moves, billing_interval) => {
        const own = subscription({ billing_interval });
        const asked = { subscriptions: [own], settings: on, time_zone: moves[0]! };
        const cycles = [...following(asked, 12, (index) => moves[index]!)];
        for (const [index, cycle] of cycles.entries()) {
          const next = cycles[index + 1];
          if (!next) continue;
          expect(next.from.equals(cycle.to)).toBe(true);
          expect(Temporal.Instant.compare(cycle.ends_at, next.ends_at)).toBe(-1);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('end wherever an interval of one of its subscriptions does', () => {
    fc.assert(
      fc.property(
        zone,
        fc.array(fc.tuple(moment, fc.constantFrom(...intervals)), { minLength: 1, maxLength: 4 }),
        (time_zone, own) => {
          const subscriptions = own.map(([effective, billing_interval]) =>
            subscription({ effective_at: `${effective}`, created_at: `${effective}`, billing_interval }),
          );
          const ends = new Set([...following({ subscriptions, settings: on, time_zone }, 400)].map(({ to }) => `${to}`));
          const last = [...ends].sort().at(-1)!;
          for (const [index, each] of subscriptions.entries()) {
            const alone = [...following({ subscriptions: [each], settings: on, time_zone }, 10)];
            for (const { to } of alone) if (`${to}` <= last) expect(ends, own[index]![1]).toContain(`${to}`);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('a cycle', () => {
  const asked = (over: Partial<CycleQuestion>) => {
    const cycle = nextCycle({ subscriptions: [subscription()], closed: null, settings: on, time_zone: 'UTC', ...over });
    return cycle && `${cycle.from} ${cycle.to}`;
  };

  it('recovers the end of the month: 31 January, 29 February, 31 March are the last days', () => {
    const cycles = [...following({ subscriptions: [subscription()], settings: on, time_zone: 'Europe/Berlin' }, 3)];
    const lastDays = cycles.map(({ to }) => `${to.subtract({ days: 1 })}`);
    expect(lastDays).toEqual(['2024-01-31', '2024-02-29', '2024-03-31']);
    // Berlin's March has lost an hour: its last midnight is at 22:00 in UTC.
    expect(cycles.map(({ ends_at }) => `${ends_at}`)).toEqual([
      '2024-01-31T23:00:00Z',
      '2024-02-29T23:00:00Z',
      '2024-03-31T22:00:00Z',
    ]);
  });

  it('begins with the day on which clocks skip midnight at the first moment of that day', () => {
    // Beirut, 31 March 2024: the clocks went from 24:00 to 01:00.
    const settings = { ...on, from_date: '2024-03-30' };
    const own = [subscription({ billing_interval: 'P1D' })];
    const [cycle] = [...following({ subscriptions: own, settings, time_zone: 'Asia/Beirut' }, 1)];
    expect(`${cycle!.to} ${cycle!.ends_at}`).toBe('2024-03-31 2024-03-30T22:00:00Z');
    expect(cycle!.ends_at.toZonedDateTimeISO('Asia/Beirut').hour).toBe(1);
  });

  it('that ended before automatic billing was switched on, or before its subscription was recorded, is not closed by itself', () => {
    expect(asked({ settings: { switched_on_at: '2024-06-15T10:00:00Z', from_date: null } })).toBe('2024-06-01 2024-07-01');
    expect(asked({ subscriptions: [subscription({ created_at: '2024-05-20T00:00:00Z' })] })).toBe('2024-05-01 2024-06-01');
  });

  it('bills nothing before the date from which it was asked for', () => {
    const settings = { switched_on_at: '2024-06-15T10:00:00Z', from_date: '2024-03-15' };
    expect(asked({ settings })).toBe('2024-03-15 2024-04-01');
  });

  it('goes on from what is billed, and from what is closed and not billed yet', () => {
    expect(asked({ subscriptions: [subscription({ billed_until: '2024-03-10T00:00:00Z' })] })).toBe('2024-03-10 2024-04-01');
    const closed = { to_date: '2024-03-20', to_at: '2024-03-20T00:00:00Z' };
    expect(asked({ closed, subscriptions: [subscription({ billed_until: '2024-03-10T00:00:00Z' })] })).toBe(
      '2024-03-20 2024-04-01',
    );
  });

  it('of a subscription that ended within it is the last', () => {
    const own = [subscription({ ended_at: '2024-02-10T12:00:00Z' })];
    const cycles = [...following({ subscriptions: own, settings: on, time_zone: 'UTC' }, 9)];
    expect(cycles.map(({ from, to }) => `${from} ${to}`)).toEqual(['2024-01-31 2024-02-01', '2024-02-01 2024-03-01']);
  });
});
