import { nowMs } from './clock.ts';
import { ConnectionError, type Problem, ProblemError } from './errors.ts';

/** Where requests go, and as whom. */
export interface Connection {
  /** Such as `https://billing.example.com`; empty for the page's own origin. */
  base_url: string;
  api_key: string;
  /** Instead of the global `fetch`. */
  fetch?: typeof globalThis.fetch;
  /** How long one try may take. 30 seconds unless given. */
  timeout_ms?: number;
}

/** One try. Throws `ProblemError`, `ConnectionError`. */
export async function exchange(
  { base_url, api_key, fetch = globalThis.fetch, timeout_ms = 30_000 }: Connection,
  path: string,
  request: { method: string; headers?: Record<string, string>; body?: BodyInit | null; keepalive?: boolean },
): Promise<unknown> {
  const headers = { accept: 'application/json', ...request.headers, authorization: `Bearer ${api_key}` };
  const signal = AbortSignal.timeout(timeout_ms);
  let answer: Response;
  let body: unknown;
  try {
    // Sent elsewhere, a request that writes would become one that reads.
    const redirect = request.method === 'GET' ? 'follow' : 'error';
    answer = await fetch(`${base_url.replace(/\/$/, '')}${path}`, { ...request, headers, signal, redirect });
    body = await bodyOf(answer);
  } catch (cause) {
    throw new ConnectionError(`${request.method} ${path} got no answer.`, { cause });
  }
  if (answer.ok) return body;
  throw new ProblemError(problemOf(answer, body), retryAfterMs(answer.headers.get('retry-after')));
}

/** JSON as it parses, null of nothing, and anything else as a file. */
async function bodyOf(answer: Response): Promise<unknown> {
  const type = answer.headers.get('content-type') ?? '';
  if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(type)) return type === '' ? null : answer.blob();
  const text = await answer.text();
  return text === '' ? null : JSON.parse(text);
}

/** Who stands between client and server may answer in words of its own. */
function problemOf({ status, statusText }: Response, body: unknown): Problem {
  const told = body !== null && typeof body === 'object' && 'code' in body && typeof body.code === 'string';
  if (told) return body as unknown as Problem;
  return { type: 'about:blank', title: statusText || `HTTP ${status}`, status, code: `http_${status}` };
}

/** Seconds or an HTTP date, in milliseconds from now; null where there is neither. */
export function retryAfterMs(header: string | null): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header)) return Number.parseInt(header, 10) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs());
}
