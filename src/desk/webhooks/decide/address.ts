import ipaddr from 'ipaddr.js';

/**
 * Why nothing is sent to an address, or null where it is one of the public internet. IPv4 is refused by what is special (IANA's IPv4
 * Special-Purpose Address Registry), IPv6 unless it is global unicast (2000::/3) and no form that carries another address inside.
 * `allowed` are addresses that are taken all the same.
 */
export function addressFault(address: string, allowed: readonly string[] = []): string | null {
  if (!ipaddr.isValid(address)) return 'is no address';
  const parsed = ipaddr.parse(address);
  if (allowed.some((one) => ipaddr.isValid(one) && ipaddr.parse(one).toNormalizedString() === parsed.toNormalizedString()))
    return null;
  // A zone (fe80::1%eth0) names an interface of this machine.
  if (address.includes('%')) return 'names an interface';
  if (parsed instanceof ipaddr.IPv4) return refusedIn(parsed, refused4);
  if (!(parsed as ipaddr.IPv6).match(ipaddr.IPv6.parse('2000::'), 3)) return 'is not global unicast';
  return refusedIn(parsed, refused6);
}

function refusedIn(address: ipaddr.IPv4 | ipaddr.IPv6, blocks: readonly (readonly [string, string])[]): string | null {
  for (const [block, what] of blocks) if (address.match(ipaddr.parseCIDR(block) as [ipaddr.IPv4, number])) return what;
  return null;
}

/** IANA's registry, multicast, and what a cloud answers its own machines at. */
const refused4 = [
  ['0.0.0.0/8', 'is unspecified'],
  ['10.0.0.0/8', 'is private'],
  ['100.64.0.0/10', 'is carrier-grade NAT'],
  ['127.0.0.0/8', 'is loopback'],
  ['169.254.0.0/16', 'is link-local'],
  ['172.16.0.0/12', 'is private'],
  ['192.0.0.0/24', 'is reserved'],
  ['192.0.2.0/24', 'is for documentation'],
  ['192.31.196.0/24', 'is AS112'],
  ['192.52.193.0/24', 'is AMT'],
  ['192.88.99.0/24', 'is a 6to4 relay'],
  ['192.168.0.0/16', 'is private'],
  ['192.175.48.0/24', 'is AS112'],
  ['198.18.0.0/15', 'is for benchmarks'],
  ['198.51.100.0/24', 'is for documentation'],
  ['203.0.113.0/24', 'is for documentation'],
  ['224.0.0.0/4', 'is multicast'],
  ['240.0.0.0/4', 'is reserved'],
  // Azure's own services, at an address that looks public.
  ['168.63.129.16/32', 'is a metadata service'],
] as const;

/** Within 2000::/3. Mapped, compatible, NAT64, unique local, link-local and multicast addresses are outside of it. */
const refused6 = [
  // Teredo, ORCHID and others.
  ['2001::/23', 'is for protocols'],
  ['2001:db8::/32', 'is for documentation'],
  ['2002::/16', 'is 6to4'],
  ['2620:4f:8000::/48', 'is AS112'],
  ['3fff::/20', 'is for documentation'],
] as const;
