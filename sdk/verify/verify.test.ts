import { describe, expect, it } from 'vitest';
import { type Bundle, buildBundle, bundleDay, inputsHash } from '../../src/kernel/bundle.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '../../src/kernel/canonical-json.ts';
import { jwsTypes, receiptHash } from '../../src/kernel/proof.ts';
import {
  type SampleKey,
  SampleLog,
  sampleBundle,
  sampleCharge,
  sampleCharges,
  sampleEvents,
  sampleInvoice,
  sampleKey,
  sampleOrg,
  sampleTenant,
  signed,
} from '../../test/support/sample-bundle.ts';
import { fingerprintOf } from './jws.ts';
import type { Report } from './report.ts';
import { type VerifyOptions, verifyBundle } from './verify.ts';

const key = sampleKey();
const ackKey = sampleKey('EdDSA');
const { bundle } = sampleBundle(key);
const jwks = jwksOf(key, ackKey);

function jwksOf(...keys: SampleKey[]): Buffer {
  return Buffer.from(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
}

function verify(value: unknown, options: VerifyOptions = { jwks }): Report {
  return verifyBundle(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), options);
}

const good = (report: Report) => report.authenticated && report.consistent;
const codes = (report: Report) => report.findings.map(({ where, code }) => `${where} ${code}`);

/** A copy with one member changed, by JSON pointer. */
function changed(pointer: string, change: (value: never) => unknown, from: unknown = bundle): JsonObject {
  const copy = structuredClone(from) as Record<string, unknown>;
  const names = pointer.slice(1).split('/');
  const last = names.pop()!;
  const parent = names.reduce((value, name) => value[name] as Record<string, unknown>, copy);
  const value = change(parent[last] as never);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy as JsonObject;
}

