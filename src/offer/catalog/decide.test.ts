import { describe, expect, it } from 'vitest';
import { CodedError } from '../../kernel/errors.ts';
import { checkPrice } from '../../pricing/check.ts';
import { baseAmount, changeSku, priceOf, requireBillable, requireFit } from './decide.ts';
import type { Sku } from './model.ts';

const coded = (code: string) => expect.objectContaining({ code });
const faultsOf = (work: () => unknown): (readonly [string, string])[] => {
  try {
    work();
  } catch (error) {
    if (error instanceof CodedError) return (error.details.errors ?? []).map((fault) => [fault.pointer, fault.code] as const);
    throw error;
  }
  return [];
};

describe('a price', () => {
  it('of an overage price alone is a price per unit', () => {
    expect(priceOf({ overage_price: '0.050' }, 'AUD')).toEqual({
      price: { model: 'unit', unit_amount: '0.05' },
      included_qty: null,
      overage_price: '0.05',
      tiers: null,
    });
  });

  it('takes an included quantity beside either form', () => {
    expect(priceOf({ overage_price: '1', included_qty: 100 }, 'AUD').price).toEqual({
      model: 'unit',
      unit_amount: '1',
      included_quantity: '100',
    });
    expect(priceOf({ price: { model: 'unit', unit_amount: '1' }, included_qty: '100' }, 'AUD')).toMatchObject({
      price: { model: 'unit', unit_amount: '1', included_quantity: '100' },
      included_qty: '100',
    });
  });

  it('in full wins over an overage price', () => {
    expect(priceOf({ overage_price: '1', price: { model: 'flat', amount: '10' } }, 'AUD')).toEqual({
      price: { model: 'flat', amount: '10' },
      included_qty: null,
      overage_price: null,
      tiers: null,
    });
  });

  it('shows its tiers in the column that the seed names', () => {
    const tiers = [
      { up_to: '10', unit_amount: '1' },
      { up_to: null, unit_amount: '0.5' },
    ];
    expect(priceOf({ price: { model: 'graduated', tiers } }, 'AUD').tiers).toEqual(tiers);
  });

  it('is needed', () => {
    expect(() => priceOf({}, 'AUD')).toThrow(coded('price_required'));
    expect(() => priceOf({ included_qty: '5' }, 'AUD')).toThrow(coded('price_required'));
  });

  it('names an included quantity once', () => {
    const price = { model: 'unit', unit_amount: '1', included_quantity: '5' };
    expect(() => priceOf({ price, included_qty: '5' }, 'AUD')).toThrow(coded('included_quantity_twice'));
    expect(priceOf({ price }, 'AUD').included_qty).toBe('5');
  });

  it('points its faults at the fields as they were written', () => {
    expect(faultsOf(() => priceOf({ overage_price: '1e3', included_qty: '-1' }, 'AUD'))).toEqual([
      ['/overage_price', 'decimal_invalid'],
      ['/included_qty', 'negative'],
    ]);
    expect(faultsOf(() => priceOf({ price: { model: 'flat', amount: '1.001' } }, 'AUD'))).toEqual([
      ['/price/amount', 'too_many_decimals'],
    ]);
    expect(faultsOf(() => priceOf({ price: null }, 'AUD'))).toEqual([['/price', 'wrong_type']]);
    expect(faultsOf(() => priceOf({ price: { model: 'flat', amount: '1' }, included_qty: '1' }, 'AUD'))).toEqual([
      ['/price/included_quantity', 'term_unsupported'],
    ]);
  });
});

describe('a base amount', () => {
  it('has at most the decimals of its currency', () => {
    expect(baseAmount('29.90', 'AUD')).toBe('29.9');
    expect(baseAmount(29, 'JPY')).toBe('29');
    expect(() => baseAmount('29.9', 'JPY')).toThrow(coded('base_amount_invalid'));
    expect(() => baseAmount('29.900', 'AUD')).toThrow(coded('base_amount_invalid'));
  });

  it.each(['-0.01', 'NaN', 'Infinity', '1e2', '', '1234567890123456'])('of %j is refused', (json) => {
    expect(() => baseAmount(json, 'AUD')).toThrow(coded('base_amount_invalid'));
  });
});

describe('a SKU', () => {
  const sku: Sku = {
    sku: 'sms',
    type: 'action',
    unit: 'message',
    aggregation: 'sum',
    dimensions: ['country'],
    late_policy: 'adjust_next',
    allow_negative: false,
    cost: null,
    retail: '0.1',
    tax_code: null,
    metadata: { a: 1, b: [1, 2] },
    created_at: '2026-01-01T00:00:00Z',
  };

  it('keeps what past billing stands on', () => {
    const changes = { type: 'object', unit: 'mail', aggregation: 'count', dimensions: [], allow_negative: true } as const;
    expect(faultsOf(() => changeSku(sku, { ...changes, dimensions: [] })).map(([pointer]) => pointer)).toEqual([
      '/type',
      '/unit',
      '/aggregation',
      '/dimensions',
      '/allow_negative',
    ]);
  });

  it('may be sent back whole, and then changes nothing', () => {
    const { sku: _code, created_at: _at, ...whole } = sku;
    expect(changeSku(sku, { ...whole, metadata: { b: [1, 2], a: 1 } }).fields).toEqual([]);
  });

  it('changes its price tags, tax code, metadata and late policy', () => {
    const { after, fields } = changeSku(sku, { retail: null, cost: '0.02', late_policy: 'absorb', metadata: {} });
    expect(fields).toEqual(['late_policy', 'cost', 'retail', 'metadata']);
    expect(after).toEqual({ ...sku, retail: null, cost: '0.02', late_policy: 'absorb', metadata: {} });
  });

  it('that counts distinct values of nothing is refused by name', () => {
    expect(() => requireBillable({ aggregation: 'unique_count', dimensions: [] })).toThrow(coded('dimension_required'));
    expect(() => requireBillable({ aggregation: 'unique_count', dimensions: ['user'] })).not.toThrow();
  });

  it('takes only prices that its usage fits', () => {
    const matrix = (dimension: string) =>
      checkPrice(
        { model: 'matrix', dimensions: [dimension], cells: [], default: { model: 'flat', amount: '1' } },
        { currency: 'AUD', pointer: '' },
      );
    expect(() => requireFit(matrix('country'), sku)).not.toThrow();
    expect(() => requireFit(matrix('colour'), sku)).toThrow(coded('dimension_unknown'));
    expect(() => requireFit(matrix('country'), { ...sku, aggregation: 'weighted_sum' })).toThrow(coded('aggregation_unfit'));
  });
});
