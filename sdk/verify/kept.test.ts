import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/kernel/canonical-json.ts';
import { merkleRoot } from '../../src/kernel/merkle.ts';
import { jwsTypes, usageLeaf } from '../../src/kernel/proof.ts';
import {
  SampleLog,
  sampleBundle,
  sampleCharge,
  sampleCharges,
  sampleEvents,
  sampleKey,
  sampleOrg,
  sampleTenant,
  signed,
} from '../../test/support/sample-bundle.ts';
import type { Report } from './report.ts';
import { type VerifyOptions, verifyBundle } from './verify.ts';

const key = sampleKey();
const ackKey = sampleKey('EdDSA');
const { bundle, log } = sampleBundle(key);
const jwks = Buffer.from(JSON.stringify({ keys: [key.jwk, ackKey.jwk] }));

function verify(value: unknown, options: VerifyOptions = { jwks }): Report {
  return verifyBundle(Buffer.from(JSON.stringify(value)), options);
}

const good = (report: Report) => report.authenticated && report.consistent;
const codes = (report: Report) => report.findings.map(({ where, code }) => `${where} ${code}`);

describe('acknowledgements', () => {
  const acked = sampleEvents().slice(5, 9);
  const leafOf = ({ event, salt }: (typeof acked)[number]) => usageLeaf(event, Buffer.from(salt, 'base64url'));
  const line = (events: JsonObject[], over: JsonObject = {}, signer = ackKey) => {
    const root = merkleRoot(acked.map(leafOf)).toString('hex');
    const statement = { count: 4, root, tenant_id: sampleTenant, time: '2026-02-20T00:00:00Z', ...over };
    return `${JSON.stringify({ ack: signed(statement, signer, jwsTypes.ack), events })}\n`;
  };
  const listed = (leaf: boolean) =>
    acked.map((each) => {
      const { request_id, org_id, sku, time } = each.event;
      return { request_id, org_id, sku, time, ...(leaf ? { leaf: leafOf(each).toString('hex') } : {}) };
    });
  const check = (text: string, of: unknown = bundle) => verify(of, { jwks, acks: Buffer.from(text) });

  it('of usage that is in the bundle are found in it', () => {
    for (const leaf of [true, false]) {
      const report = check(line(listed(leaf)));
      expect(codes(report)).toEqual([]);
      expect([good(report), report.summary.acknowledged]).toEqual([true, 4]);
    }
  });

  it('name what was acknowledged and left out', () => {
    const { quantity: _, ...inputs } = sampleCharges()[0]!.parts.inputs;
    const events = sampleEvents().filter((_, at) => at !== 6);
    const without = sampleBundle(key, [sampleCharge(1, { sku: 'grid.import', events, inputs })]).bundle;
    expect(good(verify(without))).toBe(true);
    const report = check(line(listed(true)), without);
    expect(codes(report)).toEqual(['acks:1/events/1 acknowledged_left_out']);
    expect(report.findings[0]!.detail).toContain('nmi/4103035209/6');
    expect(codes(check(line(listed(true), { time: '2026-03-02T00:00:00Z' }), without))).toEqual([
      'acks:1/events/1 acknowledged_later',
    ]);
  });

  it('name what is in the bundle with other content', () => {
    const [first, ...rest] = listed(true);
    expect(codes(check(line([{ ...first!, leaf: 'ab'.repeat(32) }, ...rest])))).toEqual([
      'acks:1 ack_root_wrong',
      'acks:1/events/0 acknowledged_differs',
    ]);
  });

  it('that are forged, foreign or not readable are said to be so', () => {
    const impostor = sampleKey('EdDSA');
    expect(codes(check(line(listed(true), {}, impostor)))).toEqual(['acks:1 ack_unauthenticated']);
    expect(codes(check(line(listed(true), {}, { ...impostor, jwk: { ...impostor.jwk, kid: ackKey.jwk.kid } })))).toEqual([
      'acks:1 ack_signature_wrong',
    ]);
    expect(codes(check(line(listed(true), { tenant_id: sampleOrg })))).toEqual(['acks:1 ack_foreign']);
    expect(codes(check(line([...listed(true), ...listed(true)])))).toContain('acks:1 ack_count_wrong');
    expect(codes(check('{"ack":1}\n\nnot json\n'))).toEqual(['acks:1 ack_malformed', 'acks:3 ack_malformed']);
    const unbilled = { ...listed(false)[0]!, sku: 'other' };
    expect(codes(check(line([unbilled])))).toEqual(['acks:1/events/0 acknowledged_not_billed']);
  });
});

describe('an older checkpoint', () => {
  const since = (value: unknown, of: unknown = bundle) =>
    verify(of, { jwks, since: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)) });
  const witness = (...sizes: number[]) =>
    sizes
      .map((size, at) => {
        const previous_size = sizes[at - 1] ?? null;
        const consistency = previous_size === null ? [] : log.consistency(previous_size, size);
        return JSON.stringify({ checkpoint: log.checkpoint(size), size, previous_size, consistency });
      })
      .join('\n');

  it('is shown to be the beginning of the bundle’s log, by the server’s proof or its file', () => {
    for (const proof of [
      { from: { jws: log.checkpoint(2) }, to: { jws: log.checkpoint() }, path: log.consistency(2, 7) },
      witness(2, 5, 7),
      witness(1, 7),
      witness(7),
    ])
      expect(codes(since(proof))).toEqual([]);
    expect(codes(since(log.checkpoint()))).toEqual([]);
    expect(codes(since(`${witness(2, 5)}\n{"checkpoint":"ey\n${witness(5, 7)}`))).toEqual(['since:3 since_cut']);
  });

  it('may also be newer than the bundle', () => {
    const early = { ...bundle, ...log.proof(3, 4) };
    expect(good(since(witness(4, 7), early))).toBe(true);
    expect(good(since(witness(2, 4, 7), early))).toBe(true);
  });

  it('that does not lead to the bundle’s log is not taken for a proof', () => {
    expect(codes(since(log.checkpoint(2)))).toEqual(['since consistency_missing']);
    expect(codes(since(witness(2, 5)))).toEqual(['since consistency_missing']);
    expect(codes(since('{"a":1}'))).toEqual(['since since_malformed', 'since since_empty']);
  });

  it('shows a log that was forked or rewritten, though each is well signed', () => {
    const fork = new SampleLog(key);
    for (let at = 1; at <= 7; at += 1) fork.append(sampleOrg, { fork: at });
    expect(codes(since(fork.checkpoint(7)))).toEqual(['since log_forked']);
    const rewritten = { from: { jws: fork.checkpoint(2) }, to: { jws: log.checkpoint() }, path: log.consistency(2, 7) };
    expect(codes(since(rewritten))).toEqual(['since log_rewritten']);
  });

  it('counts only when a known key signed it', () => {
    const impostor = new SampleLog(sampleKey());
    impostor.append(sampleOrg, {});
    expect(codes(since(impostor.checkpoint()))).toEqual(['since since_unknown_key', 'since since_empty']);
  });
});
