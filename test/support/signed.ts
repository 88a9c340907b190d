import { createHmac, randomUUID } from 'node:crypto';
import { clock } from '../../src/platform/clock.ts';

export interface SignedMessage {
  /** As it is told: `whsec_` and base64. */
  secret: string;
  body: string | Buffer;
  id?: string;
  /** Seconds since 1970; now unless given. */
  seconds?: number;
}

/** The headers of a message that is signed as Standard Webhooks says, worked out by hand; without other credentials. */
export function signedHeaders({
  secret,
  body,
  id = randomUUID(),
  seconds = nowSeconds(),
}: SignedMessage): Record<string, string> {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.`).update(body).digest('base64');
  return {
    authorization: '',
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${signature}`,
  };
}

export function nowSeconds(): number {
  return Math.floor(clock.now().epochMilliseconds / 1000);
}
