import { describe, expect, it } from 'vitest';
import { CodedError } from '../kernel/errors.ts';
import { checkPrice } from './check.ts';

const unit = { model: 'unit', unit_amount: '1' };

/** Each fault as `pointer code`. */
function faults(price: unknown, currency = 'USD'): string[] {
  try {
    checkPrice(price, { currency });
    return [];
  } catch (thrown) {
    if (!(thrown instanceof CodedError) || thrown.code !== 'price_invalid') throw thrown;
    expect(thrown.status).toBe(422);
    return (thrown.details.errors ?? []).map(({ pointer, code }) => `${pointer} ${code}`);
  }
}

const tiered = (...tiers: object[]) => ({ model: 'graduated', tiers });

describe('a price that is written', () => {
  it('is answered normalised: shortest decimals, absent fields dropped', () => {
    const price = {
      ...unit,
      unit_amount: '01.50',
      included_quantity: 10,
      minimum_amount: '5.00',
      bucket: undefined,
      discounts: [{ percent: '10.0' }],
    };
    expect(checkPrice(price, { currency: 'USD' })).toEqual({
      model: 'unit',
      unit_amount: '1.5',
      included_quantity: '10',
      minimum_amount: '5',
      discounts: [{ percent: '10' }],
    });
    expect(Object.keys(checkPrice(price, { currency: 'USD' }))).not.toContain('bucket');
  });

  it('is refused with every fault at once, by pointer and name', () => {
    const price = {
      ...tiered({ up_to: '10', unit_amount: 'x', colour: 'red' }, { up_to: '5', flat_amount: '1.234' }),
      transform: { divide: '0' },
      minimum_amount: '5',
      maximum_amount: '4',
    };
    expect(faults(price)).toEqual([
      '/tiers/0/unit_amount decimal_invalid',
      '/tiers/0/colour unknown_field',
      '/tiers/1/flat_amount too_many_decimals',
      '/tiers/1/up_to tiers_missing_last',
      '/tiers/1/up_to tiers_descend',
      '/minimum_amount minimum_above_maximum',
      '/transform/divide not_above_zero',
    ]);
  });

  it('carries the pointer of where it stands', () => {
    const refused = expect.objectContaining({
      details: expect.objectContaining({
        errors: [expect.objectContaining({ pointer: '/price/unit_amount', code: 'required' })],
      }),
    });
    expect(() => checkPrice({ model: 'unit' }, { currency: 'USD', pointer: '/price' })).toThrow(refused);
  });

  it('is an object of a known model', () => {
    for (const json of [null, 1, 'unit', [], undefined]) expect(faults(json), String(json)).toEqual([' wrong_type']);
    expect(faults({})).toEqual(['/model required']);
    expect(faults({ model: 'toString' })).toEqual(['/model model_unknown']);
    expect(faults({ model: 'stairstep' })).toEqual(['/model model_unknown']);
    expect(faults({ ...unit, surprise: 1 })).toEqual(['/surprise unknown_field']);
    expect(faults({ ...unit, 'a/b~c': 1 })).toEqual(['/a~1b~0c unknown_field']);
    expect(faults(JSON.parse('{"model":"unit","unit_amount":"1","__proto__":{}}'))).toEqual(['/__proto__ unknown_field']);
  });
});

describe('tiers', () => {
  it('are refused by name when they gap, overlap, descend or never end', () => {
    expect(faults(tiered({ unit_amount: '1' }, { up_to: null, unit_amount: '1' }))).toEqual(['/tiers/0/up_to tiers_gap']);
    expect(faults(tiered({ up_to: '10' }, { up_to: '10' }, { up_to: null }))).toEqual(['/tiers/1/up_to tiers_overlap']);
    expect(faults(tiered({ up_to: null }, { up_to: null }))).toEqual(['/tiers/0/up_to tiers_overlap']);
    expect(faults(tiered({ up_to: '10' }, { up_to: '9.999' }, { up_to: null }))).toEqual(['/tiers/1/up_to tiers_descend']);
    expect(faults(tiered({ up_to: '10' }))).toEqual(['/tiers/0/up_to tiers_missing_last']);
    expect(faults(tiered({ up_to: '10' }, { unit_amount: '1' }))).toEqual(['/tiers/1/up_to tiers_missing_last']);
    expect(faults(tiered())).toEqual(['/tiers tiers_missing_last']);
    expect(faults({ model: 'volume' })).toEqual(['/tiers required']);
    expect(faults({ model: 'volume', tiers: {} })).toEqual(['/tiers wrong_type']);
  });

  it('begin above zero', () => {
    expect(faults(tiered({ up_to: '0' }, { up_to: null }))).toEqual(['/tiers/0/up_to tiers_overlap']);
    expect(faults(tiered({ up_to: '-1' }, { up_to: null }))).toEqual(['/tiers/0/up_to tiers_descend']);
  });

  it('have sizes above zero', () => {
    expect(faults(tiered({ up_to: null, unit_amount: '1', package_size: '0' }))).toEqual([
      '/tiers/0/package_size not_above_zero',
    ]);
  });

  it('of a percentage need a rate and nothing of units', () => {
    const price = {
      model: 'graduated_percentage',
      tiers: [
        { up_to: '10', rate: '1' },
        { up_to: null, unit_amount: '1' },
      ],
    };
    expect(faults(price)).toEqual(['/tiers/1/rate required', '/tiers/1/unit_amount unknown_field']);
  });
});

