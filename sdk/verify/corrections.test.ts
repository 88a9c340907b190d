import { describe, expect, it } from 'vitest';
import type { ChargeInputs } from '../../src/kernel/bundle.ts';
import { counterEvent, type UsageEvent } from '../../src/kernel/proof.ts';
import { sampleBundle, sampleCharge, sampleEvents, sampleKey } from '../../test/support/sample-bundle.ts';
import type { Report } from './report.ts';
import { verifyBundle } from './verify.ts';

const key = sampleKey();
const jwks = Buffer.from(JSON.stringify({ keys: [key.jwk] }));
const verify = (value: unknown): Report => verifyBundle(Buffer.from(JSON.stringify(value)), { jwks });
const codes = (report: Report) => report.findings.map(({ where, code }) => `${where} ${code}`);

describe('a bundle with corrections', () => {
  const { event: sample, salt } = sampleEvents()[0]!;
  const at = (request_id: string, time: string, quantity: string) => ({
    salt,
    event: { request_id, time, quantity, sku: sample.sku, org_id: sample.org_id, source: 'meter' } as UsageEvent,
  });
  const counter = (of: { event: UsageEvent }, over: Partial<UsageEvent> = {}) => ({
    salt,
    event: { ...counterEvent(of.event, { source: 'manual', metadata: { reason: 'wrong' } }), ...over },
  });
  const bundleOf = (events: { event: UsageEvent; salt: string }[], aggregation: string, quantity: string) => {
    const inputs = { price: { model: 'unit', unit_amount: '1' }, aggregation, allow_negative: true, quantity };
    return sampleBundle(key, [sampleCharge(1, { sku: sample.sku, events, inputs })]).bundle;
  };
  const [small, large, last] = [
    at('r-1', '2026-02-01T00:00:00Z', '1'),
    at('r-2', '2026-02-02T00:00:00Z', '5'),
    at('r-3', '2026-02-03T00:00:00Z', '2'),
  ];

  it.each([
    // The largest of 1, 5, 2 is taken back; three events and a counter-event count for two.
    ['count', '2'],
    ['sum', '3'],
    ['max', '2'],
    ['min', '1'],
    ['latest', '2'],
  ])('has what stands redone for the aggregation %s', (aggregation, quantity) => {
    const report = verify(bundleOf([small, large, counter(large), last], aggregation, quantity));
    expect(codes(report)).toEqual([]);
    expect(report.authenticated && report.consistent).toBe(true);
  });

  it.each([
    // Billed before, taken off now: one event less, its quantity off, and nothing that stands.
    ['count', '-1'],
    ['sum', '-5'],
    ['max', '0'],
    ['latest', '0'],
  ])('takes off what an earlier invoice billed, for the aggregation %s', (aggregation, quantity) => {
    expect(codes(verify(bundleOf([counter(large)], aggregation, quantity)))).toEqual([]);
  });

  it('counts a replacement like any event', () => {
    const replacement = { salt, event: { ...at('fixed', '2026-02-02T00:00:00Z', '3').event, amends: 'r-2' } };
    expect(codes(verify(bundleOf([large, counter(large), replacement], 'max', '3')))).toEqual([]);
  });

  it('fails where a counter-event is not the exact opposite, or can take back twice', () => {
    const wrong = (events: { event: UsageEvent; salt: string }[], quantity: string) =>
      codes(verify(bundleOf(events, 'sum', quantity)));
    expect(wrong([large, counter(large, { quantity: '-6' })], '-1')).toEqual(['/charges/0/days correction_wrong']);
    const twice = counter(large, { request_id: 'void:again' });
    expect(wrong([large, counter(large), twice], '-5')).toContain('/charges/0/days/0/events/1/event/request_id correction_wrong');
    const of_counter = counter(counter(large));
    expect(wrong([large, counter(large), of_counter], '5')).toEqual(['/charges/0/days correction_wrong']);
    expect(wrong([at('void:me', '2026-02-02T00:00:00Z', '1')], '1')).toEqual([
      '/charges/0/days/0/events/0/event/request_id correction_wrong',
    ]);
    expect(wrong([counter(large, { amends: 'r-1' })], '-5')).toEqual([
      '/charges/0/days/0/events/0/event/amends correction_wrong',
    ]);
  });
});

describe('what a line says of the usage it prices', () => {
  const { event: sample, salt } = sampleEvents()[0]!;
  const at = (request_id: string, time: string, quantity: string, region: string) => ({
    salt,
    event: {
      ...{ request_id, time, quantity, sku: sample.sku, org_id: sample.org_id, source: 'meter' },
      properties: { region },
    } as UsageEvent,
  });
  const events = [at('r-1', '2026-02-01T00:00:00Z', '1', 'eu'), at('r-2', '2026-02-02T00:00:00Z', '5', 'us')];
  const of = (inputs: Partial<ChargeInputs> & Pick<ChargeInputs, 'price' | 'quantity'>) =>
    codes(
      verify(sampleBundle(key, [sampleCharge(1, { sku: sample.sku, events, inputs: { aggregation: 'sum', ...inputs } })]).bundle),
    );

  it('is the time of the line at the least: nothing of it can be left out by naming a shorter one', () => {
    const period = { from: '2026-01-31T13:00:00Z', to: '2026-02-28T13:00:00Z' };
    const price = { model: 'unit', unit_amount: '1' };
    expect(of({ price, quantity: '6', period, usage_period: { from: '2026-01-01T00:00:00Z', to: period.to } })).toEqual([]);
    for (const usage_period of [
      { from: '2026-02-01T00:00:00Z', to: period.to },
      { from: period.from, to: '2026-02-03T00:00:00Z' },
    ])
      expect(of({ price, quantity: '6', period, usage_period })).toEqual(['/charges/0/inputs/usage_period usage_period_wrong']);
  });

  it('is single events where the price is over them, and one quantity where it is not', () => {
    const cell = { match: { region: 'us' }, price: { model: 'unit', unit_amount: '9' } };
    const price = { model: 'matrix', dimensions: ['region'], cells: [cell], default: { model: 'unit', unit_amount: '1' } };
    expect(of({ price, quantity: '6', by_events: true })).toEqual([]);
    // All six at the default, as if no event were in a cell.
    expect(of({ price, quantity: '6' })).toEqual(['/charges/0/inputs/by_events by_events_wrong']);
    expect(of({ price: { model: 'unit', unit_amount: '1' }, quantity: '6', by_events: true })).toEqual([
      '/charges/0/inputs/by_events by_events_wrong',
    ]);
  });
});
