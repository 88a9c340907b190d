import { describe, expect, it } from 'vitest';
import type { CreditNoteDocument, CreditNoteLineDocument } from '../../src/kernel/bundle.ts';
import { documentHash } from '../../src/kernel/proof.ts';
import { sampleBundle, sampleKey, sampleOrg, sampleTenant } from '../../test/support/sample-bundle.ts';
import { sampleCreditNoteBundle } from '../../test/support/sample-credit-note.ts';
import { type Report, reportText } from './report.ts';
import { type VerifyOptions, verifyBundle } from './verify.ts';

const key = sampleKey();
const jwks = Buffer.from(JSON.stringify({ keys: [key.jwk] }));
const { bundle, log } = sampleCreditNoteBundle(key);

const verify = (value: unknown, options: VerifyOptions = { jwks }): Report =>
  verifyBundle(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), options);
const good = (report: Report) => report.authenticated && report.consistent;
const codes = (report: Report) => report.findings.map(({ where, code }) => `${where} ${code}`);

/** A bundle whose note was issued so: signed, and still to be held against the invoice. */
const issued = (over: Partial<CreditNoteDocument>) => verify(sampleCreditNoteBundle(key, over).bundle);
const lineOf = (place: number, over: Partial<CreditNoteLineDocument>) =>
  bundle.credit_note.lines.map((line, index) => (index === place ? { ...line, ...over } : line)) as CreditNoteLineDocument[];

describe('the bundle of a credit note', () => {
  it('verifies, and says which invoice it corrects', () => {
    const report = verify(bundle);
    expect(codes(report)).toEqual([]);
    expect(good(report)).toBe(true);
    expect(report.summary).toMatchObject({
      document: 'credit_note',
      number: 'CN-000002',
      corrects: 'INV-000007',
      lines: 2,
      receipt_seq: 5,
    });
    const text = reportText(report);
    expect(text).toContain('Credit note CN-000002: 12.00 AUD');
    expect(text).toContain('invoice INV-000007, in 2 of its lines');
    expect(text).toContain('\nVERIFIED');
  });

  it('is consistent but not authenticated without a key', () => {
    expect(codes(verify(bundle, {}))).toEqual(['/checkpoint signer_unchecked']);
  });

  it('is held against kept checkpoints like an invoice’s, and leaves acknowledgements to that', () => {
    const since = Buffer.from(
      JSON.stringify({ from: { jws: log.checkpoint(2) }, to: { jws: log.checkpoint() }, path: log.consistency(2, 6) }),
    );
    expect(good(verify(bundle, { jwks, since }))).toBe(true);
    expect(codes(verify(bundle, { jwks, acks: Buffer.from('') }))).toEqual(['acks acks_unused']);
  });

  it('fails at each single character', () => {
    const text = JSON.stringify(bundle);
    for (let at = 0; at < text.length; at += 1) {
      const was = text[at]!;
      const now = /[0-8a-eA-E]/.test(was)
        ? String.fromCharCode(was.charCodeAt(0) + 1)
        : was === '9'
          ? '3'
          : was === 'x'
            ? 'y'
            : 'x';
      const report = verify(text.slice(0, at) + now + text.slice(at + 1));
      if (good(report)) throw new Error(`not noticed: ${text.slice(at - 20, at)}[${was}→${now}]${text.slice(at + 1, at + 20)}`);
      expect(report.findings.length).toBeGreaterThan(0);
    }
  }, 120_000);

  it('says where it was changed', () => {
    const { credit_note, invoice, receipt } = bundle;
    const [first] = invoice.lines;
    for (const [value, expected] of [
      [{ ...bundle, format: 'tallystick-bundle' }, '/credit_note member_unknown'],
      [{ ...bundle, version: 2 }, '/version version_unknown'],
      [{ ...bundle, charges: [] }, '/charges member_unknown'],
      [{ ...bundle, credit_note: { ...credit_note, reason: 'Another' } }, '/credit_note payload_hash_wrong'],
      [{ ...bundle, credit_note: { ...credit_note, total: '13.00' } }, '/credit_note/total total_wrong'],
      [
        { ...bundle, credit_note: { ...credit_note, corrects: { ...credit_note.corrects, note: 1 } } },
        '/credit_note/corrects/note member_unknown',
      ],
      [{ ...bundle, credit_note: { ...credit_note, lines: [] } }, '/credit_note/lines credit_empty'],
      [{ ...bundle, invoice: { ...invoice, customer: 'Somebody else' } }, '/invoice corrected_hash_wrong'],
      [{ ...bundle, invoice: { ...invoice, total: '1.00' } }, '/invoice/total total_wrong'],
      [{ ...bundle, invoice: { ...invoice, lines: [first] } }, '/credit_note/lines/0/corrects/line_id corrected_line_unknown'],
      [{ ...bundle, receipt: { ...receipt, kind: 'invoice' } }, '/receipt/kind receipt_foreign'],
      [{ ...bundle, receipt: { ...receipt, subject_id: sampleOrg } }, '/receipt/subject_id receipt_foreign'],
      [{ ...bundle, ...log.proof(4) }, '/credit_note payload_hash_wrong'],
      [{ ...sampleBundle(key).bundle, format: bundle.format }, '/credit_note member_missing'],
    ] as const) {
      const report = verify(value);
      expect(report.consistent).toBe(false);
      expect(codes(report)).toContain(expected);
    }
  });
});

describe('a credit note that was issued wrongly, and signed', () => {
  it.each<[string, Partial<CreditNoteDocument>, string]>([
    ['for another payer', { org_id: sampleTenant }, '/credit_note/org_id corrected_differs'],
    ['in another currency', { currency: 'USD' }, '/credit_note/currency corrected_differs'],
    [
      'for an invoice of another number',
      { corrects: { ...bundle.credit_note.corrects, number: 'INV-000008' } },
      '/credit_note/corrects/number corrected_differs',
    ],
    [
      'for another text of the invoice',
      { corrects: { ...bundle.credit_note.corrects, hash: 'ab'.repeat(32) } },
      '/invoice corrected_hash_wrong',
    ],
    [
      'over more than the line',
      { lines: lineOf(1, { amount: '19.26', left: '0.00' }), total: '21.26' },
      '/credit_note/lines/1/amount credit_beyond_line',
    ],
    [
      'over less than nothing',
      { lines: lineOf(1, { amount: '-0.01' }), total: '1.99' },
      '/credit_note/lines/1/amount credit_beyond_line',
    ],
    ['leaving more than there is', { lines: lineOf(1, { left: '9.26' }) }, '/credit_note/lines/1/amount credit_beyond_line'],
    ['leaving less than nothing', { lines: lineOf(1, { left: '-0.01' }) }, '/credit_note/lines/1/left credit_beyond_line'],
    [
      'with another line’s hash',
      { lines: lineOf(1, { corrects: { ...bundle.credit_note.lines[1]!.corrects, hash: documentHash({}).toString('hex') } }) },
      '/credit_note/lines/1/corrects/hash corrected_line_wrong',
    ],
    [
      'for one line twice',
      { lines: [bundle.credit_note.lines[0]!, { ...bundle.credit_note.lines[0]!, line_id: sampleOrg }], total: '4.00' },
      '/credit_note/lines/1/corrects/line_id line_repeated',
    ],
    ['that is not the sum of its lines', { total: '12.01' }, '/credit_note/total total_wrong'],
  ])('%s is found', (_what, over, expected) => {
    const report = issued(over);
    expect([report.authenticated, report.consistent]).toEqual([true, false]);
    expect(codes(report)).toContain(expected);
  });
});
