import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../kernel/assert.ts';
import { keptFile } from './kept-file.ts';

let master: Buffer | null = null;
const derived = new Map<string, Buffer>();

/**
 * Loads the key that seals secrets at rest: `given` (32 bytes in base64) or `<data_dir>/master.key`, made the first time and
 * readable by its owner alone. Once in a process, before anything is sealed.
 */
export function loadMasterKey(data_dir: string, given: string | null): void {
  derived.clear();
  if (given !== null) {
    master = Buffer.from(given, 'base64');
  } else {
    mkdirSync(data_dir, { recursive: true });
    master = Buffer.from(
      keptFile(join(data_dir, 'master.key'), () => randomBytes(32).toString('base64')),
      'base64',
    );
  }
  assert(master.length === 32, 'the master key has 32 bytes');
}

/** A 32-byte key for one purpose, derived from the master key (HKDF-SHA-256). */
export function deriveKey(purpose: string): Buffer {
  const known = derived.get(purpose);
  if (known) return known;
  assert(master, 'the master key is loaded at start');
  const made = Buffer.from(hkdfSync('sha256', master, '', `tallystick ${purpose}`, 32));
  derived.set(purpose, made);
  return made;
}

/** AES-256-GCM: nonce (12) ‖ tag (16) ‖ ciphertext. `aad` binds the sealed bytes to their place; it must be given again. */
export function seal(plain: Buffer, aad: string): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', deriveKey('seal'), nonce);
  cipher.setAAD(Buffer.from(aad));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

/** The bytes that were sealed. Throws when the key, the place or any byte differs. */
export function unseal(sealed: Buffer, aad: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', deriveKey('seal'), sealed.subarray(0, 12));
  decipher.setAAD(Buffer.from(aad));
  decipher.setAuthTag(sealed.subarray(12, 28));
  return Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]);
}