describe('decimals', () => {
  it('of amounts are bounded by the currency, as written', () => {
    for (const [currency, accepted, refused] of [
      ['JPY', '5', '5.0'],
      ['USD', '5.00', '5.000'],
      ['KWD', '5.123', '5.1234'],
      ['CLF', '5.1234', '5.12345'],
    ] as const) {
      expect(faults({ model: 'flat', amount: accepted }, currency), currency).toEqual([]);
      expect(faults({ model: 'flat', amount: refused }, currency), currency).toEqual(['/amount too_many_decimals']);
    }
    expect(faults({ model: 'package', package_size: '1', package_amount: '1.001' })).toEqual([
      '/package_amount too_many_decimals',
    ]);
    const percentage = {
      model: 'percentage',
      rate: '1',
      fixed_amount: '1.001',
      min_per_event: '1.001',
      max_per_event: '2.001',
      minimum_amount: '1.001',
    };
    expect(faults(percentage)).toEqual([
      '/min_per_event too_many_decimals',
      '/max_per_event too_many_decimals',
      '/fixed_amount too_many_decimals',
      '/minimum_amount too_many_decimals',
    ]);
    expect(faults({ ...unit, discounts: [{ amount: '1.001' }] })).toEqual(['/discounts/0/amount too_many_decimals']);
    expect(faults(tiered({ up_to: null, flat_amount: '1.001', maximum_amount: '1.001' }))).toEqual([
      '/tiers/0/flat_amount too_many_decimals',
      '/tiers/0/maximum_amount too_many_decimals',
    ]);
  });

  it('of rates, unit amounts and percentages are at most twelve', () => {
    expect(faults({ model: 'unit', unit_amount: '0.123456789012' })).toEqual([]);
    expect(faults({ model: 'unit', unit_amount: '0.1234567890120' })).toEqual(['/unit_amount too_many_decimals']);
    expect(faults({ model: 'percentage', rate: '0.1234567890123', free_amount: '0.1234567890123' })).toEqual([
      '/rate too_many_decimals',
      '/free_amount too_many_decimals',
    ]);
    expect(faults({ model: 'dynamic', multiplier: '0.1234567890123' })).toEqual(['/multiplier too_many_decimals']);
    expect(faults({ model: 'unit', unit_amount: '9'.repeat(27) })).toEqual(['/unit_amount too_many_digits']);
  });

  it('may be JSON numbers that hold their text exactly', () => {
    expect(faults({ model: 'unit', unit_amount: 0.1 })).toEqual([]);
    for (const unit_amount of [0.1 + 0.2, 1e21, Number.NaN, null, true, '1e3', '']) {
      expect(faults({ model: 'unit', unit_amount }), String(unit_amount)).toEqual(['/unit_amount decimal_invalid']);
    }
  });
});

