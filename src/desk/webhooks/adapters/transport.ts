import { connect as connectPlain } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { Pool } from 'undici';
import type { Target } from '../decide/url.ts';
import type { AttemptError } from '../model.ts';

/** What came back, as far as it is kept. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  /** At the most 64 KiB; null where it was compressed. */
  body: string | null;
  /** There was more than is kept. */
  cut: boolean;
}

export type Exchange = { answer: Answer } | { code: AttemptError; detail: string };

export interface Transport {
  /** Posts to the target at exactly this address. Never rejects; ends when `signal` does. */
  post(
    target: Target,
    address: string,
    request: { headers: Record<string, string>; body: string },
    signal: AbortSignal,
  ): Promise<Exchange>;
  close(): Promise<void>;
}

export const most_answer_bytes = 65_536;
/** How long the rest of an answer is waited for once its status is known. */
const body_ms = 3000;
const most_pools = 2000;

/**
 * Connections are kept alive per host, port and address: one is used again only for an address that was checked at this very attempt. The host is
 * what the certificate must be for, and nothing looks its name up again. Redirects are not followed, and nothing is decompressed. `ca` are
 * certificates to trust beside the system's, in PEM.
 */
export function createTransport({ ca }: { ca?: string } = {}): Transport {
  const pools = new Map<string, Pool>();
  const poolOf = (target: Target, address: string): Pool => {
    const key = `${target.secure ? 'https' : 'http'}://${target.host}:${target.port} ${address}`;
    const known = pools.get(key);
    // Put last, so that the first is the one not used for the longest time.
    if (known) pools.delete(key);
    const pool = known ?? makePool(target, address, ca);
    pools.set(key, pool);
    if (pools.size > most_pools) {
      const [oldest, unused] = pools.entries().next().value!;
      pools.delete(oldest);
      void unused.close();
    }
    return pool;
  };
  return {
    async post(target, address, { headers, body }, signal) {
      try {
        const { url } = target;
        const response = await poolOf(target, address).request({
          method: 'POST',
          path: `${url.pathname}${url.search}`,
          headers,
          body,
          signal,
          headersTimeout: 0,
          bodyTimeout: 0,
        });
        const plain = plainHeaders(response.headers);
        const encoding = plain['content-encoding'];
        const { bytes, cut } = await firstBytes(response.body, signal);
        const is_text = encoding === undefined || encoding === 'identity';
        return { answer: { status: response.statusCode, headers: plain, body: is_text ? textOf(bytes) : null, cut } };
      } catch (error) {
        return failureOf(error, signal);
      }
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
      pools.clear();
    },
  };
}

function makePool(target: Target, address: string, ca: string | undefined): Pool {
  const { host, port, secure, is_address } = target;
  return new Pool(target.url.origin, {
    // As many as are asked for: a host that several endpoints share must not make one wait for another. The sender limits them all.
    connections: null,
    pipelining: 1,
    allowH2: false,
    // Less than what servers commonly keep, so that they are not the first to close.
    keepAliveTimeout: 4000,
    keepAliveMaxTimeout: 30_000,
    maxHeaderSize: 16_384,
    connect: (_options, callback) => {
      const socket = secure
        ? connectSecurely({
            host: address,
            port,
            ALPNProtocols: ['http/1.1'],
            minVersion: 'TLSv1.2',
            ...(is_address ? {} : { servername: host }),
            ...(ca === undefined ? {} : { ca }),
          })
        : connectPlain({ host: address, port });
      socket.setNoDelay(true);
      const timer = setTimeout(() => socket.destroy(new ConnectTimeout()), connect_ms);
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
        socket.removeListener('error', failed);
        callback(null, socket);
      });
      const failed = (error: Error) => {
        clearTimeout(timer);
        callback(error, null);
      };
      socket.once('error', failed);
    },
  });
}

/** Less than an attempt's deadline, so that a connection nobody answers does not stay open behind it. */
const connect_ms = 10_000;

class ConnectTimeout extends Error {
  readonly code = 'ETIMEDOUT';
}

function plainHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    // Whatever the receiver sets there is its secret, and none of ours to keep.
    if (value === undefined || /^(set-cookie|authorization|www-authenticate|proxy-authenticate)$/.test(name)) continue;
    plain[clean(name).slice(0, 200)] = clean([value].flat().join(', ')).slice(0, 2000);
  }
  return plain;
}

/** Reads what is kept and closes the connection on the rest, or on what does not come. */
async function firstBytes(
  body: AsyncIterable<Buffer> & { destroy(): void; on(event: 'error', listener: () => void): unknown },
  signal: AbortSignal,
): Promise<{ bytes: Buffer; cut: boolean }> {
  const parts: Buffer[] = [];
  let size = 0;
  let cut = false;
  body.on('error', () => {
    cut = true;
  });
  const end = () => {
    cut = true;
    body.destroy();
  };
  const timer = setTimeout(end, body_ms);
  signal.addEventListener('abort', end, { once: true });
  try {
    for await (const part of body) {
      parts.push(part);
      size += part.length;
      if (size <= most_answer_bytes) continue;
      cut = true;
      break;
    }
  } catch (error) {
    // The status is known and says whether the delivery was taken; what broke is the rest of the answer.
    cut = error !== undefined;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
  return { bytes: Buffer.concat(parts).subarray(0, most_answer_bytes), cut };
}

/** As text that can be stored, whatever it was. */
function textOf(bytes: Buffer): string {
  return clean(bytes.toString('utf8'));
}

function clean(text: string): string {
  return text.replaceAll('\u0000', '\ufffd').toWellFormed();
}

function failureOf(error: unknown, signal: AbortSignal): { code: AttemptError; detail: string } {
  if (signal.aborted) return { code: 'timeout', detail: 'There was no answer within the time that an attempt has.' };
  const { name, code = '', message = '' } = error as { name?: string; code?: string; message?: string };
  if (code === 'ETIMEDOUT' || code === 'UND_ERR_CONNECT_TIMEOUT')
    return { code: 'timeout', detail: 'The connection was not made in time.' };
  if (code === 'ECONNREFUSED') return { code: 'connection_refused', detail: 'Nothing listens there.' };
  if (/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/.test(code))
    return { code: 'connection_reset', detail: 'The connection was closed before an answer.' };
  if (name === 'HTTPParserError' || code === 'UND_ERR_HEADERS_OVERFLOW' || code.startsWith('UND_ERR_RES'))
    return { code: 'answer_invalid', detail: 'The answer is not HTTP that can be read.' };
  if (/CERT|TLS|SSL|ALTNAME|SELF_SIGNED|UNABLE_TO|EPROTO/.test(code))
    return { code: 'tls_failed', detail: `TLS failed (${code}).` };
  return { code: 'connection_failed', detail: clean(`The connection failed (${code || message.slice(0, 100)}).`) };
}
