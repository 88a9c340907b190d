import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** `tsk_live_…` or `tsk_test_…` with 32 letters and digits: 190 random bits. */
export function newApiKey(mode: 'live' | 'test'): string {
  let text = '';
  while (text.length < 32) {
    // 248 = 4 × 62: what lies above is thrown away, so that no letter is likelier than another.
    for (const byte of randomBytes(48)) if (byte < 248 && text.length < 32) text += alphabet[byte % 62];
  }
  return `tsk_${mode}_${text}`;
}

/** What of a key may be shown for ever: enough to tell keys apart. */
export function shownParts(key: string): { prefix: string; last_four: string } {
  return { prefix: key.slice(0, 13), last_four: key.slice(-4) };
}

/** 256 random bits behind a prefix that says what the token is for. */
export function newToken(kind: 'access' | 'refresh' | 'setup' | 'csrf'): string {
  return `ts_${kind}_${randomBytes(32).toString('base64url')}`;
}

/** What is stored of a secret. It has far more random bits than anybody can try, so a fast hash is enough. */
export function hashOf(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

/** Whether two texts are equal, in a time that does not tell where they differ. */
export function isSame(a: string, b: string): boolean {
  return timingSafeEqual(hashOf(a), hashOf(b));
}
