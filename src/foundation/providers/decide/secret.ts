import type { Scheme } from '../model.ts';

/** What begins the text of a secret, by Standard Webhooks and by Stripe. */
export const secret_prefix = 'whsec_';

/**
 * The bytes that a secret signs with, or null where it cannot be one. Standard Webhooks: base64 of 24 to 64 bytes, with `whsec_` before it or not.
 * Stripe: the text itself, prefix included.
 */
export function keyOf(scheme: Scheme, secret: string): Buffer | null {
  if (scheme === 'stripe') return /^whsec_[\x21-\x7e]{24,250}$/.test(secret) ? Buffer.from(secret, 'latin1') : null;
  const text = secret.startsWith(secret_prefix) ? secret.slice(secret_prefix.length) : secret;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null;
  const key = Buffer.from(text, 'base64');
  return key.length >= 24 && key.length <= 64 && key.toString('base64') === text ? key : null;
}
