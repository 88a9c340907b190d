import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkPrice } from './check.ts';
import { type EvaluateInput, evaluate } from './evaluate.ts';

/** The prices are those of the page; what they come to is worked out by hand. */
const page = readFileSync(new URL('../../docs/tariffs.md', import.meta.url), 'utf8');
const pricesUnder = new Map(
  page.split(/^## /m).map((section) => {
    const blocks = [...section.matchAll(/```json\n([^`]+)```/g)];
    return [section.slice(0, section.indexOf('\n')), blocks.map(([, json]) => JSON.parse(json!) as unknown)] as const;
  }),
);

/** The price under a heading, by its place. */
function priceOf(heading: string, place = 0): unknown {
  const price = pricesUnder.get(heading)?.[place];
  expect(price, `${heading}, ${place}`).toBeDefined();
  return price;
}

function cost(price: unknown, usage: Omit<EvaluateInput, 'currency' | 'price'>): string {
  return evaluate({ currency: 'USD', price, ...usage }).amount_exact;
}

/** A reading for each interval of a local day, from one midnight to the next, in order. */
function readings(
  date: string,
  zone: string,
  minutes: number,
  quantity: string | ((clock: Temporal.ZonedDateTime) => string),
): { time: string; quantity: string }[] {
  const midnight = Temporal.PlainDate.from(date).toZonedDateTime(zone);
  const end = midnight.add({ days: 1 }).epochMilliseconds;
  const list: { time: string; quantity: string }[] = [];
  for (let at = midnight; at.epochMilliseconds < end; at = at.add({ minutes }))
    list.push({ time: at.toInstant().toString(), quantity: typeof quantity === 'string' ? quantity : quantity(at) });
  return list;
}

const at = (time: string, quantity: string, properties: Record<string, unknown> = {}) => ({ time, quantity, properties });

it('every price of the page may be written', () => {
  const prices = [...pricesUnder.values()].flat();
  expect(prices.length).toBeGreaterThan(20);
  for (const price of prices) expect(() => checkPrice(price, { currency: 'USD' }), JSON.stringify(price)).not.toThrow();
});

describe('time of use', () => {
  const price = priceOf('Time of use');
  const partsOf = (events: ReturnType<typeof readings>) =>
    Object.fromEntries(
      evaluate({ currency: 'USD', price, events }).steps.map(({ part, quantity, amount }) => [part, `${quantity} ${amount}`]),
    );

  it('prices a weekday of 24 hours by its bands', () => {
    // Wednesday. Quarter hours of 0.25: peak 4 h, night 8 h, the rest 12 h, each hour 1 kWh.
    // 4 × 0.42 = 1.68; 8 × 0.21 = 1.68; 12 × 0.3 = 3.6
    expect(partsOf(readings('2026-03-25', 'Europe/Berlin', 15, '0.25'))).toEqual({
      peak: '4 1.68',
      night: '8 1.68',
      default: '12 3.6',
    });
  });

  it('prices a day of 23 hours, which has one hour of night less', () => {
    const events = readings('2026-03-29', 'Europe/Berlin', 15, '0.25');
    expect(events).toHaveLength(92);
    // Sunday, so no peak. 7 × 0.21 = 1.47; 16 × 0.3 = 4.8
    expect(partsOf(events)).toEqual({ night: '7 1.47', default: '16 4.8' });
    expect(cost(price, { events })).toBe('6.27');
  });

  it('prices a day of 25 hours, whose hour shown twice is night both times', () => {
    const events = readings('2026-10-25', 'Europe/Berlin', 15, '0.25');
    expect(events).toHaveLength(100);
    // 9 × 0.21 = 1.89; 16 × 0.3 = 4.8
    expect(partsOf(events)).toEqual({ night: '9 1.89', default: '16 4.8' });
  });

  it('takes an event by its start, from within and to without', () => {
    // Wednesday in summer, two hours ahead of UTC
    expect(cost(price, { events: [at('2026-07-01T14:59:59.999Z', '1')] })).toBe('0.3'); // 16:59:59.999
    expect(cost(price, { events: [at('2026-07-01T15:00:00Z', '1')] })).toBe('0.42'); // 17:00
    expect(cost(price, { events: [at('2026-07-01T18:59:59Z', '1')] })).toBe('0.42'); // 20:59:59
    expect(cost(price, { events: [at('2026-07-01T19:00:00Z', '1')] })).toBe('0.3'); // 21:00
    expect(cost(price, { events: [at('2026-07-01T20:00:00Z', '1')] })).toBe('0.21'); // 22:00
    expect(cost(price, { events: [at('2026-07-02T03:59:59Z', '1')] })).toBe('0.21'); // 05:59:59
    expect(cost(price, { events: [at('2026-07-02T04:00:00Z', '1')] })).toBe('0.3'); // 06:00
    // the same moment with another offset, and Saturday, which has no peak
    expect(cost(price, { events: [at('2026-07-01T10:00:00-05:00', '1')] })).toBe('0.42');
    expect(cost(price, { events: [at('2026-07-04T15:00:00Z', '1')] })).toBe('0.3');
  });

  it('goes by the day on each side of midnight', () => {
    const fridays = {
      model: 'time_of_use',
      time_zone: 'UTC',
      bands: [{ name: 'night', days: ['fri'], from: '22:00', to: '06:00', price: { model: 'unit', unit_amount: '2' } }],
      default: { model: 'unit', unit_amount: '1' },
    };
    const friday = readings('2026-07-03', 'UTC', 60, '1');
    const saturday = readings('2026-07-04', 'UTC', 60, '1');
    expect(cost(fridays, { events: friday })).toBe('32'); // 24 + 6 + 2
    expect(cost(fridays, { events: saturday })).toBe('24');
  });

  it('goes by the clock of a zone that moves by half an hour', () => {
    const howe = {
      model: 'time_of_use',
      time_zone: 'Australia/Lord_Howe',
      bands: [{ name: 'night', from: '00:00', to: '06:00', price: { model: 'unit', unit_amount: '1' } }],
      default: { model: 'unit', unit_amount: '10' },
    };
    // 24½ hours: night has 13 half hours, the rest 36
    expect(cost(howe, { events: readings('2026-04-05', 'Australia/Lord_Howe', 30, '1') })).toBe('373');
    // 23½ hours: 11 and 36
    expect(cost(howe, { events: readings('2026-10-04', 'Australia/Lord_Howe', 30, '1') })).toBe('371');
  });
});

describe('seasons', () => {
  it('have their own peaks, by month', () => {
    const price = priceOf('Seasons');
    const hours = (date: string) => readings(date, 'Australia/Sydney', 60, '1');
    // Tuesday in January: 6 × 0.55 = 3.3; shoulder 15 − 6 = 9 × 0.28 = 2.52; night 9 × 0.18 = 1.62
    expect(cost(price, { events: hours('2026-01-13') })).toBe('7.44');
    // Tuesday in July: 4 × 0.44 = 1.76; 11 × 0.28 = 3.08; 1.62
    expect(cost(price, { events: hours('2026-07-14') })).toBe('6.46');
    // Tuesday in April and Saturday in January: 15 × 0.28 = 4.2; 1.62
    expect(cost(price, { events: hours('2026-04-14') })).toBe('5.82');
    expect(cost(price, { events: hours('2026-01-17') })).toBe('5.82');
    // Sunday of 25 hours, Sunday of 23: ten and eight hours of night
    expect(cost(price, { events: hours('2026-04-05') })).toBe('6');
    expect(cost(price, { events: hours('2026-10-04') })).toBe('5.64');
  });

  it('begin at local midnight of the first', () => {
    const price = priceOf('Seasons', 1);
    // 31 May 23:59 and 1 June 00:00 in Los Angeles, seven hours behind UTC
    expect(cost(price, { events: [at('2026-06-01T06:59:00Z', '100')] })).toBe('9');
    expect(cost(price, { events: [at('2026-06-01T07:00:00Z', '100')] })).toBe('11');
  });

  it('fill their own blocks', () => {
    // summer 600: 500 × 0.11 + 100 × 0.17 = 72; the rest 900: 800 × 0.09 + 100 × 0.13 = 85
    const events = [at('2026-05-20T12:00:00Z', '900'), at('2026-06-02T12:00:00Z', '450'), at('2026-06-09T12:00:00Z', '150')];
    expect(cost(priceOf('Seasons', 1), { events })).toBe('157');
  });
});

it('public holidays come before the clock', () => {
  const price = priceOf('Public holidays');
  // Friday 1 May 2026, 10:00 in Berlin: a holiday, and as if it were none
  expect(cost(price, { events: [at('2026-05-01T08:00:00Z', '10', { holiday: true })] })).toBe('1.8');
  expect(cost(price, { events: [at('2026-05-01T08:00:00Z', '10', { holiday: false })] })).toBe('3.5');
  expect(cost(price, { events: [at('2026-05-01T08:00:00Z', '10')] })).toBe('3.5');
  expect(cost(price, { events: [at('2026-05-01T18:00:00Z', '10')] })).toBe('1.8');
});

describe('blocks', () => {
  it('rise by the period', () => {
    const price = priceOf('Blocks');
    expect(cost(price, { quantity: '300' })).toBe('30');
    expect(cost(price, { quantity: '300.5' })).toBe('30.07'); // 30 + 0.5 × 0.14
    expect(cost(price, { quantity: '750' })).toBe('102'); // 30 + 42 + 30
  });

  it('or make all of it cheaper', () => {
    expect(cost(priceOf('Blocks', 1), { quantity: '1000' })).toBe('120');
    expect(cost(priceOf('Blocks', 1), { quantity: '1000.001' })).toBe('100.0001');
  });

  it('or are filled anew each day', () => {
    // 6 × 0.2 = 1.2; 10 × 0.2 + 8 × 0.3 = 4.4: the second day does not get what the first left
    const events = [at('2026-07-01T06:00:00Z', '6'), at('2026-07-02T06:00:00Z', '11'), at('2026-07-02T18:00:00Z', '7')];
    expect(cost(priceOf('Blocks', 2), { events })).toBe('5.6');
    // 23:30 UTC on the first is the second in Berlin
    const late = [at('2026-07-01T06:00:00Z', '7'), at('2026-07-01T23:30:00Z', '5'), at('2026-07-02T06:00:00Z', '11')];
    expect(cost(priceOf('Blocks', 2), { events: late })).toBe('4.9'); // 12 → 2.6; 11 → 2.3
    expect(cost(priceOf('Blocks', 2), { events: late, time_zone: 'Europe/Berlin' })).toBe('5.2'); // 7 → 1.4; 16 → 3.8
  });

  it('are one a day on the days that clocks change, however many hours those have', () => {
    // 23 × 1: 2 + 13 × 0.3 = 5.9; 25 × 1: 2 + 15 × 0.3 = 6.5
    const day = (date: string) => ({ events: readings(date, 'Europe/Berlin', 60, '1'), time_zone: 'Europe/Berlin' });
    expect(cost(priceOf('Blocks', 2), day('2026-03-29'))).toBe('5.9');
    expect(cost(priceOf('Blocks', 2), day('2026-10-25'))).toBe('6.5');
  });

  it('of free units are prorated by days', () => {
    expect(cost(priceOf('Blocks', 3), { quantity: '400' })).toBe('27'); // 90 × 0.3
    const half = { currency: 'USD', price: priceOf('Blocks', 3), quantity: '400', share: '15/31' };
    expect(evaluate(half).amount_exact).toBe('75'); // 310 × 15/31 = 150; 250 × 0.3
  });
});

it('a supply charge is a price of days', () => {
  const days = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => at(`2026-07-${`${from + index}`.padStart(2, '0')}T00:00:00Z`, '1'));
  const price = priceOf('Daily supply charge');
  const month = evaluate({ currency: 'USD', price, events: days(1, 31) });
  expect([month.quantity, month.amount_exact, month.amount]).toEqual(['31', '33.5885', '33.59']);
  // moves in on the 17th: 15 days
  expect(evaluate({ currency: 'USD', price, events: days(17, 31) }).amount_exact).toBe('16.2525');
  expect(evaluate({ currency: 'USD', price, events: days(17, 31), aggregation: 'count' }).amount_exact).toBe('16.2525');
});

describe('demand', () => {
  const half_hours = (date: string, highest: string) =>
    readings(date, 'Australia/Brisbane', 30, (clock) => (clock.hour === 18 && clock.minute === 30 ? highest : '4'));
  const aggregation = 'max' as const;

  it('is the highest interval of the period', () => {
    // 21.4 kWh in half an hour are 42.8 kW
    const events = [...half_hours('2026-07-01', '19'), ...half_hours('2026-07-02', '21.4')];
    expect(cost(priceOf('Demand'), { events, aggregation })).toBe('535');
    // in quarter hours of 10.63: 42.52, up to 43, 3 beyond the 40 contracted
    expect(cost(priceOf('Demand', 1), { events: [at('2026-07-01T00:00:00Z', '10.63')], aggregation })).toBe('54');
    expect(cost(priceOf('Demand', 1), { events: [at('2026-07-01T00:00:00Z', '9.99')], aggregation })).toBe('0');
    expect(cost(priceOf('Demand'), { events: [], aggregation })).toBe('0');
  });

  it('or of each month, or each day', () => {
    const events = [at('2026-07-03T08:00:00Z', '30'), at('2026-07-30T08:00:00Z', '42'), at('2026-08-02T08:00:00Z', '36.5')];
    expect(cost(priceOf('Demand', 2), { events, aggregation })).toBe('706.5'); // 42 × 9 + 36.5 × 9
    expect(cost(priceOf('Demand', 3), { events, aggregation })).toBe('37.975'); // 108.5 × 0.35
    const day = [...half_hours('2026-07-01', '19'), ...half_hours('2026-07-02', '21.4')];
    // 18:30 in Brisbane is 08:30 UTC
    expect(cost(priceOf('Demand', 3), { events: day, aggregation, time_zone: 'Australia/Brisbane' })).toBe('14.14');
  });

  it('or within the hours that count', () => {
    // the highest of all is on Saturday and at noon: neither is peak
    const events = [
      at('2026-07-01T08:30:00Z', '38'), // Wednesday 18:30
      at('2026-07-01T02:00:00Z', '55'), // Wednesday 12:00
      at('2026-07-04T08:30:00Z', '60'), // Saturday 18:30
      at('2026-07-02T10:59:00Z', '41'), // Thursday 20:59
      at('2026-07-02T11:00:00Z', '44'), // Thursday 21:00
    ];
    expect(cost(priceOf('Demand', 4), { events, aggregation })).toBe('694'); // 41 × 14 + 60 × 2
  });
});

describe('feed-in', () => {
  it('is a credit', () => {
    const answer = evaluate({ currency: 'AUD', price: priceOf('Feed-in'), quantity: '412.6' });
    expect([answer.amount_exact, answer.amount]).toEqual(['-33.91572', '-33.92']);
  });

  it('has blocks by day and a most', () => {
    const price = priceOf('Feed-in', 1);
    // 8 × 0.12 + 4 × 0.05 = 1.16; 5 × 0.12 = 0.6
    expect(cost(price, { events: [at('2026-01-01T02:00:00Z', '12'), at('2026-01-02T02:00:00Z', '5')] })).toBe('-1.76');
    expect(cost(price, { events: [at('2026-01-01T02:00:00Z', '20000')] })).toBe('-500');
  });

  it('goes by the clock', () => {
    // one kilowatt-hour each hour: 5 × 0.01 + 19 × 0.09
    const events = readings('2026-01-13', 'Australia/Adelaide', 60, '1');
    expect(cost(priceOf('Feed-in', 2), { events })).toBe('-1.76');
  });

  it('or nets by the hour', () => {
    const events = [
      at('2026-01-13T02:00:00Z', '3'),
      at('2026-01-13T02:30:00Z', '-5'), // −2 in this hour
      at('2026-01-13T03:00:00Z', '1'),
    ];
    expect(cost(priceOf('Feed-in', 3), { events, allow_negative: true })).toBe('-0.25');
  });
});

it('registers share an allowance in a matrix', () => {
  const price = priceOf('Several registers of one meter');
  const register = (name: string, quantity: string, day: number) => at(`2026-07-0${day}T00:00:00Z`, quantity, { register: name });
  // the first 100: 80 of the day rate, 20 of the night rate; 130 × 0.24 + 50 × 0.32
  const events = [register('1.8.1', '80', 1), register('1.8.2', '150', 2), register('1.8.1', '50', 3)];
  expect(cost(price, { events })).toBe('47.2');
  expect(() => cost(price, { events: [register('2.8.0', '1', 1)] })).toThrow('No cell matches');
});

it('gas and water', () => {
  // 97.4 × 11.1868 = 1089.59432, whole 1090, at 0.0611
  expect(cost(priceOf('Gas and water'), { quantity: '97.4' })).toBe('66.599');
  expect(cost(priceOf('Gas and water', 1), { quantity: '14.2' })).toBe('35.25'); // 15 × 2.35
  expect(cost(priceOf('Gas and water', 2), { quantity: '14.2' })).toBe('24.282'); // 12.78 × 1.9
});
