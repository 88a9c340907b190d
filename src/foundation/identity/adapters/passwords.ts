import { hash, verify } from '@node-rs/argon2';

/** Argon2id with 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet), which are the library's defaults too. */
const options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** The PHC string of a password: `$argon2id$v=19$m=19456,t=2,p=1$…`. */
export function hashPassword(password: string): Promise<string> {
  return hash(password.normalize('NFKC'), options);
}

/** Whether the password is the one that was hashed. Takes as long for a wrong one. */
export function isPassword(password_hash: string, password: string): Promise<boolean> {
  return verify(password_hash, password.normalize('NFKC'));
}

let dummy: Promise<string> | null = null;

/** A hash that no password has, to spend on an unknown account the time that a known one costs. */
export function nobodysHash(): Promise<string> {
  dummy ??= hashPassword(crypto.randomUUID());
  return dummy;
}
