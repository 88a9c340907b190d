import type { ProofParts } from '../../src/kernel/bundle.ts';
import { canonicalJson, type JsonObject } from '../../src/kernel/canonical-json.ts';
import { verifyInclusion } from '../../src/kernel/merkle.ts';
import { type CheckpointStatement, documentHash, firstPrevHash, jwsTypes, receiptHash } from '../../src/kernel/proof.ts';
import { fingerprintOf, isSignedBy, type PublicKey, readJws, readKey } from './jws.ts';
import type { Findings } from './report.ts';

/** Keys that the reader trusts from elsewhere. What is given must agree: with both, the signer must be in both. */
export interface Trust {
  keys?: readonly PublicKey[];
  /** Thumbprint of the signing key in hexadecimal digits. */
  fingerprint?: string;
}

export interface Checkpoint {
  kid: string;
  statement: CheckpointStatement;
}

/** The signed checkpoint of a bundle, its signature checked with the bundle's own key, and whether that key is trusted. */
export function checkSignature(
  bundle: ProofParts,
  trust: Trust,
  findings: Findings,
): { checkpoint: Checkpoint | undefined; authenticated: boolean } {
  const at = '/checkpoint';
  const jws = readJws(bundle.checkpoint, { alg: 'PS256', typ: jwsTypes.checkpoint });
  const statement = jws && readCheckpoint(jws.statement);
  if (!jws || !statement) {
    findings.fault(at, 'checkpoint_malformed', 'is not a checkpoint signed with PS256');
    return { checkpoint: undefined, authenticated: false };
  }
  const own = ownKey(bundle, jws.kid, findings);
  const trusted = trust.keys?.find(({ kid }) => kid === jws.kid);
  const key = trusted ?? own;
  const signed = key !== undefined && key.alg === 'PS256' && isSignedBy(jws, key);
  if (key && !signed) findings.fault(at, 'signature_wrong', 'the signature does not fit the content and the key');
  return { checkpoint: { kid: jws.kid, statement }, authenticated: signed && isTrusted(jws.kid, trust, findings) };
}

/** A document that a receipt may be of: its kind in the log, where it is in the bundle, and whose it is. */
export interface Receipted {
  kind: 'invoice' | 'credit_note';
  document: JsonObject & { readonly tenant_id: string };
  subject_id: string;
}

/** From the document to the root of the log: payload hash, receipt hash, inclusion, and the link to the receipt before. */
export function checkReceipt(
  { kind, document, subject_id }: Receipted,
  { receipt, inclusion }: ProofParts,
  checkpoint: CheckpointStatement | undefined,
  findings: Findings,
): void {
  const what = kind.replace('_', ' ');
  const payload_hash = documentHash(document).toString('hex');
  if (receipt.payload_hash !== payload_hash)
    findings.fault(`/${kind}`, 'payload_hash_wrong', `its hash is ${payload_hash}, the receipt is for ${receipt.payload_hash}`);
  if (receipt.kind !== kind) findings.fault('/receipt/kind', 'receipt_foreign', `is not the receipt of this kind: ${what}`);
  if (receipt.subject_id !== subject_id)
    findings.fault('/receipt/subject_id', 'receipt_foreign', `is the receipt of another ${what}`);
  if (receipt.tenant_id !== document.tenant_id)
    findings.fault('/receipt/tenant_id', 'receipt_foreign', 'is the receipt of another tenant');
  const hash = receiptHash(receipt);
  if (receipt.hash !== hash.toString('hex'))
    findings.fault('/receipt/hash', 'receipt_hash_wrong', `the receipt hashes to ${hash.toString('hex')}`);
  if ((receipt.seq === 1) !== (receipt.prev_hash === firstPrevHash))
    findings.fault('/receipt/prev_hash', 'chain_wrong', 'only the first receipt has none before it');
  if (!checkpoint) return;
  if (checkpoint.log !== receipt.tenant_id) findings.fault('/checkpoint', 'checkpoint_foreign', 'is of another tenant’s log');
  const tree = { size: checkpoint.size, root: bytes(checkpoint.root) };
  if (receipt.seq > checkpoint.size)
    findings.fault('/checkpoint', 'checkpoint_too_short', `covers ${checkpoint.size} receipts, not number ${receipt.seq}`);
  else if (!verifyInclusion({ ...tree, leaf: hash, index: receipt.seq - 1, path: inclusion.path.map(bytes) }))
    findings.fault('/inclusion/path', 'inclusion_wrong', 'does not lead from the receipt to the root of the checkpoint');
  if (receipt.seq === 1) {
    if (inclusion.previous_path.length > 0)
      findings.fault('/inclusion/previous_path', 'chain_wrong', 'there is no receipt before the first');
  } else if (
    !verifyInclusion({
      ...tree,
      leaf: bytes(receipt.prev_hash),
      index: receipt.seq - 2,
      path: inclusion.previous_path.map(bytes),
    })
  ) {
    findings.fault(
      '/inclusion/previous_path',
      'chain_wrong',
      'does not lead from the receipt before to the root of the checkpoint',
    );
  }
}

/** The statement of a checkpoint, if it is one, with exactly its members. */
export function readCheckpoint(statement: JsonObject): CheckpointStatement | undefined {
  const { log, root, size, time } = statement;
  if (typeof log !== 'string' || typeof root !== 'string' || typeof size !== 'number' || typeof time !== 'string')
    return undefined;
  if (!/^[0-9a-f]{64}$/.test(root) || !Number.isSafeInteger(size) || size < 1) return undefined;
  return canonicalJson(statement) === canonicalJson({ log, root, size, time }) ? { log, root, size, time } : undefined;
}

export function bytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

/** The one key that the bundle brings along. It proves nothing, but it must be what it says. */
function ownKey(bundle: ProofParts, kid: string, findings: Findings): PublicKey | undefined {
  const [jwk, ...more] = bundle.jwks.keys;
  if (!jwk || more.length > 0) {
    findings.fault('/jwks/keys', 'key_wrong', 'must hold the key of the checkpoint and no other');
    return undefined;
  }
  const key = readKey(jwk);
  if (!key) findings.fault('/jwks/keys/0', 'key_wrong', 'is no RSA key of 2048 bits or more under its own thumbprint');
  else if (key.kid !== kid) findings.fault('/jwks/keys/0/kid', 'key_wrong', 'is not the key of the checkpoint');
  return key?.kid === kid ? key : undefined;
}

function isTrusted(kid: string, trust: Trust, findings: Findings): boolean {
  if (trust.keys === undefined && trust.fingerprint === undefined) {
    findings.signer(
      '/checkpoint',
      'signer_unchecked',
      'no trusted key was given: the signature fits the bundle’s own key, which proves nothing',
    );
    return false;
  }
  const known = trust.keys === undefined || trust.keys.some((key) => key.kid === kid);
  const named = trust.fingerprint === undefined || trust.fingerprint.toLowerCase() === fingerprintOf(kid);
  if (known && named) return true;
  findings.signer(
    '/checkpoint',
    'signer_not_trusted',
    `was signed by the key ${fingerprintOf(kid)}, which is not one that you trust`,
  );
  return false;
}
