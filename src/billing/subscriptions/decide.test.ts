import { describe, expect, it } from 'vitest';
import type { CurrentPrice } from '../../offer/catalog/model.ts';
import type { Price } from '../../pricing/language.ts';
import {
  differences,
  effectivePricesOf,
  endSubscription,
  planAssignment,
  readOverrides,
  replacedEnd,
  requireOpen,
  statusOf,
} from './decide.ts';
import type { Subscription } from './model.ts';

const coded = (code: string) => expect.objectContaining({ code });
const subscription = (over: Partial<Subscription> = {}): Subscription => ({
  subscription_id: 's1',
  org_id: 'o',
  plan_id: 'basic',
  overrides: {},
  effective_at: '2026-01-01T00:00:00Z',
  ended_at: null,
  status: 'active',
  billed_until: null,
  created_at: '2026-01-01T00:00:00Z',
  ...over,
});
const current = (sku: string, price: Price): CurrentPrice => ({
  price_version_id: `${sku} v1`,
  plan_id: 'basic',
  sku,
  version: 1,
  price,
  price_hash: `hash of ${JSON.stringify(price)}`,
  created_at: '2026-01-01T00:00:00Z',
  created_by: 'test',
  draft_id: null,
  included_qty: null,
  overage_price: null,
  tiers: null,
});
const unit = (unit_amount: string, included_quantity?: string): Price => ({
  model: 'unit',
  unit_amount,
  ...(included_quantity === undefined ? {} : { included_quantity }),
});

describe('a subscription', () => {
  const now = Temporal.Instant.from('2026-03-01T00:00:00Z');

  it('is scheduled, active or ended by the time', () => {
    expect(statusOf(subscription(), now)).toBe('active');
    expect(statusOf(subscription({ effective_at: '2026-03-01T00:00:00Z' }), now)).toBe('active');
    expect(statusOf(subscription({ effective_at: '2026-03-01T00:00:00.000001Z' }), now)).toBe('scheduled');
    expect(statusOf(subscription({ ended_at: '2026-03-01T00:00:00Z' }), now)).toBe('ended');
    expect(statusOf(subscription({ ended_at: '2026-03-02T00:00:00Z' }), now)).toBe('active');
    expect(statusOf(subscription({ effective_at: '2026-04-01T00:00:00Z', ended_at: '2026-04-01T00:00:00Z' }), now)).toBe('ended');
  });

  it('ends once, not before its start, and not in a billed period', () => {
    expect(endSubscription(subscription(), '2026-02-01T00:00:00Z')).toBe('2026-02-01T00:00:00Z');
    expect(() => endSubscription(subscription({ ended_at: '2026-05-01T00:00:00Z' }), '2026-04-01T00:00:00Z')).toThrow(
      coded('subscription_ended'),
    );
    expect(() => endSubscription(subscription(), '2025-12-31T23:59:59Z')).toThrow(coded('subscription_ends_before_start'));
    const billed = subscription({ billed_until: '2026-02-01T00:00:00Z' });
    expect(() => endSubscription(billed, '2026-01-31T00:00:00Z')).toThrow(coded('period_closed'));
    expect(endSubscription(billed, '2026-02-01T00:00:00Z')).toBe('2026-02-01T00:00:00Z');
  });

  it('that is replaced ends then, or when it would have, and never before its start', () => {
    expect(replacedEnd(subscription(), '2026-02-01T00:00:00Z')).toBe('2026-02-01T00:00:00Z');
    expect(replacedEnd(subscription({ ended_at: '2026-01-15T00:00:00Z' }), '2026-02-01T00:00:00Z')).toBe('2026-01-15T00:00:00Z');
    expect(replacedEnd(subscription({ ended_at: '2026-03-01T00:00:00Z' }), '2026-02-01T00:00:00Z')).toBe('2026-02-01T00:00:00Z');
    expect(replacedEnd(subscription(), '2025-12-01T00:00:00Z')).toBe('2026-01-01T00:00:00Z');
  });

  it('changes nothing before what is billed', () => {
    expect(() => requireOpen('2026-01-31T23:59:59Z', '2026-02-01T00:00:00Z', '/effective_at')).toThrow(coded('period_closed'));
    requireOpen('2026-02-01T00:00:00Z', '2026-02-01T00:00:00Z', '/effective_at');
    requireOpen('2020-01-01T00:00:00Z', null, '/effective_at');
  });
});

