import { hash } from 'node:crypto';
import type { Claim, Headers } from './signature.ts';

/** What is kept of a message beside its bytes. */
export interface Description {
  /** What it counts once by. */
  message_id: string;
  /** What the sender calls such messages, such as `invoice.paid`; null where the body does not say. */
  type: string | null;
}

/**
 * What a verified message calls itself. Its id is that of the signed headers, or where these have none (Stripe) the `id` of the body, or the hash
 * of a body that has none.
 */
export function describe({ message_id }: Claim, body: Buffer): Description {
  const { id, type } = members(body);
  return {
    message_id: message_id ?? printable(id, 255) ?? `sha256:${hash('sha256', body, 'hex')}`,
    type: printable(type, 200),
  };
}

const kept = ['content-type', 'user-agent', 'webhook-id', 'webhook-timestamp', 'webhook-signature', 'stripe-signature'];

/** The headers that are kept: what was signed, and what the body is. */
export function keptHeaders(headers: Headers): Record<string, string> {
  return Object.fromEntries(
    kept.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value.slice(0, 2000)]] : [];
    }),
  );
}

/** Read as leniently as can be: a number that our own bodies may not hold is no reason to lose a provider's id. */
function members(body: Buffer): { id?: unknown; type?: unknown } {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function printable(value: unknown, most: number): string | null {
  return typeof value === 'string' && value.length <= most && /^[\x21-\x7e]+$/.test(value) ? value : null;
}
