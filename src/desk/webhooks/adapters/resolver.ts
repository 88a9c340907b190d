import { Resolver as DnsResolver } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';
import type { Clock } from '../../../platform/clock.ts';
import { addressFault } from '../decide/address.ts';
import type { Target } from '../decide/url.ts';

/** The address to connect to, or why there is none. */
export type Resolution = { address: string } | { code: 'address_refused' | 'name_unresolved'; detail: string };

export interface Resolver {
  /** Never rejects. */
  resolve(target: Pick<Target, 'host' | 'is_address'>): Promise<Resolution>;
}

export interface ResolverOptions {
  clock: Clock;
  /** Private addresses that may be reached all the same. */
  allowed: readonly string[];
  /** Name servers as `address:port`; those of the system unless given. */
  servers?: readonly string[];
  /** How long an answer counts. What was checked is what is connected to, so a later answer cannot change where that goes. */
  keep_ms?: number;
}

const most_kept = 10_000;

/**
 * Asks the DNS itself, and nothing else of the system: no hosts file and no search domains, where names may mean machines inside. One address that may
 * not be reached among the answers refuses the name whole: who mixes them wants one tried after the other.
 */
export function createResolver({ clock, allowed, servers, keep_ms = 10_000 }: ResolverOptions): Resolver {
  const dns = new DnsResolver({ timeout: 2000, tries: 2 });
  if (servers) dns.setServers([...servers]);
  const kept = new Map<string, { resolution: Promise<Resolution>; until_ms: number }>();

  const ask = async (host: string): Promise<Resolution> => {
    const [four, six] = await Promise.allSettled([dns.resolve4(host), dns.resolve6(host)]);
    const answers = [four, six].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (answers.length === 0) {
      const failure = four.status === 'rejected' ? (four.reason as { code?: unknown }).code : 'ENODATA';
      return { code: 'name_unresolved', detail: `The name ${host} has no address (${String(failure)}).` };
    }
    for (const answer of answers) {
      const fault = addressFault(answer, allowed);
      if (fault !== null) return { code: 'address_refused', detail: `The name ${host} leads to an address that ${fault}.` };
    }
    return { address: answers[0]! };
  };
  return {
    async resolve({ host, is_address }) {
      if (is_address) {
        const fault = addressFault(host, allowed);
        if (fault !== null) return { code: 'address_refused', detail: `The address ${fault}.` };
        return { address: ipaddr.parse(host).toNormalizedString() };
      }
      const now_ms = clock.now().epochMilliseconds;
      const known = kept.get(host);
      if (known && now_ms < known.until_ms) return known.resolution;
      if (kept.size >= most_kept) kept.clear();
      const resolution = ask(host);
      kept.set(host, { resolution, until_ms: now_ms + keep_ms });
      // What failed is asked again at the next attempt.
      const found = await resolution;
      if (!('address' in found)) kept.delete(host);
      return found;
    },
  };
}
