import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { sampleBundle, sampleKey } from '../../test/support/sample-bundle.ts';
import { fingerprintOf } from './jws.ts';
import { main } from './main.ts';

const folder = mkdtempSync(join(tmpdir(), 'tallystick-verify-'));
afterAll(() => rmSync(folder, { recursive: true }));

const key = sampleKey();
const { bundle, log } = sampleBundle(key);
const write = (name: string, content: unknown) => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};
const file = write('bundle.json', bundle);
const jwks = write('jwks.json', { keys: [key.jwk] });
const changed = write('changed.json', { ...bundle, invoice: { ...bundle.invoice, total: '0.01' } });

function run(...args: string[]): { code: number; out: string; error: string } {
  const texts = { out: '', error: '' };
  const collect = (name: 'out' | 'error') => (text: string) => {
    texts[name] += text;
  };
  const code = main(args, { out: collect('out'), error: collect('error') });
  return { code, ...texts };
}

describe('tallystick verify', () => {
  it('exits 0 for a bundle that a trusted key signed, and says what was verified', () => {
    const { code, out } = run(file, '--jwks', jwks);
    expect(code).toBe(0);
    expect(out).toContain('Invoice INV-000007: ');
    expect(out).toContain('30 events on 3 days, in 2 of 4 lines');
    expect(out).toContain('\nVERIFIED');
    expect(run(file, '--fingerprint', fingerprintOf(key.jwk.kid)).code).toBe(0);
  });

  it('exits 1 without a key, and says that only the signer is in doubt', () => {
    const { code, out } = run(file);
    expect(code).toBe(1);
    expect(out).toContain('CONSISTENT, SIGNER NOT AUTHENTICATED');
    expect(run(file, '--fingerprint', '0'.repeat(64)).out).toContain('CONSISTENT, SIGNER NOT AUTHENTICATED');
  });

  it('exits 1 for a bundle that was changed, and says where', () => {
    const { code, out } = run(changed, '--jwks', jwks);
    expect(code).toBe(1);
    expect(out).toContain('Wrong: /invoice/total: ');
    expect(out).toContain('\nNOT VERIFIED');
    expect(out).not.toMatch(/^VERIFIED/m);
  });

  it('prints the report as JSON', () => {
    const report = JSON.parse(run(changed, '--jwks', jwks, '--json').out) as {
      authenticated: boolean;
      consistent: boolean;
      findings: { where: string }[];
    };
    expect(report).toMatchObject({ authenticated: true, consistent: false });
    expect(report.findings.map(({ where }) => where)).toContain('/invoice/total');
  });

  it('takes kept acknowledgements and checkpoints from files', () => {
    const since = write('since.json', {
      from: { jws: log.checkpoint(2) },
      to: { jws: log.checkpoint() },
      path: log.consistency(2, 7),
    });
    expect(run(file, '--jwks', jwks, '--since', since, '--acks', write('acks.ndjson', '')).code).toBe(0);
    expect(run(file, '--jwks', jwks, '--since', write('bare', log.checkpoint(2))).code).toBe(1);
  });

  it('exits 2 when it is not used rightly', () => {
    for (const args of [
      [],
      [file, file],
      ['--nonsense'],
      [file, '--fingerprint', 'ab'],
      [join(folder, 'absent.json')],
      [file, '--jwks', join(folder, 'absent.json')],
    ]) {
      const { code, error, out } = run(...args);
      expect([code, out]).toEqual([2, '']);
      expect(error).not.toBe('');
    }
    expect(run('--help')).toMatchObject({ code: 0, error: '' });
  });
});
