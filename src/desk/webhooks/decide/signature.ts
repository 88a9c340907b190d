import { createHmac } from 'node:crypto';
import type { Envelope } from '../../../foundation/events/model.ts';

const prefix = 'whsec_';

/** The bytes of a secret, or null unless it is `whsec_` and the canonical base64 of 24 to 64 bytes (Standard Webhooks, Signature scheme). */
export function secretBytes(text: string): Buffer | null {
  if (!text.startsWith(prefix)) return null;
  const bytes = Buffer.from(text.slice(prefix.length), 'base64');
  if (secretText(bytes) !== text) return null;
  return bytes.length >= 24 && bytes.length <= 64 ? bytes : null;
}

export function secretText(bytes: Buffer): string {
  return `${prefix}${bytes.toString('base64')}`;
}

/** The headers of an attempt (Standard Webhooks): one signature for each live secret, so that either side of a rotation verifies. */
export function signedHeaders(
  message: { id: string; body: string },
  secrets: readonly Buffer[],
  now: Temporal.Instant,
): Record<string, string> {
  const timestamp = `${Math.floor(now.epochMilliseconds / 1000)}`;
  const content = `${message.id}.${timestamp}.${message.body}`;
  const signatures = secrets.map((secret) => `v1,${createHmac('sha256', secret).update(content).digest('base64')}`);
  return { 'webhook-id': message.id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

/**
 * What is sent: `{type, timestamp, data}` as Standard Webhooks has it, within the event's envelope, so that it is a CloudEvent (JSON format) too.
 * The same bytes for every attempt.
 */
export function messageBody(event: Envelope): string {
  const { type, data, time, ...rest } = event;
  return JSON.stringify({ type, timestamp: time, data, time, ...rest });
}
