import fc from 'fast-check';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { describe, expect, it } from 'vitest';
import { afterFailure, failureOf, isRefusal } from './decide/attempts.ts';
import { describe as describeMessage, keptHeaders } from './decide/message.ts';
import { keyOf } from './decide/secret.ts';
import { type Claim, claimOf, type Headers, isFault, whoSigned } from './decide/signature.ts';
import type { Scheme } from './model.ts';

const seconds = 1_767_225_600; // 2026-01-01T00:00:00Z
const wall = Temporal.Instant.fromEpochMilliseconds(seconds * 1000);
const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const key = { secret_id: 'the secret', key: keyOf('standard_webhooks', secret)! };
const another = { secret_id: 'another', key: Buffer.alloc(32, 6) };

function claim(scheme: Scheme, headers: Headers, now = wall): Claim {
  const found = claimOf(scheme, headers, now);
  if (isFault(found)) throw new Error(found.detail);
  return found;
}

const faultOf = (scheme: Scheme, headers: Headers, now = wall) => {
  const found = claimOf(scheme, headers, now);
  return isFault(found) ? found.reason : null;
};

/** The two packages ask a Date for its time alone. */
const moment = { getTime: () => seconds * 1000 } as Date;
const signers = [
  ['standardwebhooks', (id: string, body: Buffer) => new StandardWebhook(secret).sign(id, moment, body)],
  ['svix', (id: string, body: Buffer) => new SvixWebhook(secret).sign(id, moment, body)],
] as const;

const standard = (id: string, signature: string, at = String(seconds)): Headers => ({
  'webhook-id': id,
  'webhook-timestamp': at,
  'webhook-signature': signature,
});

describe.each(signers)('a message that the package %s signed', (_name, sign) => {
  const id = fc.stringMatching(/^[\x21-\x7e]{1,60}$/);
  // The packages sign text; every byte of a body that is none is tried below.
  const text = fc.string({ unit: 'binary', maxLength: 200 }).map((it) => Buffer.from(it.toWellFormed(), 'utf8'));

  it('is known by its secret, whatever it says, among other signatures and other secrets', () => {
    fc.assert(
      fc.property(id, text, (name, body) => {
        const signature = sign(name, body);
        expect(whoSigned(claim('standard_webhooks', standard(name, signature)), body, [another, key])).toBe('the secret');
        const among = `v1a,AAAA v1,${Buffer.alloc(32).toString('base64')} ${signature} v2,x`;
        expect(whoSigned(claim('standard_webhooks', standard(name, among)), body, [key])).toBe('the secret');
        expect(whoSigned(claim('standard_webhooks', standard(name, signature)), body, [another])).toBeNull();
      }),
      { numRuns: 50 },
    );
  });

  it('is of nobody when one bit of its body, its id, its time or its signature is another', () => {
    fc.assert(
      fc.property(id, text, fc.nat(), fc.integer({ min: 0, max: 7 }), (name, body, at, bit) => {
        const signature = sign(name, body);
        const flipped = Buffer.from(body);
        if (flipped.length > 0) flipped[at % flipped.length]! ^= 1 << bit;
        else flipped.fill(0);
        const whole = claim('standard_webhooks', standard(name, signature));
        if (body.length > 0) expect(whoSigned(whole, flipped, [key])).toBeNull();
        expect(whoSigned(whole, Buffer.concat([body, Buffer.from([at % 256])]), [key])).toBeNull();
        expect(whoSigned(claim('standard_webhooks', standard(`${name}x`, signature)), body, [key])).toBeNull();
        const later = standard(name, signature, String(seconds + 1));
        expect(whoSigned(claim('standard_webhooks', later), body, [key])).toBeNull();
        const where = 3 + (at % (signature.length - 4));
        const other = signature[where] === 'A' ? 'B' : 'A';
        const forged = signature.slice(0, where) + other + signature.slice(where + 1);
        expect(whoSigned(claim('standard_webhooks', standard(name, forged)), body, [key])).toBeNull();
      }),
      { numRuns: 100 },
    );
  });
});

