import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { canonicalJson, type JsonObject } from '../../src/kernel/canonical-json.ts';
import { parseJson } from '../../src/kernel/json.ts';
import { jwkThumbprint } from '../../src/kernel/proof.ts';

export type Alg = 'PS256' | 'EdDSA';

/** A compact JWS, read strictly: each part is the one base64url text of its bytes, header and payload the one JSON text of their content. */
export interface Jws {
  kid: string;
  statement: JsonObject;
  input: string;
  signature: Buffer;
}

/** Undefined unless the header is exactly {alg, kid, typ} as wanted and the payload a canonical JSON object. */
export function readJws(compact: string, wanted: { alg: Alg; typ: string }): Jws | undefined {
  const parts = compact.split('.');
  if (parts.length !== 3) return undefined;
  const [header, payload, signature] = parts.map(bytesOf);
  if (!header || !payload || !signature) return undefined;
  const head = objectOf(header);
  const statement = objectOf(payload);
  if (!head || !statement || typeof head.kid !== 'string') return undefined;
  if (canonicalJson(head) !== canonicalJson({ ...wanted, kid: head.kid })) return undefined;
  return { kid: head.kid, statement, input: `${parts[0]}.${parts[1]}`, signature };
}

/** RSASSA-PSS with SHA-256 and a salt of 32 bytes (RFC 7518 §3.5), or Ed25519 (RFC 8037). */
export function isSignedBy({ input, signature }: Jws, key: PublicKey): boolean {
  const data = Buffer.from(input);
  if (key.alg === 'EdDSA') return verify(null, data, key.key, signature);
  return verify('sha256', data, { key: key.key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }, signature);
}

export interface PublicKey {
  kid: string;
  alg: Alg;
  key: KeyObject;
}

/**
 * A public key out of a JWK, or undefined where it is none that may sign here (RSA of 2048 bits or more, Ed25519). Its name is computed;
 * what the JWK says about its own name must agree.
 */
export function readKey(jwk: JsonObject): PublicKey | undefined {
  const alg = jwk.kty === 'RSA' ? 'PS256' : jwk.kty === 'OKP' && jwk.crv === 'Ed25519' ? 'EdDSA' : undefined;
  if (alg === undefined || (jwk.alg !== undefined && jwk.alg !== alg)) return undefined;
  const material = alg === 'PS256' ? [jwk.n, jwk.e] : [jwk.x];
  if (!material.every((part) => typeof part === 'string' && bytesOf(part) !== undefined)) return undefined;
  const kid = jwkThumbprint(jwk);
  if (jwk.kid !== undefined && jwk.kid !== kid) return undefined;
  try {
    const key = createPublicKey({ key: { kty: jwk.kty, crv: jwk.crv, n: jwk.n, e: jwk.e, x: jwk.x } as never, format: 'jwk' });
    const bits = key.asymmetricKeyDetails?.modulusLength;
    return bits !== undefined && bits < 2048 ? undefined : { kid, alg, key };
  } catch {
    return undefined;
  }
}

/** The usable keys of a JWKS document, or undefined when it is none. */
export function readJwks(document: Uint8Array): PublicKey[] | undefined {
  const set = objectOf(document);
  if (!set || !Array.isArray(set.keys)) return undefined;
  return set.keys.flatMap((jwk: unknown) => (isObject(jwk) ? (readKey(jwk) ?? []) : []));
}

/** A thumbprint as hexadecimal digits. */
export function fingerprintOf(kid: string): string {
  return Buffer.from(kid, 'base64url').toString('hex');
}

/** Base64url has spellings that decode alike (spare bits, padding); only the one that encodes back is read. */
function bytesOf(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.length > 0 && bytes.toString('base64url') === part ? bytes : undefined;
}

function objectOf(bytes: Uint8Array): JsonObject | undefined {
  try {
    const value = parseJson(bytes);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