describe('overrides', () => {
  const prices = [current('sms', unit('0.1', '100')), current('seat', { model: 'flat', amount: '10' })];
  const read = (skus: Record<string, object>) =>
    readOverrides(
      { skus },
      {
        prices,
        currency: 'AUD',
        fullPrice: (request) => (request.price ?? { model: 'unit', unit_amount: request.overage_price }) as Price,
        baseAmount: String,
      },
    );
  const effective = (overrides: Subscription['overrides'], list = prices) =>
    effectivePricesOf(
      { overrides },
      { prices: list, items: new Map(list.map((one) => [one.sku, 'i'])), currency: 'AUD', hashOf: () => 'new hash' },
    );

  it('are kept as they were meant, in shortest form', () => {
    expect(read({ sms: { included_qty: 250, overage_price: '0.080' } })).toEqual({
      skus: { sms: { included_qty: '250', overage_price: '0.08' } },
    });
    expect(read({})).toEqual({});
  });

  it('of a SKU that the plan does not have, or that say nothing, are refused', () => {
    expect(() => read({ fax: { overage_price: '1' } })).toThrow(coded('sku_not_in_plan'));
    expect(() => read({ sms: {} })).toThrow(coded('override_empty'));
  });

  it('that do not fit the price of the plan are refused', () => {
    expect(() => read({ seat: { included_qty: '5' } })).toThrow(coded('price_invalid'));
    expect(() => read({ sms: { included_qty: '-5' } })).toThrow(coded('price_invalid'));
  });

  it('change the included quantity and keep the rest', () => {
    expect(effective({ skus: { sms: { included_qty: '250' } } })[0]).toEqual({
      sku: 'sms',
      item_id: 'i',
      price_version_id: 'sms v1',
      version: 1,
      price: unit('0.1', '250'),
      price_hash: 'new hash',
      overridden: true,
      fault: null,
    });
  });

  it('of an overage price make a unit price and keep the included quantity of the plan', () => {
    const graduated: Price = { model: 'graduated', tiers: [{ up_to: null, unit_amount: '9' }], included_quantity: '7' };
    expect(effective({ skus: { sms: { overage_price: '1' } } }, [current('sms', graduated)])[0]!.price).toEqual(unit('1', '7'));
  });

  it('leave the other SKUs as they are, whatever these are called', () => {
    const odd = current('constructor', unit('1'));
    expect(effective({ skus: { sms: { price: unit('0') } } }, [odd])).toMatchObject([{ overridden: false, price: unit('1') }]);
  });

  it('that a later price of the plan outgrew are a fault, and the price is the plan’s', () => {
    const [seat] = effective({ skus: { sms: { included_qty: '5' } } }, [current('sms', { model: 'flat', amount: '3' })]);
    expect(seat).toMatchObject({
      price: { model: 'flat', amount: '3' },
      overridden: false,
      fault: expect.stringContaining('does not fit'),
    });
  });
});

describe('moving to a plan', () => {
  const plan = { plan_id: 'pro', skus: ['sms', 'mail'] };
  const holding = (over: Partial<Subscription>, ...skus: string[]) => ({ subscription: subscription(over), skus: new Set(skus) });
  const move = (live: ReturnType<typeof holding>[], over: Partial<Parameters<typeof planAssignment>[0]> = {}) => {
    const { keep, replaced } = planAssignment({
      plan,
      assigned: new Set(),
      live,
      effective_at: '2026-03-01T00:00:00Z',
      billed_until: null,
      ...over,
    });
    return { keep: keep?.subscription_id ?? null, replaced: replaced.map((one) => one.subscription_id) };
  };

  it('ends what shares a SKU with it, and leaves add-ons alone', () => {
    const live = [holding({ subscription_id: 'basic' }, 'sms'), holding({ subscription_id: 'addon', plan_id: 'storage' }, 'gb')];
    expect(move(live)).toEqual({ keep: null, replaced: ['basic'] });
  });

  it('ends the subscription of the assignment before, though they share nothing', () => {
    expect(move([holding({ subscription_id: 'old', plan_id: 'hosting' }, 'gb')], { assigned: new Set(['old']) })).toEqual({
      keep: null,
      replaced: ['old'],
    });
  });

  it('keeps the subscription of an organization that is on the plan already', () => {
    expect(move([holding({ subscription_id: 'same', plan_id: 'pro' }, 'sms', 'mail')], { assigned: new Set(['same']) })).toEqual({
      keep: 'same',
      replaced: [],
    });
  });

  it('replaces a subscription to the same plan that ends, or starts later', () => {
    const ending = holding({ subscription_id: 'ending', plan_id: 'pro', ended_at: '2026-04-01T00:00:00Z' }, 'sms');
    const later = holding({ subscription_id: 'later', plan_id: 'pro', effective_at: '2026-05-01T00:00:00Z' }, 'sms');
    expect(move([ending, later])).toEqual({ keep: null, replaced: ['ending', 'later'] });
  });

  it('does not reach into a billed period, unless it changes nothing', () => {
    const closed = { billed_until: '2026-03-02T00:00:00Z' };
    expect(() => move([], closed)).toThrow(coded('period_closed'));
    expect(move([holding({ subscription_id: 'same', plan_id: 'pro' }, 'sms')], closed)).toEqual({ keep: 'same', replaced: [] });
  });
});

it('a difference is a SKU that is added, goes or costs something else', () => {
  const there = (price_hash: string) => ({
    plan_id: 'p',
    price_version_id: 'v',
    version: 1,
    price: { model: 'flat' },
    included_qty: null,
    overridden: false,
    price_hash,
  });
  const found = differences(
    new Map([
      ['same', there('a')],
      ['goes', there('b')],
      ['changes', there('c')],
    ]),
    new Map([
      ['same', there('a')],
      ['comes', there('d')],
      ['changes', there('e')],
    ]),
  );
  expect(found.map(({ sku, change, before, after }) => [sku, change, before !== null, after !== null])).toEqual([
    ['changes', 'changed', true, true],
    ['comes', 'added', false, true],
    ['goes', 'removed', true, false],
  ]);
});