describe('a bundle as it was issued', () => {
  it('verifies with the JWKS, with the fingerprint, and with both', () => {
    const fingerprint = fingerprintOf(key.jwk.kid);
    for (const options of [{ jwks }, { fingerprint }, { fingerprint: fingerprint.toUpperCase() }, { jwks, fingerprint }]) {
      const report = verify(bundle, options);
      expect(codes(report)).toEqual([]);
      expect(good(report)).toBe(true);
    }
    // 30 half-hours from 23:30: one on 31 January, sixteen on 1 February, thirteen on 2 February.
    expect(verify(bundle).summary).toMatchObject({
      number: 'INV-000007',
      lines: 4,
      usage_lines: 2,
      days: 3,
      events: 30,
      receipt_seq: 3,
      log_size: 7,
    });
  });

  it('verifies however it is indented and its members are ordered', () => {
    expect(good(verify(JSON.stringify(bundle, null, 3)))).toBe(true);
    expect(good(verify(canonicalJson(bundle as unknown as JsonValue)))).toBe(true);
  });

  it('is consistent but not authenticated without a key', () => {
    const report = verify(bundle, {});
    expect([report.authenticated, report.consistent]).toEqual([false, true]);
    expect(codes(report)).toEqual(['/checkpoint signer_unchecked']);
  });

  it('is not authenticated by other keys, and says which key signed', () => {
    for (const options of [
      { jwks: jwksOf(sampleKey()) },
      { fingerprint: '0'.repeat(64) },
      { jwks, fingerprint: '0'.repeat(64) },
      { jwks: Buffer.from('{"keys":[]}') },
    ]) {
      const report = verify(bundle, options);
      expect([report.authenticated, report.consistent]).toEqual([false, true]);
      expect(codes(report)).toEqual(['/checkpoint signer_not_trusted']);
      expect(report.findings[0]!.detail).toContain(fingerprintOf(key.jwk.kid));
    }
    expect(codes(verify(bundle, { jwks: Buffer.from('nonsense') }))).toContain('jwks jwks_malformed');
  });

  it('is the first receipt of its log, or the only one', () => {
    const charges = sampleCharges();
    const invoice = sampleInvoice(charges.map(({ line }) => line));
    const fresh = new SampleLog(key);
    fresh.append(invoice.invoice_id, invoice);
    const parts = charges.map((each) => each.parts);
    expect(good(verify(buildBundle({ invoice, charges: parts, proof: fresh.proof(1) })))).toBe(true);
    fresh.append(sampleOrg, {});
    expect(good(verify(buildBundle({ invoice, charges: parts, proof: fresh.proof(1) })))).toBe(true);
  });

  it.each([
    ['billed before, and priced anew', { usage_period: { from: '2026-01-01T00:00:00Z', to: '2026-03-01T00:00:00Z' } }, []],
    ['of nobody’s period', {}, ['/charges/0/days/0/events/0/event/time event_before_period']],
  ])('minds usage from before the line’s period, but where it is %s', (_name, more, expected) => {
    const [{ event, salt }] = sampleEvents() as [ReturnType<typeof sampleEvents>[number]];
    const charge = sampleCharge(1, {
      sku: 'grid.import',
      events: [{ event, salt }],
      inputs: {
        price: { model: 'unit', unit_amount: '1' },
        aggregation: 'sum',
        period: { from: '2026-02-01T00:00:00Z', to: '2026-03-01T00:00:00Z' },
        ...more,
      },
    });
    expect(codes(verify(sampleBundle(key, [charge]).bundle))).toEqual(expected);
  });

  it.each([
    ['count', '3'],
    ['max', '5'],
    ['min', '-1.5'],
    ['latest', '2'],
    ['sum', '5.5'],
  ])('has the quantity redone for the aggregation %s', (aggregation, quantity) => {
    const at = (time: string, amount: string) => ({
      ...sampleEvents()[0]!,
      event: { ...sampleEvents()[0]!.event, request_id: time, time, quantity: amount },
    });
    const events = [at('2026-02-03T00:00:00Z', '2'), at('2026-02-01T00:00:00Z', '5'), at('2026-02-02T00:00:00Z', '-1.5')];
    const inputs = { price: { model: 'unit', unit_amount: '1' }, aggregation, allow_negative: true };
    expect(
      good(verify(sampleBundle(key, [sampleCharge(1, { sku: 'grid.import', events, inputs: { ...inputs, quantity } })]).bundle)),
    ).toBe(true);
    const wrong = verify(
      sampleBundle(key, [sampleCharge(1, { sku: 'grid.import', events, inputs: { ...inputs, quantity: '4' } })]).bundle,
    );
    expect(codes(wrong)).toEqual(['/invoice/lines/0/quantity quantity_wrong']);
  });
});

