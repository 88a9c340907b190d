import { describe, expect, it } from 'vitest';
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
