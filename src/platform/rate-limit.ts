import { hash } from 'node:crypto';
import type { Redis } from 'ioredis';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { httpErrors } from './problem.ts';
import type { SharedStore } from './redis.ts';

/** How many requests each caller may make a minute, over whatever protocol they come. */
export interface RateLimiter {
  /** Counts one request. Answers the headers that tell the caller where it stands; throws `rate_limited` beyond the limit. */
  take(caller: { authorization?: string | undefined; address: string }): Promise<Record<string, string>>;
}

const window_ms = 60_000;
const most_callers = 10_000;

interface Window {
  count: number;
  ends_in_ms: number;
}

/**
 * Windows of a minute that begin with a caller's first request. With a shared store all processes count together; while it is away each
 * counts for itself, so that a limit may be passed by as many times as there are processes, and nobody is refused for the store's sake.
 */
export function createRateLimiter(options: { limit: number; shared: SharedStore | null }): RateLimiter {
  const { limit, shared } = options;
  const countHere = localWindows();
  return {
    async take({ authorization, address }) {
      // However it is written, a key is one caller. By its hash: a key is a secret, and no store but its owner's may hold it.
      const credentials = authorization?.trim().replace(/^bearer +/i, 'bearer ');
      const key = hash('sha256', credentials ?? `address ${networkOf(address)}`, 'base64url');
      const { count, ends_in_ms } = (await shared?.ask((redis) => countThere(redis, key))) ?? countHere(key);
      const reset_s = Math.max(1, Math.ceil(ends_in_ms / 1000));
      const headers = {
        'ratelimit-policy': `"default";q=${limit};w=${window_ms / 1000}`,
        ratelimit: `"default";r=${Math.max(0, limit - count)};t=${reset_s}`,
      };
      if (count <= limit) return headers;
      throw httpErrors.rate_limited({
        detail: `${limit} requests a minute; try again in ${reset_s} s.`,
        headers: { ...headers, 'retry-after': `${reset_s}` },
      });
    },
  };
}

/** An IPv4 address as it is; of IPv6 the /64, which is the least that one caller has, or its 2^64 addresses would have a limit each. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString();
}

function localWindows(): (key: string) => Window {
  const windows = new Map<string, { count: number; until_ms: number }>();
  return (key) => {
    const now_ms = performance.now();
    let window = windows.get(key);
    if (window === undefined || window.until_ms <= now_ms) {
      windows.delete(key);
      // The oldest windows stand first, and end first.
      for (const [old, { until_ms }] of windows) {
        if (until_ms > now_ms && windows.size < most_callers) break;
        windows.delete(old);
      }
      window = { count: 0, until_ms: now_ms + window_ms };
      windows.set(key, window);
    }
    window.count += 1;
    return { count: window.count, ends_in_ms: window.until_ms - now_ms };
  };
}

/** One script, so that no window is left without an end; one that has none all the same, whoever made it, gets one. */
const script = `local count = redis.call('INCR', KEYS[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {count, redis.call('PTTL', KEYS[1])}`;

const Counted = z.tuple([z.int().min(1), z.int().min(0)]);

async function countThere(redis: Redis, key: string): Promise<Window> {
  // An answer that is none is thrown: the store is then as good as away, and nobody is refused for it.
  const [count, ends_in_ms] = Counted.parse(await redis.eval(script, 1, `tallystick:rate:${key}`, window_ms));
  return { count, ends_in_ms };
}
