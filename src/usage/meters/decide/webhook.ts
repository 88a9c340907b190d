import { createHmac, hash, timingSafeEqual } from 'node:crypto';

/** How far a message's clock may be from ours. */
export const tolerance_s = 300;

/** The headers of Standard Webhooks (standardwebhooks.com), as they came. */
export interface MessageHeaders {
  id: string;
  /** Seconds since 1970, as text. */
  timestamp: string;
  /** `v1,<base64>`, several divided by spaces. */
  signature: string;
}

/** What of the headers cannot be, before any secret is looked at; null where nothing. */
export function headersFault(headers: Partial<MessageHeaders>, wall: Temporal.Instant): string | null {
  const { id, timestamp, signature } = headers;
  if (id === undefined || timestamp === undefined || signature === undefined)
    return 'webhook-id, webhook-timestamp and webhook-signature are needed';
  if (!/^[\x21-\x7e]{1,255}$/.test(id)) return 'webhook-id has 1 to 255 printable characters';
  if (!/^\d{1,12}$/.test(timestamp)) return 'webhook-timestamp is seconds since 1970';
  const off_s = Math.abs(Math.floor(wall.epochMilliseconds / 1000) - Number.parseInt(timestamp, 10));
  return off_s > tolerance_s ? `webhook-timestamp is more than ${tolerance_s / 60} minutes from now` : null;
}

/** Whether one of the signatures is HMAC-SHA256 over `id.timestamp.body` with one of the secrets. The time it takes tells nothing of which. */
export function isSigned(headers: MessageHeaders, body: Buffer, secrets: readonly Buffer[]): boolean {
  const given = headers.signature
    .split(' ')
    .filter((one) => one.startsWith('v1,'))
    .slice(0, 8);
  let found = false;
  for (const secret of secrets) {
    const wanted = createHmac('sha256', secret).update(`${headers.id}.${headers.timestamp}.`).update(body).digest('base64');
    for (const one of given) {
      // Hashes have one length, whatever was sent.
      const same = timingSafeEqual(hash('sha256', one.slice(3), 'buffer'), hash('sha256', wanted, 'buffer'));
      found = same || found;
    }
  }
  return found;
}
