import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { privateAddresses } from '../../../test/support/private-addresses.ts';
import { addressFault } from './decide/address.ts';
import { afterLane, newLane, roomsFor, type Standing } from './decide/lanes.ts';
import { delayAfter, longest_retry_after_ms, retryAfter } from './decide/schedule.ts';
import { secretBytes, secretText } from './decide/signature.ts';
import { targetOf } from './decide/url.ts';
import { afterAttempt } from './decide/verdict.ts';

const now = Temporal.Instant.from('2026-03-01T00:00:00Z');

describe('an address', () => {
  it('is refused unless it is of the public internet, however IPv6 wraps it', () => {
    for (const address of privateAddresses) expect(addressFault(address), address).not.toBeNull();
    for (const address of [
      '1.1.1.1',
      '8.8.8.8',
      '93.184.216.34',
      '172.32.0.1',
      '100.128.0.1',
      '2606:4700::1111',
      '2a00:1450:4001::1',
    ])
      expect(addressFault(address), address).toBeNull();
    for (const nonsense of ['', 'localhost', 'fe80::1%eth0', '2606:4700::1111%lo', '1.1.1.1.1'])
      expect(addressFault(nonsense), nonsense).not.toBeNull();
  });

  it('is refused wrapped wherever it is refused plainly (any IPv4 address)', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const [high, low] = ipaddr.IPv4.parse(address)
          .toIPv4MappedAddress()
          .parts.slice(6)
          .map((part) => part.toString(16));
        // Mapped, compatible, NAT64, 6to4: none of them is reached, whatever is inside.
        for (const wrapped of [`::ffff:${high}:${low}`, `::${high}:${low}`, `64:ff9b::${high}:${low}`, `2002:${high}:${low}::1`])
          expect(addressFault(wrapped), wrapped).not.toBeNull();
      }),
    );
  });

  it('is taken where it is listed, and its neighbours are not', () => {
    expect(addressFault('127.0.0.1', ['127.0.0.1'])).toBeNull();
    expect(addressFault('127.0.0.2', ['127.0.0.1'])).not.toBeNull();
    expect(addressFault('0:0:0:0:0:0:0:1', ['::1'])).toBeNull();
    expect(addressFault('::ffff:127.0.0.1', ['127.0.0.1'])).not.toBeNull();
  });
});

describe('a URL', () => {
  it('is taken with https, a public name or address, and a port that web servers have', () => {
    for (const url of [
      'https://hooks.example.com',
      'https://hooks.example.com:8443/a?b=c',
      'https://hooks.example.com./',
      'https://1.1.1.1/',
      'https://[2606:4700::1111]:9443/',
      'https://xn--bcher-kva.example/',
      'https://a_b.example.com/',
    ])
      expect(targetOf(url, []), url).toMatchObject({ secure: true });
    expect(targetOf('https://HOOKS.example.com.:443/', [])).toMatchObject({ host: 'hooks.example.com', port: 443 });
  });

  it('is taken with plain http to loopback alone, and only where that is listed', () => {
    expect(targetOf('http://127.0.0.1:3000/', ['127.0.0.1'])).toMatchObject({ secure: false, port: 3000 });
    expect(targetOf('http://127.0.0.1:3000/', [])).toHaveProperty('fault');
    expect(targetOf('http://10.0.0.1:3000/', ['10.0.0.1'])).toHaveProperty('fault');
    expect(targetOf('https://10.0.0.1:3000/', ['10.0.0.1'])).toMatchObject({ secure: true });
    expect(targetOf('http://hooks.example.com:3000/', ['127.0.0.1'])).toHaveProperty('fault');
  });
});

