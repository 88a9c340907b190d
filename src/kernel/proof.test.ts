import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type JsonObject } from './canonical-json.ts';
import {
  canonicalEvent,
  compareEvents,
  counterEvent,
  counterEventId,
  dayLeaf,
  eventMembers,
  lineRoot,
  receiptHash,
  type UsageEvent,
  usageLeaf,
  utcText,
} from './proof.ts';

const event: UsageEvent = {
  request_id: 'r-1',
  sku: 'grid.import',
  quantity: '0.451',
  org_id: '01890000-0000-7000-8000-000000000001',
  time: '2026-01-31T13:30:00Z',
  source: 'meter',
};

describe('a usage leaf', () => {
  it('is SHA-256 of a zero byte and the canonical text, as anyone can compute', () => {
    const text =
      '{"event":{"org_id":"01890000-0000-7000-8000-000000000001","quantity":"0.451","request_id":"r-1","sku":"grid.import","source":"meter","time":"2026-01-31T13:30:00Z"},"salt":"AAECAwQFBgcICQoLDA0ODw"}';
    const salt = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
    expect(usageLeaf(event, salt)).toEqual(hash('sha256', Buffer.concat([Buffer.from([0]), Buffer.from(text)]), 'buffer'));
  });

  it('is the canonical form of RFC 8785 for any event', () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 });
    const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
    const document = fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }) as fc.Arbitrary<JsonObject>;
    const events: fc.Arbitrary<UsageEvent> = fc.record({
      request_id: text,
      sku: text,
      quantity: maybe(text),
      amount: maybe(text),
      properties: maybe(document.map((each) => ({ ...each }))),
      org_id: text,
      project_id: maybe(text),
      time: text,
      source: text,
      metadata: maybe(document.map((each) => ({ ...each }))),
      voids: maybe(text),
      amends: maybe(text),
    });
    fc.assert(
      fc.property(events, (each) => {
        expect(canonicalEvent(each)).toBe(canonicalJson({ ...each } as JsonObject));
      }),
    );
  });

  it('of a counter-event has the event’s values, its measures negated, and the one request id that takes that event back', () => {
    const said = { source: 'manual', metadata: { reason: 'test reading' } };
    expect(canonicalEvent(counterEvent({ ...event, amount: '-0.5', amends: 'r-0', metadata: { n: 1 } }, said))).toBe(
      '{"amount":"0.5","metadata":{"reason":"test reading"},"org_id":"01890000-0000-7000-8000-000000000001","quantity":"-0.451","request_id":"void:r-1","sku":"grid.import","source":"manual","time":"2026-01-31T13:30:00Z","voids":"r-1"}',
    );
    expect(counterEvent({ ...event, quantity: '0' }, said)).toMatchObject({ quantity: '0', amount: null });
    // 125 letters of two bytes are 250 bytes; with one more, the id is hashed.
    expect(counterEventId('é'.repeat(125))).toBe(`void:${'é'.repeat(125)}`);
    expect(counterEventId('é'.repeat(126))).toBe(`void:${hash('sha256', 'é'.repeat(126), 'hex')}`);
  });

  it('takes null for absent, as rows say it', () => {
    expect(canonicalEvent({ ...event, amount: null, metadata: null, project_id: null, properties: null })).toBe(
      canonicalEvent(event),
    );
  });

  it('has its members in canonical order', () => {
    expect([...eventMembers].sort()).toEqual([...eventMembers]);
  });
});

describe('the order of leaves', () => {
  it('is by moment, not by text', () => {
    const times = [
      '2026-01-01T00:00:00Z',
      '2026-01-01T00:00:00.000001Z',
      '2026-01-01T00:00:00.05Z',
      '2026-01-01T00:00:00.5Z',
      '2026-01-01T00:00:00.51Z',
      '2026-01-01T00:00:01Z',
    ];
    const shuffled = [5, 3, 1, 0, 2, 4].map((at) => ({ time: times[at]!, request_id: 'x' }));
    expect(shuffled.sort(compareEvents).map(({ time }) => time)).toEqual(times);
  });

  it('is by the bytes of the request id at the same moment, as COLLATE "C"', () => {
    // U+FFFD is before U+1F600 in UTF-8, and after its surrogates in UTF-16.
    const ids = ['A', 'B', 'a', 'aa', 'ä', '\ufffd', '😀'];
    const shuffled = [6, 4, 2, 0, 5, 3, 1].map((at) => ({ time: '2026-01-01T00:00:00Z', request_id: ids[at]! }));
    expect(shuffled.sort(compareEvents).map(({ request_id }) => request_id)).toEqual(ids);
  });
});

describe('a line', () => {
  it('stands over its days as leaves', () => {
    const day = { day: '2026-01-31', root: 'ab'.repeat(32), count: 2, sum: '1.5' };
    const text = `{"count":2,"day":"2026-01-31","root":"${'ab'.repeat(32)}","sum":"1.5"}`;
    expect(dayLeaf(day)).toEqual(hash('sha256', `\u0000${text}`, 'buffer'));
    expect(lineRoot([day])).toEqual(dayLeaf(day));
    expect(lineRoot([]).toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });
});

describe('a receipt', () => {
  it('hashes as the leaf of its canonical statement', () => {
    const zeros = '0'.repeat(64);
    const statement = {
      tenant_id: 't',
      seq: 1,
      kind: 'invoice',
      subject_id: 's',
      payload_hash: zeros,
      prev_hash: zeros,
      issued_at: '2026-02-01T00:00:00Z',
    };
    const text = `{"issued_at":"2026-02-01T00:00:00Z","kind":"invoice","payload_hash":"${zeros}","prev_hash":"${zeros}","seq":1,"subject_id":"s","tenant_id":"t"}`;
    expect(receiptHash(statement)).toEqual(hash('sha256', `\u0000${text}`, 'buffer'));
  });
});

describe('a moment in a proof', () => {
  it.each([
    ['2026-01-31T13:30:00+11:00', '2026-01-31T02:30:00Z'],
    ['2026-01-31T02:30:00.120000Z', '2026-01-31T02:30:00.12Z'],
    ['2026-01-31T02:30:00.999999999Z', '2026-01-31T02:30:00.999999Z'],
    ['2026-01-31T02:30:00.000000400Z', '2026-01-31T02:30:00Z'],
  ])('of %s is %s', (given, text) => {
    expect(utcText(Temporal.Instant.from(given))).toBe(text);
  });
});