describe('a signature', () => {
  it('is that of the specification’s own example', () => {
    // openssl dgst -sha256 -mac HMAC over msg_….1614265330.{"test": 2432232314} with the bytes of the secret.
    const body = Buffer.from('{"test": 2432232314}');
    const headers = standard('msg_p5jXN8AQM9LWM0D4loKWxJek', 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=', '1614265330');
    const its_key = keyOf('standard_webhooks', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')!;
    const then = Temporal.Instant.fromEpochMilliseconds(1_614_265_330_000);
    expect(whoSigned(claim('standard_webhooks', headers, then), body, [{ secret_id: 'a', key: its_key }])).toBe('a');
  });

  it('is over bytes, whether they are text or not', () => {
    const body = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
    const headers = standard('raw', new StandardWebhook(Buffer.from(key.key), { format: 'raw' }).sign('raw', moment, body));
    // That package reads bytes as UTF-8 before it signs: what it signed is another body.
    expect(whoSigned(claim('standard_webhooks', headers), Buffer.from(body.toString()), [key])).toBe('the secret');
    expect(whoSigned(claim('standard_webhooks', headers), body, [key])).toBeNull();
  });

  it('that is written otherwise than the scheme writes it is none', () => {
    const body = Buffer.from('x');
    const good = new StandardWebhook(secret).sign('id', moment, body);
    const bytes = Buffer.from(good.slice(3), 'base64');
    for (const signature of [
      `v1,${bytes.toString('hex')}`,
      `v1,${bytes.toString('base64url')}`,
      good.replace(/=$/, ''),
      `${good}=`,
      good.replace('v1,', 'V1,'),
      good.slice(3),
      `v1,é${good.slice(4)}`,
      'v1,',
      '',
    ]) {
      if (signature === good) continue;
      expect(whoSigned(claim('standard_webhooks', standard('id', signature)), body, [key]), signature).toBeNull();
    }
  });
});

describe('the headers of a message', () => {
  it.each([
    [0, null],
    [-300, null],
    [300, null],
    [-301, 'timestamp'],
    [301, 'timestamp'],
    [-seconds, 'timestamp'],
    [99_999_999_999 - seconds, 'timestamp'],
  ])('that say a time %d s off: %s', (off, reason) => {
    expect(faultOf('standard_webhooks', standard('id', 'v1,x', String(seconds + off)))).toBe(reason);
    expect(faultOf('stripe', { 'stripe-signature': `t=${seconds + off},v1=x` })).toBe(reason);
  });

  it.each([
    ['no id', { 'webhook-id': undefined }],
    ['an empty id', { 'webhook-id': '' }],
    ['a long id', { 'webhook-id': 'x'.repeat(256) }],
    ['an id with a space', { 'webhook-id': 'a b' }],
    ['an id twice', { 'webhook-id': ['a', 'b'] }],
    ['no time', { 'webhook-timestamp': undefined }],
    ['a time in words', { 'webhook-timestamp': 'soon' }],
    ['a negative time', { 'webhook-timestamp': '-1' }],
    ['a fraction', { 'webhook-timestamp': `${seconds}.5` }],
    ['a huge time', { 'webhook-timestamp': '9'.repeat(400) }],
    ['no signature', { 'webhook-signature': undefined }],
  ])('cannot have %s', (_label, over) => {
    expect(faultOf('standard_webhooks', { ...standard('id', 'v1,x'), ...over })).toBe('headers');
  });

  it.each(['', 't', 'v1=abc', 't=,v1=abc', 't=soon,v1=abc', `t=${seconds},t=${seconds},v1=abc`, `T=${seconds},v1=abc`])(
    'cannot have the stripe-signature “%s”',
    (header) => expect(faultOf('stripe', { 'stripe-signature': header })).toBe('headers'),
  );
});

describe('a message of Stripe’s', () => {
  const body = Buffer.from('{"id":"evt_1","object":"event","type":"invoice.paid"}');
  // openssl dgst -sha256 -hmac whsec_test_secret_0123456789abcdef over 1767225600.{"id":"evt_1",…}
  const hex = 'a488da0125fbc3d6740c5b08b784733440fecd236c92bdf9fbad49c3e4d6d6f6';
  const its = { secret_id: 'theirs', key: keyOf('stripe', 'whsec_test_secret_0123456789abcdef')! };
  const signed = (header: string, over = body) =>
    whoSigned(claim('stripe', { 'stripe-signature': header }), over, [another, its]);

  it('is known by its signature, the secret being text as it stands', () => {
    expect(signed(`t=${seconds},v1=${hex}`)).toBe('theirs');
    expect(signed(`t=${seconds}, v1=${'0'.repeat(64)},v0=${hex}, v1=${hex}`)).toBe('theirs');
  });

  it('is of nobody by the test scheme v0, in capitals, at another second or with another body', () => {
    expect(signed(`t=${seconds},v0=${hex}`)).toBeNull();
    expect(signed(`t=${seconds},v1=${hex.toUpperCase()}`)).toBeNull();
    expect(signed(`t=${seconds + 1},v1=${hex}`)).toBeNull();
    expect(signed(`t=${seconds},v1=${hex}`, Buffer.concat([body, Buffer.from(' ')]))).toBeNull();
    expect(signed(`t=${seconds}`)).toBeNull();
  });

  it('counts once by the id in its body, whatever numbers are beside it; one without by its hash', () => {
    const stripe = claim('stripe', { 'stripe-signature': `t=${seconds},v1=${hex}` });
    expect(describeMessage(stripe, body)).toEqual({ message_id: 'evt_1', type: 'invoice.paid' });
    const exact = Buffer.from('{"id":"evt_1","rate":0.12345678901234567890123,"e":1e400}');
    expect(describeMessage(stripe, exact)).toEqual({ message_id: 'evt_1', type: null });
    for (const odd of ['', '[]', 'null', '{"id":7}', '{"id":"a b"}', '{"id":""}', `{"id":"${'x'.repeat(256)}"}`, '\u0000'])
      expect(describeMessage(stripe, Buffer.from(odd)).message_id, odd).toMatch(/^sha256:[0-9a-f]{64}$/);
  });
});

it('a standard message counts once by its signed id, whatever its body says', () => {
  const by_header = claim('standard_webhooks', standard('msg_1', 'v1,x'));
  expect(describeMessage(by_header, Buffer.from('{"id":"other","type":"a.b"}'))).toEqual({ message_id: 'msg_1', type: 'a.b' });
  expect(describeMessage(by_header, Buffer.from('not JSON'))).toEqual({ message_id: 'msg_1', type: null });
  expect(describeMessage(by_header, Buffer.from('{"type":"a\\u0000b"}')).type).toBeNull();
});

it('keeps of the headers what was signed and what the body is, and no credentials', () => {
  const given = {
    ...standard('id', 'v1,x'),
    authorization: 'Bearer x',
    cookie: 'y',
    'content-type': 'text/plain',
    'user-agent': 'z'.repeat(3000),
  };
  expect(Object.keys(keptHeaders(given)).sort()).toEqual([
    'content-type',
    'user-agent',
    'webhook-id',
    'webhook-signature',
    'webhook-timestamp',
  ]);
  expect(keptHeaders(given)['user-agent']).toHaveLength(2000);
});

it.each([
  ['standard_webhooks', 'whsec_', null],
  ['standard_webhooks', `whsec_${Buffer.alloc(23).toString('base64')}`, null],
  ['standard_webhooks', `whsec_${Buffer.alloc(65).toString('base64')}`, null],
  ['standard_webhooks', 'whsec_not base64', null],
  ['standard_webhooks', `whsec_${Buffer.alloc(24).toString('base64')}`, 24],
  ['standard_webhooks', Buffer.alloc(64).toString('base64'), 64],
  ['stripe', 'sk_test_0123456789abcdef01234567', null],
  ['stripe', 'whsec_short', null],
  ['stripe', 'whsec_0123456789abcdef01234567', 30],
] as const)('a secret of %s that is “%s” has %s bytes', (scheme, text, bytes) => {
  expect(keyOf(scheme, text)?.length ?? null).toBe(bytes);
});

it('tries a message eight times over 21 hours, and refuses at once what its kind refuses', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7].map((attempts) => afterFailure(attempts));
  expect(waits.map((verdict) => (verdict.status === 'failed' ? verdict.wait_s : null))).toEqual([
    10, 60, 300, 1800, 7200, 21_600, 43_200,
  ]);
  expect(afterFailure(8)).toEqual({ status: 'dead' });
  expect([400, 404, 409, 422, 429, 500, 503].filter((status) => isRefusal({ status }))).toEqual([400, 404, 422]);
  expect(failureOf(Object.assign(new Error('a\u0000b\ud800'), { code: '23514' }))).toMatchObject({
    code: '23514',
    detail: 'a b\ufffd',
  });
  expect(failureOf(null)).toMatchObject({ code: 'processing_failed', detail: 'null' });
});
