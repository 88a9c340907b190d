import ipaddr from 'ipaddr.js';
import { addressFault } from './address.ts';

/** Where a webhook is sent: the URL's parts as the WHATWG parser has them, octal, hexadecimal and short addresses written plainly. */
export interface Target {
  url: URL;
  /** A name without a dot at the end, or an address without brackets. */
  host: string;
  port: number;
  secure: boolean;
  is_address: boolean;
}

/**
 * The target of an endpoint's URL, or why there is none. `allowed` are private addresses that may be reached (for development and
 * tests); to those of them that are loopback plain http is taken too.
 */
export function targetOf(text: string, allowed: readonly string[]): Target | { fault: string } {
  if (!URL.canParse(text)) return { fault: 'is no URL' };
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return { fault: 'must begin with https://' };
  if (url.username !== '' || url.password !== '') return { fault: 'must not hold a user or a password' };
  if (url.hash !== '') return { fault: 'must not hold a fragment' };
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/[.]$/, '');
  const is_address = ipaddr.isValid(host);
  const secure = url.protocol === 'https:';
  const fault = is_address ? addressFault(host, allowed) : nameFault(host);
  if (fault !== null) return { fault: `leads to a host that ${fault}` };
  if (!secure && !(is_address && allowed.length > 0 && isLoopback(host))) return { fault: 'must begin with https://' };
  const port = url.port === '' ? (secure ? 443 : 80) : Number.parseInt(url.port, 10);
  if (!(is_address && isLoopback(host)) && !isPortTaken(port)) return { fault: `must not use port ${port}` };
  return { url, host, port, secure, is_address };
}

function isLoopback(host: string): boolean {
  return ipaddr.parse(host).range() === 'loopback';
}

/** Names that mean a machine or a network of one's own (RFC 6761, RFC 6762, RFC 8375, ICANN on .internal); or none, having no dot. */
function nameFault(host: string): string | null {
  if (!host.includes('.')) return 'has no domain';
  if (!/^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?([.][a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)+$/.test(host) || host.length > 253)
    return 'is no name of the DNS';
  return /(?:^|[.])(?:localhost|localdomain|local|internal|intranet|lan|home|corp|private|onion|invalid|home[.]arpa)$/.test(host)
    ? 'is internal by its name'
    : null;
}

/** 443, and what web servers are run at above the system ports: not where databases, brokers and control planes listen. */
function isPortTaken(port: number): boolean {
  return port === 443 || (port > 1023 && !internalPorts.has(port));
}

const internalPorts: ReadonlySet<number> = new Set([
  1433, 1521, 2049, 2181, 2222, 2375, 2376, 2377, 2379, 2380, 3306, 3389, 4222, 5432, 5433, 5672, 5900, 5984, 5985, 5986, 6222,
  6379, 6380, 6443, 6667, 7000, 7001, 7199, 8125, 8222, 8300, 8301, 8302, 8500, 8501, 8502, 9042, 9092, 9093, 9100, 9160, 9200,
  9300, 9418, 10250, 10255, 10256, 11211, 15672, 16379, 26379, 27017, 27018, 27019, 28017, 50070, 61616,
]);
