/**
 * The root of an RFC 6962 §2.1 tree over leaf hashes, all hexadecimal. SHA-256 by WebCrypto, which browsers have in secure contexts
 * (https and localhost).
 */
export async function merkleRoot(leaves: readonly string[]): Promise<string> {
  if (leaves.length === 0) return hexOf(await sha256(new Uint8Array()));
  let level = leaves.map(bytesOf);
  // Pairing from the left and letting the odd one rise gives the tree of the RFC, which splits at the largest power of two.
  while (level.length > 1) {
    const pairs = Array.from({ length: Math.ceil(level.length / 2) }, (_, at) => [level[2 * at]!, level[2 * at + 1]] as const);
    level = await Promise.all(pairs.map(([left, right]) => (right === undefined ? left : nodeOf(left, right))));
  }
  return hexOf(level[0]!);
}

function nodeOf(left: Uint8Array, right: Uint8Array): Promise<Uint8Array> {
  const bytes = new Uint8Array(65);
  bytes[0] = 1;
  bytes.set(left, 1);
  bytes.set(right, 33);
  return sha256(bytes);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

function bytesOf(hex: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new Error('A leaf hash has 64 hexadecimal digits.');
  return Uint8Array.from({ length: 32 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