describe('terms', () => {
  it('belong to some models only', () => {
    const flat = { model: 'flat', amount: '1' };
    for (const term of [{ included_quantity: '1' }, { transform: { multiply: '2' } }, { bucket: 'P1D' }]) {
      const [name] = Object.keys(term);
      for (const price of [
        flat,
        { model: 'percentage', rate: '1' },
        { model: 'dynamic' },
        { model: 'graduated_percentage', tiers: [{ up_to: null, rate: '1' }] },
      ]) {
        expect(faults({ ...price, ...term }), `${price.model} ${name}`).toEqual([`/${name} term_unsupported`]);
      }
    }
    expect(faults({ ...flat, discounts: [{ quantity: '1' }, { percent: '5' }, { amount: '1' }] })).toEqual([
      '/discounts/0/quantity term_unsupported',
    ]);
    const matrix = {
      model: 'matrix',
      dimensions: [],
      cells: [],
      default: unit,
      included_quantity: '1',
      discounts: [{ quantity: '1' }],
    };
    expect(faults(matrix)).toEqual([]);
    expect(faults({ ...matrix, bucket: 'P1D', transform: {} })).toEqual([
      '/transform term_unsupported',
      '/bucket term_unsupported',
    ]);
  });

  it('take no quantity off where a part counts money', () => {
    const price = {
      model: 'matrix',
      dimensions: ['k'],
      cells: [{ match: { k: 'a' }, price: { model: 'dynamic' } }],
      default: unit,
    };
    expect(faults(price)).toEqual([]);
    expect(faults({ ...price, included_quantity: '1' })).toEqual(['/included_quantity term_unsupported']);
  });

  it('have a minimum that is not above the maximum', () => {
    expect(faults({ ...unit, minimum_amount: '5', maximum_amount: '5.00' })).toEqual([]);
    expect(faults({ ...unit, minimum_amount: '5.01', maximum_amount: '5' })).toEqual(['/minimum_amount minimum_above_maximum']);
    expect(faults({ model: 'percentage', rate: '1', min_per_event: '2', max_per_event: '1' })).toEqual([
      '/min_per_event minimum_above_maximum',
    ]);
  });

  it('have discounts of exactly one kind, from 0 to 100 percent', () => {
    const discounted = (discount: object) => faults({ ...unit, discounts: [discount] });
    expect(discounted({ percent: '100' })).toEqual([]);
    expect(discounted({ percent: '100.000000000001' })).toEqual(['/discounts/0/percent percent_over_100']);
    expect(discounted({ percent: '-1' })).toEqual(['/discounts/0/percent negative']);
    expect(discounted({ amount: '-1' })).toEqual(['/discounts/0/amount negative']);
    expect(discounted({ quantity: '-1' })).toEqual(['/discounts/0/quantity negative']);
    expect(discounted({})).toEqual(['/discounts/0 discount_invalid']);
    expect(discounted({ percent: '1', amount: '1' })).toEqual(['/discounts/0 discount_invalid']);
    expect(faults({ ...unit, discounts: {} })).toEqual(['/discounts wrong_type']);
  });

  it('have sizes, divisors and allowances that make sense', () => {
    expect(faults({ model: 'package', package_size: '0', package_amount: '1' })).toEqual(['/package_size not_above_zero']);
    expect(faults({ model: 'package', package_size: '-1', package_amount: '1' })).toEqual(['/package_size not_above_zero']);
    expect(faults({ ...unit, transform: { divide: '-1' } })).toEqual(['/transform/divide not_above_zero']);
    expect(faults({ ...unit, transform: { multiply: '-1' } })).toEqual(['/transform/multiply negative']);
    expect(faults({ ...unit, transform: { round: 'half_even' } })).toEqual(['/transform/round wrong_type']);
    for (const precision of [1.5, 19, -13, '2'])
      expect(faults({ ...unit, transform: { precision } })).toEqual(['/transform/precision transform_invalid']);
    expect(faults({ ...unit, transform: 'x' })).toEqual(['/transform wrong_type']);
    expect(faults({ ...unit, included_quantity: '-1' })).toEqual(['/included_quantity negative']);
    expect(faults({ model: 'percentage', rate: '1', free_events: '1.5', free_amount: '-1' })).toEqual([
      '/free_events too_many_decimals',
      '/free_amount negative',
    ]);
  });

  it('have a bucket that divides time evenly', () => {
    for (const bucket of ['PT1M', 'PT15M', 'PT1H', 'PT24H', 'P1D', 'P1W', 'P1M', 'P1Y'])
      expect(faults({ ...unit, bucket }), bucket).toEqual([]);
    for (const bucket of ['PT7M', 'PT5H', 'PT0H', 'P2D', 'PT48H', 'P1DT1H', 'hour', 'PT1S', 1, null]) {
      expect(faults({ ...unit, bucket }), String(bucket)).toEqual(['/bucket bucket_invalid']);
    }
  });

  it('have flags that are true or false', () => {
    expect(faults({ ...tiered({ up_to: null }), first_tier_flat_at_zero: 'yes' })).toEqual([
      '/first_tier_flat_at_zero wrong_type',
    ]);
  });
});

