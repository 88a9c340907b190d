import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Scheme } from '../model.ts';

/** How far a sender's clock may be from ours, either way. */
export const tolerance_s = 300;

/** Signatures of one message that are looked at; a sender has as many as it has secrets. */
const most_signatures = 16;

export type Headers = Readonly<Record<string, unknown>>;

/** What the headers of a message claim, before any secret is looked at. */
export interface Claim {
  scheme: Scheme;
  /** The sender's id of the message, where the headers name one. */
  message_id: string | null;
  /** Seconds since 1970. */
  signed_at_s: number;
  /** What is signed before the body. */
  prefix: string;
  /** As they were sent: base64 or hexadecimal, as the scheme has it. */
  signatures: readonly string[];
}

export type Fault = { reason: 'headers' | 'timestamp'; detail: string };

export function isFault(claim: Claim | Fault): claim is Fault {
  return 'reason' in claim;
}

/** What the headers claim by a scheme, or what about them cannot be. Nothing here depends on an endpoint or its secrets. */
export function claimOf(scheme: Scheme, headers: Headers, wall: Temporal.Instant): Claim | Fault {
  const claim = scheme === 'stripe' ? stripeClaim(headers) : standardClaim(headers);
  if (isFault(claim)) return claim;
  const off_s = Math.abs(Math.floor(wall.epochMilliseconds / 1000) - claim.signed_at_s);
  if (off_s <= tolerance_s) return claim;
  const where = scheme === 'stripe' ? 't of stripe-signature' : 'webhook-timestamp';
  return { reason: 'timestamp', detail: `${where} is more than ${tolerance_s / 60} minutes from now` };
}

/** By which scheme a message says that it is signed. */
export function schemeOf(headers: Headers): Scheme {
  return headers['stripe-signature'] === undefined ? 'standard_webhooks' : 'stripe';
}

export interface Key {
  secret_id: string;
  key: Buffer;
}

/**
 * Which key one of the signatures is of: HMAC-SHA256 over what the scheme signs before the body, and the body's raw bytes. Null where it is of none.
 * The time it takes tells nothing of how near a signature came, nor of which key it was.
 */
export function whoSigned({ scheme, prefix, signatures }: Claim, body: Buffer, keys: readonly Key[]): string | null {
  const encoding = scheme === 'stripe' ? 'hex' : 'base64';
  let found: string | null = null;
  for (const { secret_id, key } of keys) {
    const wanted = Buffer.from(createHmac('sha256', key).update(prefix).update(body).digest(encoding), 'latin1');
    for (const signature of signatures) {
      const given = Buffer.from(signature, 'latin1');
      // What has another length is no such hash, which everybody knows.
      if (given.length === wanted.length && timingSafeEqual(given, wanted)) found ??= secret_id;
    }
  }
  return found;
}

/** Standard Webhooks (standardwebhooks.com): `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,<base64>` and more after spaces. */
function standardClaim(headers: Headers): Claim | Fault {
  const [id, timestamp, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => text(headers, name));
  if (id === undefined || timestamp === undefined || signature === undefined)
    return { reason: 'headers', detail: 'webhook-id, webhook-timestamp and webhook-signature are needed' };
  if (!/^[\x21-\x7e]{1,255}$/.test(id)) return { reason: 'headers', detail: 'webhook-id has 1 to 255 printable characters' };
  if (!isSeconds(timestamp)) return { reason: 'headers', detail: 'webhook-timestamp is seconds since 1970' };
  const signatures = signature
    .split(' ')
    .filter((one) => one.startsWith('v1,'))
    .map((one) => one.slice(3));
  return {
    scheme: 'standard_webhooks',
    message_id: id,
    signed_at_s: Number.parseInt(timestamp, 10),
    prefix: `${id}.${timestamp}.`,
    signatures: signatures.slice(0, most_signatures),
  };
}

/** Stripe (docs.stripe.com/webhooks/signatures): `stripe-signature: t=<seconds>,v1=<hex>` and more of either version after commas. */
function stripeClaim(headers: Headers): Claim | Fault {
  const header = text(headers, 'stripe-signature');
  if (header === undefined) return { reason: 'headers', detail: 'stripe-signature is needed' };
  const parts = header.split(',').map((part) => {
    const at = part.indexOf('=');
    return { name: part.slice(0, at).trim(), value: part.slice(at + 1).trim() };
  });
  const times = parts.filter(({ name }) => name === 't');
  const timestamp = times[0]?.value;
  if (timestamp === undefined || times.length > 1 || !isSeconds(timestamp))
    return { reason: 'headers', detail: 'stripe-signature holds one t, in seconds since 1970' };
  const signatures = parts.filter(({ name }) => name === 'v1').map(({ value }) => value);
  return {
    scheme: 'stripe',
    message_id: null,
    signed_at_s: Number.parseInt(timestamp, 10),
    prefix: `${timestamp}.`,
    signatures: signatures.slice(0, most_signatures),
  };
}

/** Up to the year 5138, well within what a JavaScript number and `Temporal` hold. */
function isSeconds(value: string): boolean {
  return /^\d{1,11}$/.test(value);
}

function text(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