describe('a bundle that was changed', () => {
  it('fails at each single character, unless the content is the same', () => {
    const text = JSON.stringify(bundle);
    const content = canonicalJson(bundle as unknown as JsonValue);
    let refused = 0;
    // Every character in turn; each is replaced by one that often keeps the text well-formed.
    for (let at = 0; at < text.length; at += 1) {
      const was = text[at]!;
      const now = /[0-8a-eA-E]/.test(was)
        ? String.fromCharCode(was.charCodeAt(0) + 1)
        : was === '9'
          ? '3'
          : was === 'x'
            ? 'y'
            : 'x';
      const tampered = text.slice(0, at) + now + text.slice(at + 1);
      const report = verify(tampered);
      if (good(report)) throw new Error(`not noticed: ${text.slice(at - 20, at)}[${was}→${now}]${text.slice(at + 1, at + 20)}`);
      expect(report.findings.length).toBeGreaterThan(0);
      refused += 1;
    }
    expect(refused).toBe(text.length);
    expect(content.length).toBe(text.length);
  }, 120_000);

  it('fails with any character put in or taken out, unless the content is the same', () => {
    const text = JSON.stringify(bundle);
    const content = canonicalJson(bundle as unknown as JsonValue);
    for (let at = 0; at < text.length; at += 7) {
      for (const tampered of [
        text.slice(0, at) + text.slice(at + 1),
        `${text.slice(0, at)}0${text.slice(at)}`,
        `${text.slice(0, at)} ${text.slice(at)}`,
      ]) {
        if (sameContent(tampered, content)) continue;
        if (good(verify(tampered))) throw new Error(`not noticed at ${at}: ${tampered.slice(at - 20, at + 20)}`);
      }
    }
  }, 120_000);

  const flip = (hash: string) => (hash.startsWith('0') ? '1' : '0') + hash.slice(1);
  it.each<[string, (value: never) => unknown, string]>([
    ['/format', () => 'other', '/format format_unknown'],
    ['/version', () => 2, '/version version_unknown'],
    ['/extra', () => 1, '/extra member_unknown'],
    ['/receipt/note', () => 'x', '/receipt/note member_unknown'],
    ['/jwks/keys/0/x5c', () => [], '/jwks/keys/0/x5c member_unknown'],
    ['/charges/0/days/0/events/0/event/color', () => 'red', '/charges/0/days/0/events/0/event/color member_unknown'],
    ['/inclusion', () => undefined, '/inclusion member_missing'],
    ['/charges/0/days/0/count', () => '1', '/charges/0/days/0/count value_invalid'],
    ['/charges/0/days/0/sum', (sum: string) => `${sum}0`, '/charges/0/days/0/sum value_invalid'],
    [
      '/charges/0/days/0/events/0/event/time',
      () => '2026-01-31T23:30:00+11:00',
      '/charges/0/days/0/events/0/event/time value_invalid',
    ],
    ['/invoice/customer/legal_name', () => 'Somebody Else', '/invoice payload_hash_wrong'],
    ['/invoice/lines/0/description', () => 'Gold', '/invoice payload_hash_wrong'],
    ['/invoice/lines/2/amount', () => '0.01', '/invoice/lines/2/amount amount_wrong'],
    ['/invoice/lines/2/amount_exact', () => '0.01', '/invoice/lines/2/amount_exact amount_exact_wrong'],
    ['/invoice/lines/0/quantity', () => '1', '/invoice/lines/0/quantity quantity_wrong'],
    ['/invoice/lines/0/usage/root', flip, '/invoice/lines/0/usage/root line_root_wrong'],
    ['/invoice/lines/0/usage/count', () => 29, '/invoice/lines/0/usage/count line_count_wrong'],
    ['/invoice/lines/0/usage/sum', () => '1', '/invoice/lines/0/usage/sum line_sum_wrong'],
    ['/invoice/lines/0/usage', () => null, '/charges/0/days usage_unexpected'],
    ['/invoice/total', () => '1.00', '/invoice/total total_wrong'],
    ['/invoice/currency', () => 'XYZ', '/invoice/currency currency_unknown'],
    ['/invoice/currency', () => 'USD', '/charges/0/inputs/currency currency_differs'],
    ['/invoice/tenant_id', () => sampleOrg, '/receipt/tenant_id receipt_foreign'],
    ['/charges/0/inputs/price/tiers/0/unit_amount', () => '0.2512', '/charges/0/inputs inputs_hash_wrong'],
    ['/charges/0/inputs/partner/pct', () => '99', '/charges/0/inputs inputs_hash_wrong'],
    ['/charges/0/inputs/price/model', () => 'magic', '/charges/0/inputs price_refused'],
    ['/charges/0/inputs/aggregation', () => 'median', '/charges/0/inputs/aggregation aggregation_unknown'],
    ['/charges/0/inputs/aggregation', () => undefined, '/charges/0/inputs/aggregation aggregation_unknown'],
    ['/charges/0/steps/1/amount', () => '0', '/charges/0/steps/1 steps_wrong'],
    ['/charges/0/steps/1/kind', () => 'gift', '/charges/0/steps steps_hash_wrong'],
    ['/charges/0/steps', (steps: unknown[]) => steps.slice(1), '/charges/0/steps steps_wrong'],
    ['/charges/2/line_id', () => sampleOrg, '/charges/2/line_id charges_differ'],
    ['/charges', (charges: unknown[]) => charges.slice(0, 3), '/charges charges_differ'],
    ['/charges/0/days/1/root', flip, '/charges/0/days/1/root day_root_wrong'],
    ['/charges/0/days/1/count', () => 3, '/charges/0/days/1/count day_count_wrong'],
    ['/charges/0/days/1/sum', () => '3', '/charges/0/days/1/sum day_sum_wrong'],
    ['/charges/0/days/1/day', () => '2026-02-05', '/charges/0/days/2/day day_order'],
    ['/charges/0/days', (days: unknown[]) => days.slice(1), '/invoice/lines/0/usage/root line_root_wrong'],
    ['/charges/0/days/1/events', (events: unknown[]) => events.slice(1), '/charges/0/days/1/root day_root_wrong'],
    ['/charges/0/days/1/events', (events: unknown[]) => [...events].reverse(), '/charges/0/days/1/events/1 event_order'],
    ['/charges/0/days/1/events/2/event/quantity', () => '0.001', '/charges/0/days/1/root day_root_wrong'],
    ['/charges/0/days/1/events/2/event/metadata/quality', () => 'E', '/charges/0/days/1/root day_root_wrong'],
    ['/charges/0/days/1/events/2/salt', () => 'AAAAAAAAAAAAAAAAAAAAAA', '/charges/0/days/1/root day_root_wrong'],
    ['/charges/0/days/1/events/2/event/org_id', () => sampleTenant, '/charges/0/days/1/events/2/event/org_id event_foreign'],
    ['/charges/0/days/1/events/2/event/sku', () => 'sms', '/charges/0/days/1/events/2/event/sku event_foreign'],
    [
      '/charges/0/days/1/events/2/event/time',
      () => '2026-01-31T10:00:00Z',
      '/charges/0/days/1/events/2/event/time event_day_wrong',
    ],
    [
      '/charges/0/days/1/events/2/event/time',
      () => '2026-03-31T10:00:00Z',
      '/charges/0/days/1/events/2/event/time event_after_period',
    ],
    [
      '/charges/0/days/1/events/2/event/request_id',
      () => 'nmi/4103035209/0',
      '/charges/0/days/1/events/2/event/request_id event_repeated',
    ],
    ['/receipt/payload_hash', flip, '/receipt/hash receipt_hash_wrong'],
    ['/receipt/hash', flip, '/receipt/hash receipt_hash_wrong'],
    ['/receipt/kind', () => 'credit_note', '/receipt/kind receipt_foreign'],
    ['/receipt/subject_id', () => sampleOrg, '/receipt/subject_id receipt_foreign'],
    ['/receipt/prev_hash', flip, '/inclusion/previous_path chain_wrong'],
    ['/receipt/seq', () => 4, '/inclusion/path inclusion_wrong'],
    ['/receipt/seq', () => 8, '/checkpoint checkpoint_too_short'],
    ['/receipt/seq', () => 1, '/receipt/prev_hash chain_wrong'],
    ['/inclusion/path/0', flip, '/inclusion/path inclusion_wrong'],
    ['/inclusion/path', (path: unknown[]) => path.slice(1), '/inclusion/path inclusion_wrong'],
    ['/inclusion/previous_path', () => [], '/inclusion/previous_path chain_wrong'],
    ['/jwks/keys', () => [], '/jwks/keys key_wrong'],
    ['/jwks/keys', (keys: unknown[]) => [...keys, ...keys], '/jwks/keys key_wrong'],
    ['/jwks/keys/0/e', () => 'AAAD', '/jwks/keys/0 key_wrong'],
    ['/checkpoint', (jws: string) => `${jws.slice(0, -5)}AAAAA`, '/checkpoint signature_wrong'],
    ['/checkpoint', (jws: string) => jws.split('.').slice(0, 2).join('.'), '/checkpoint value_invalid'],
    ['/checkpoint', (jws: string) => `${jws.split('.').slice(0, 2).join('.')}.AAAA`, '/checkpoint signature_wrong'],
  ])('at %s is found and located', (pointer, change, expected) => {
    const report = verify(changed(pointer, change));
    expect(report.consistent).toBe(false);
    expect(codes(report)).toContain(expected);
  });

  it('is refused as a text: a member twice, cut short, not UTF-8, a number spelled otherwise', () => {
    const text = JSON.stringify(bundle);
    expect(codes(verify(text.replace('"version":1', '"version":1,"version":1')))).toEqual(['/version duplicate_member']);
    expect(codes(verify(text.replace('"version":1', '"version":1.0')))).toEqual(['/version number_out_of_range']);
    expect(codes(verify(text.slice(0, -100)))[0]).toMatch(/json_malformed$/);
    expect(codes(verifyBundle(Buffer.from([0x7b, 0xff]), { jwks }))).toEqual([' json_encoding']);
    for (const nonsense of ['null', '[]', '"x"', '{}', '']) expect(good(verify(nonsense))).toBe(false);
  });
});