describe('matrix', () => {
  const matrix = (more: object) => ({ model: 'matrix', dimensions: ['r'], cells: [{ match: { r: 'a' }, price: unit }], ...more });

  it('matches on its dimensions, by text', () => {
    expect(faults(matrix({ cells: [{ match: { q: 'a', r: [5] }, price: unit }] }))).toEqual([
      '/cells/0/match/q dimension_unknown',
      '/cells/0/match/r wrong_type',
    ]);
    expect(faults(matrix({ dimensions: ['r', 'r'] }))).toEqual(['/dimensions dimension_duplicate']);
    expect(faults(matrix({ dimensions: ['r', 5] }))).toEqual(['/dimensions/1 wrong_type']);
    expect(faults(matrix({ dimensions: ['r', { toString: 1 }] }))).toEqual(['/dimensions/1 wrong_type']);
  });

  it('has cells with a match and a price, or a default', () => {
    expect(faults(matrix({ cells: [{}] }))).toEqual(['/cells/0/match required', '/cells/0/price required']);
    expect(faults(matrix({ cells: [] }))).toEqual(['/cells empty']);
    expect(faults(matrix({ cells: [], default: unit }))).toEqual([]);
  });

  it('names the faults of inner prices where they stand', () => {
    expect(faults(matrix({ default: { model: 'unit', unit_amount: 'x' } }))).toEqual(['/default/unit_amount decimal_invalid']);
    expect(faults(matrix({ cells: [{ match: {}, price: tiered({ up_to: '1' }) }] }))).toEqual([
      '/cells/0/price/tiers/0/up_to tiers_missing_last',
    ]);
  });

  it('does not nest without end', () => {
    let price: object = unit;
    for (let depth = 0; depth < 4; depth += 1) price = { model: 'matrix', dimensions: [], cells: [], default: price };
    expect(faults(price)).toEqual([]);
    expect(faults({ model: 'matrix', dimensions: [], cells: [], default: price })).toEqual([
      '/default/default/default/default/default nesting_too_deep',
    ]);
  });
});

describe('time_of_use', () => {
  const tou = (band: object, more: object = {}) => ({
    model: 'time_of_use',
    time_zone: 'Australia/Sydney',
    bands: [{ name: 'a', price: unit, ...band }],
    default: unit,
    ...more,
  });

  it('is in a time zone that the runtime knows', () => {
    expect(faults(tou({}, { time_zone: 'Mars/Olympus' }))).toEqual(['/time_zone time_zone_unknown']);
    expect(faults(tou({}, { time_zone: undefined }))).toEqual(['/time_zone required']);
    expect(faults(tou({}, { time_zone: '+10:00' }))).toEqual([]);
  });

  it('has bands that something can fit', () => {
    expect(faults(tou({ months: [1, 12], days: ['mon', 'sun'], from: '22:00', to: '06:00' }))).toEqual([]);
    expect(faults(tou({ from: '00:00', to: '24:00' }))).toEqual([]);
    expect(faults(tou({ months: [0, 13, 1.5, '1'] }))).toEqual(
      [0, 1, 2, 3].map((index) => `/bands/0/months/${index} band_invalid`),
    );
    expect(faults(tou({ days: ['Monday'] }))).toEqual(['/bands/0/days/0 band_invalid']);
    expect(faults(tou({ months: [], days: [] }))).toEqual(['/bands/0/months band_empty', '/bands/0/days band_empty']);
    for (const clock of ['7:00', '07:60', '24:01', '25:00', 700, ''])
      expect(faults(tou({ from: clock }))[0], String(clock)).toBe('/bands/0/from band_invalid');
    expect(faults(tou({ from: '07:00', to: '07:00' }))).toEqual(['/bands/0/to band_empty']);
    expect(faults(tou({ to: '00:00' }))).toEqual(['/bands/0/to band_empty']);
    expect(faults(tou({ from: '24:00' }))).toEqual(['/bands/0/to band_empty']);
  });

  it('has a default, and bands with a name and a price', () => {
    expect(faults({ ...tou({}), default: undefined })).toEqual(['/default required']);
    expect(faults(tou({ name: undefined, price: undefined }))).toEqual(['/bands/0/name required', '/bands/0/price required']);
  });
});