describe('the schedule', () => {
  it('adds at most a tenth, and never waits less than was asked for', () => {
    const wait = (jitter: number, retry_after_ms: number | null = null) =>
      delayAfter('standard', { made: 1, jitter, retry_after_ms });
    expect([wait(0), wait(1), wait(0, 1000), wait(0, 400_000)]).toEqual([300_000, 330_000, 300_000, 400_000]);
    expect(delayAfter('standard', { made: 4, jitter: 0, retry_after_ms: 400_000 })).toBeNull();
    expect(delayAfter('once', { made: 1, jitter: 0, retry_after_ms: null })).toBeNull();
  });

  it.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['999999999', longest_retry_after_ms],
    ['Sun, 01 Mar 2026 00:02:00 GMT', 120_000],
    ['Sat, 28 Feb 2026 00:00:00 GMT', 0],
    ['Sun, 01 Mar 2027 00:00:00 GMT', longest_retry_after_ms],
    ['Sun, 31 Feb 2026 00:00:00 GMT', null],
    ['-1', null],
    ['1.5', null],
    ['soon', null],
    [undefined, null],
  ])('reads Retry-After %j as %j ms', (header, expected) => {
    expect(retryAfter(header, now)).toBe(expected);
  });
});

describe('an attempt', () => {
  const verdict = (status: number | null, headers: Record<string, string> = {}, attempts = 0) =>
    afterAttempt({ status, response_headers: headers, error: null }, { attempts, schedule: 'standard' }, { now, jitter: 0 });

  it('delivers with 2xx and with nothing else', () => {
    for (let status = 100; status < 600; status += 1) {
      const wanted = status >= 200 && status <= 299 ? 'delivered' : status === 410 ? 'failed' : 'pending';
      expect(verdict(status).status, `${status}`).toBe(wanted);
    }
    expect(verdict(null)).toEqual({ status: 'pending', next_attempt_at: '2026-03-01T00:05:00Z', pause_until: null });
    expect(verdict(500, {}, 3)).toEqual({ status: 'failed', reason: 'attempts_exhausted' });
    expect(verdict(410)).toEqual({ status: 'failed', reason: 'endpoint_gone' });
  });

  it('holds back the endpoint with 429 and 503 that say for how long, an hour at most', () => {
    expect(verdict(429, { 'retry-after': '600' })).toMatchObject({
      next_attempt_at: '2026-03-01T00:10:00Z',
      pause_until: '2026-03-01T00:10:00Z',
    });
    expect(verdict(503, { 'retry-after': '86400' })).toMatchObject({
      next_attempt_at: '2026-03-02T00:00:00Z',
      pause_until: '2026-03-01T01:00:00Z',
    });
    expect(verdict(500, { 'retry-after': '600' })).toMatchObject({ pause_until: null });
  });
});

describe('a secret', () => {
  it('comes out of its text as it went in, from 24 bytes to 64', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 80 }), (bytes) => {
        const back = secretBytes(secretText(Buffer.from(bytes)));
        expect(back).toEqual(bytes.length >= 24 && bytes.length <= 64 ? Buffer.from(bytes) : null);
      }),
    );
  });
});

describe('lanes', () => {
  const standing = (over: Partial<Standing> = {}): Standing => ({ lane: newLane(), held: 0, oldest_ms: 0, ...over });

  it('grow with what is taken and shrink to one with what fails', () => {
    let lane = newLane();
    for (let nth = 0; nth < 100; nth += 1) lane = afterLane(lane, true);
    expect(lane.limit).toBe(32);
    expect(afterLane(lane, false).limit).toBe(8);
    expect(afterLane(afterLane(afterLane(lane, false), false), false).limit).toBe(1);
  });

  it('that are slow or fail take nothing of what the others may hold, however many they are', () => {
    const hanging = Array.from({ length: 100 }, (_, nth) => [`h${nth}`, standing({ held: 4, oldest_ms: 5000 })] as const);
    const { limit, rooms } = roomsFor(new Map<string, Standing>([...hanging, ['good', standing()]]), 256);
    expect(limit).toBe(256);
    expect(rooms.get('good')).toBe(4);
    expect(rooms.get('h0')).toBe(0);
    const failed = afterLane(newLane(), false);
    expect(roomsFor(new Map([['f', standing({ lane: failed })]]), 256).rooms.get('f')).toBe(1);
  });

  it('hold no more than four budgets in all', () => {
    const many = Array.from({ length: 300 }, (_, nth) => [nth, standing({ held: 4, oldest_ms: 5000 })] as const);
    expect(roomsFor(new Map(many), 256).limit).toBe(0);
  });
});