describe('a bundle that was made anew', () => {
  it('by someone with a key of his own is consistent and not authenticated', () => {
    const forger = sampleKey();
    const forged = sampleBundle(forger, sampleCharges().slice(2)).bundle;
    const report = verify(forged);
    expect([report.authenticated, report.consistent]).toEqual([false, true]);
    expect(codes(report)).toEqual(['/checkpoint signer_not_trusted']);
  });

  it('under the name of the real key is caught by the name itself', () => {
    const forger = sampleKey();
    const forged = sampleBundle({ ...forger, jwk: { ...forger.jwk, kid: key.jwk.kid } }).bundle;
    const report = verify(forged);
    expect([report.authenticated, report.consistent]).toEqual([false, false]);
    expect(codes(report)).toEqual(['/jwks/keys/0 key_wrong', '/checkpoint signature_wrong']);
  });

  it('with the checkpoint signed as something else, or by an algorithm of the signer’s choice, is refused', () => {
    const [, payload] = bundle.checkpoint.split('.');
    const statement = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as JsonObject;
    const none = `${Buffer.from(canonicalJson({ alg: 'none', kid: key.jwk.kid, typ: jwsTypes.checkpoint })).toString('base64url')}.${payload}.AAAA`;
    for (const checkpoint of [
      signed(statement, key, jwsTypes.ack),
      signed(statement, ackKey, jwsTypes.checkpoint),
      signed({ ...statement, extra: 1 }, key, jwsTypes.checkpoint),
      signed({ ...statement, size: '7' }, key, jwsTypes.checkpoint),
      none,
    ])
      expect(codes(verify({ ...bundle, checkpoint }))).toContain('/checkpoint checkpoint_malformed');
    const other = signed({ ...statement, log: sampleOrg }, key, jwsTypes.checkpoint);
    expect(codes(verify({ ...bundle, checkpoint: other }))).toEqual(['/checkpoint checkpoint_foreign']);
  });

  it('with usage left out and every hash below the invoice made new is caught by the receipt', () => {
    const smaller = changed('/charges/0/days', (days: Bundle['charges'][number]['days']) => days.slice(0, 2).map(bundleDay));
    expect(verify(smaller).consistent).toBe(false);
    const rehashed = changed('/invoice/lines/0/inputs_hash', () => inputsHash(bundle.charges[0]!.inputs).replace(/^./, 'f'));
    expect(codes(verify(rehashed))).toContain('/invoice payload_hash_wrong');
  });

  it('with a receipt hashed anew is caught by the tree', () => {
    const receipt = { ...bundle.receipt, payload_hash: 'ab'.repeat(32) };
    const report = verify({ ...bundle, receipt: { ...receipt, hash: receiptHash(receipt).toString('hex') } });
    expect(codes(report)).toEqual(['/invoice payload_hash_wrong', '/inclusion/path inclusion_wrong']);
  });
});

function sameContent(text: string, content: string): boolean {
  try {
    return canonicalJson(JSON.parse(text) as JsonValue) === content;
  } catch {
    return false;
  }
}
