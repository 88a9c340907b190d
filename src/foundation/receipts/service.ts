import { createPrivateKey, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { CompactSign } from 'jose';
import { assert } from '../../kernel/assert.ts';
import type { ProofParts, PublicJwk } from '../../kernel/bundle.ts';
import { canonicalJson, type JsonObject } from '../../kernel/canonical-json.ts';
import {
  consistencyRanges,
  foldPeaks,
  inclusionRanges,
  type LeafRange,
  perfectNodes,
  TreeBuilder,
  type TreeNode,
} from '../../kernel/merkle.ts';
import { type AckStatement, documentHash, jwkThumbprint, jwsTypes, receiptHash, utcText } from '../../kernel/proof.ts';
import { clock } from '../../platform/clock.ts';
import { decodeCursor, encodeCursor, toPage } from '../../platform/cursor.ts';
import { seal, unseal } from '../../platform/keys.ts';
import { compile, type Db, type Postgres, type Tx } from '../../platform/postgres.ts';
import { recordAudit } from '../audit/service.ts';
import { witnessCheckpoints, witnessedSize } from './adapters/checkpoint-folder.ts';
import { errors } from './errors.ts';
import type { Checkpoint, IssuedDocument, KeyPurpose, Receipt, SigningKey } from './model.ts';
import {
  insertCheckpoint,
  insertKey,
  insertReceipts,
  lockHead,
  publishedKeys,
  retireKey,
  selectCheckpoint,
  selectCheckpoints,
  selectCheckpointsAfter,
  selectCoveringCheckpoint,
  selectCurrentKey,
  selectKeys,
  selectLastCheckpoint,
  selectNodes,
  selectReceipt,
  selectReceipts,
  selectReceiptsFor,
  selectReceiptsOf,
} from './sql.ts';

/**
 * Puts documents on record, in the order given, in one statement however many. Holds the tenant's log until the transaction ends,
 * so call it late. They are provable once `sealCheckpoint` ran in this or a later transaction.
 */
export async function appendReceipts(tx: Tx, documents: readonly IssuedDocument[]): Promise<Receipt[]> {
  if (documents.length === 0) return [];
  const head = await lockHead(tx);
  const tree = new TreeBuilder(head.size, head.peaks);
  const nodes: TreeNode[] = [];
  const issued_at = utcText(tx.now);
  let head_hash = head.head_hash;
  const receipts = documents.map(({ kind, subject_id, payload }) => {
    const payload_hash = documentHash(payload).toString('hex');
    const prev_hash = head_hash.toString('hex');
    const statement = { tenant_id: tx.tenant_id, seq: tree.size + 1, kind, subject_id, payload_hash, prev_hash, issued_at };
    head_hash = receiptHash(statement);
    tree.append(head_hash, (node) => nodes.push(node));
    return { statement, hash: head_hash };
  });
  await insertReceipts(tx, receipts, nodes, { size: tree.size, head_hash, peaks: [...tree.peaks] });
  return receipts.map(({ statement, hash }) => ({ ...statement, hash: hash.toString('hex') }));
}

/** The receipt of a document, if it has one. */
export async function receiptFor(db: Db, kind: string, subject_id: string): Promise<Receipt | undefined> {
  return selectReceipt(db, kind, subject_id);
}

/** The same for many documents of one kind, by subject. */
export async function receiptsFor(db: Db, kind: string, subject_ids: readonly string[]): Promise<Map<string, Receipt>> {
  if (subject_ids.length === 0) return new Map();
  return new Map((await selectReceiptsFor(db, kind, subject_ids)).map((receipt) => [receipt.subject_id, receipt]));
}

/** Receipts, newest first. Throws `cursor_invalid`. */
export async function listReceipts(
  db: Db,
  query: { kind?: string; limit: number; cursor?: string },
): Promise<{ data: Receipt[]; next_cursor: string | null }> {
  const [before = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, receiptSort, query.cursor);
  const rows = await selectReceipts(db, { kind: query.kind, before, limit: query.limit });
  return toPage(rows, query.limit, ({ seq }) => encodeCursor(db.tenant_id, receiptSort, [String(seq)]));
}

/**
 * Signs how long the tenant's log is and what it holds, once for all receipts appended since the last time; without any, answers the
 * last checkpoint. After the commit the checkpoint, and any that a crash kept from it, goes to the folder outside the database.
 */
export async function sealCheckpoint(tx: Tx): Promise<Checkpoint | undefined> {
  const head = await lockHead(tx);
  const last = await selectLastCheckpoint(tx);
  if (head.size === 0 || last?.size === head.size) return last;
  const root = new TreeBuilder(head.size, head.peaks).root().toString('hex');
  const { kid, alg, key } = await currentSigner(tx, 'checkpoint');
  const statement = canonicalJson({ log: tx.tenant_id, root, size: head.size, time: utcText(tx.now) });
  const jws = await new CompactSign(Buffer.from(statement)).setProtectedHeader({ alg, kid, typ: jwsTypes.checkpoint }).sign(key);
  const checkpoint: Checkpoint = {
    tenant_id: tx.tenant_id,
    size: head.size,
    root,
    signed_at: utcText(tx.now),
    kid,
    jws,
    previous_size: last?.size ?? null,
    consistency: last ? await consistency(tx, last.size, head.size) : [],
  };
  await insertCheckpoint(tx, checkpoint);
  const unwitnessed = await selectCheckpointsAfter(tx, await witnessedSize(tx.tenant_id));
  tx.afterCommit(() => witnessCheckpoints(unwitnessed));
  return checkpoint;
}

/** What a bundle needs to prove a receipt: the first checkpoint that covers it, and the paths to its root. Throws `receipt_not_sealed`. */
export async function proofFor(db: Db, receipt: Receipt): Promise<ProofParts> {
  const checkpoint = await selectCoveringCheckpoint(db, receipt.seq);
  if (!checkpoint) throw errors.receipt_not_sealed();
  const keys = (await jwks(db)).keys.filter(({ kid }) => kid === checkpoint.kid);
  const { tenant_id, seq, kind, subject_id, payload_hash, prev_hash, issued_at, hash } = receipt;
  return {
    receipt: { tenant_id, seq, kind, subject_id, payload_hash, prev_hash, issued_at, hash },
    inclusion: await inclusion(db, seq, checkpoint.size),
    checkpoint: checkpoint.jws,
    jwks: { keys },
  };
}

/** All receipts of one document with their proofs, oldest first. Throws `receipt_unknown`. */
export async function provenReceipts(
  db: Db,
  subject_id: string,
): Promise<{ receipt: Receipt; inclusion: Inclusion | null; checkpoint: string | null }[]> {
  const receipts = await selectReceiptsOf(db, subject_id);
  if (receipts.length === 0) throw errors.receipt_unknown();
  const proven = [];
  for (const receipt of receipts) {
    const checkpoint = await selectCoveringCheckpoint(db, receipt.seq);
    proven.push({
      receipt,
      inclusion: checkpoint ? await inclusion(db, receipt.seq, checkpoint.size) : null,
      checkpoint: checkpoint?.jws ?? null,
    });
  }
  return proven;
}

/** Checkpoints, newest first. Throws `cursor_invalid`. */
export async function listCheckpoints(
  db: Db,
  query: { limit: number; cursor?: string },
): Promise<{ data: Checkpoint[]; next_cursor: string | null }> {
  const [before = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, checkpointSort, query.cursor);
  const rows = await selectCheckpoints(db, { before, limit: query.limit });
  return toPage(rows, query.limit, ({ size }) => encodeCursor(db.tenant_id, checkpointSort, [String(size)]));
}

/** Two checkpoints by size, and the proof that the later log begins with the earlier. Throws `checkpoint_unknown`. */
export async function consistencyBetween(
  db: Db,
  from_size: number,
  to_size: number,
): Promise<{ from: Checkpoint; to: Checkpoint; path: string[] }> {
  const [from, to] = [await selectCheckpoint(db, from_size), await selectCheckpoint(db, to_size)];
  if (!from || !to || from_size > to_size) throw errors.checkpoint_unknown();
  return { from, to, path: await consistency(db, from_size, to_size) };
}

/** Makes the keys that the tenant lacks. Called when a tenant is made: an RSA key takes a moment to find. */
export async function createTenantKeys(tx: Tx): Promise<SigningKey[]> {
  const made: SigningKey[] = [];
  for (const purpose of purposes) if (!(await selectCurrentKey(tx, purpose))) made.push(await createKey(tx, purpose));
  return made;
}

/** Retires the current key for the purpose and makes the next. What the old key signed stays valid: it stays in the JWKS. */
export async function rotateKey(tx: Tx, purpose: KeyPurpose): Promise<SigningKey> {
  const retired = await retireKey(tx, purpose, utcText(tx.now));
  if (retired) {
    const before = summary({ ...retired, retired_at: null });
    await recordAudit(tx, {
      action: 'signing_key.retired',
      target_type: 'signing_key',
      target_id: retired.kid,
      before,
      after: summary(retired),
    });
  }
  tx.afterCommit(() => ackSigners.clear());
  return createKey(tx, purpose);
}

/** The tenant's public keys, retired ones included. */
export async function jwks(db: Db): Promise<{ keys: PublicJwk[] }> {
  return { keys: (await selectKeys(db)).map(({ public_jwk }) => public_jwk) };
}

/** The public keys of one tenant, or of all, as they are published to whoever asks. */
export async function publishedJwks(postgres: Postgres, tenant_id: string | null): Promise<{ keys: PublicJwk[] }> {
  const { text, values } = compile(publishedKeys(tenant_id));
  const { rows } = await postgres.pool('auth').query<{ public_jwk: PublicJwk }>(text, values);
  return { keys: rows.map(({ public_jwk }) => public_jwk) };
}

/**
 * The acknowledgement of an ingest: an Ed25519 JWS over the statement. Signs with a key held in the process, read again each minute so
 * that a rotation elsewhere is followed.
 */
export async function signAck(postgres: Postgres, { count, root, tenant_id, time }: AckStatement): Promise<string> {
  const known = ackSigners.get(tenant_id);
  const fresh = known !== undefined && known.postgres === postgres && clock.monotonic_ms() < known.until_ms;
  const signer = fresh ? known : await loadAckSigner(postgres, tenant_id, Temporal.Instant.from(time));
  const input = `${signer.header}.${base64url(canonicalJson({ count, root, tenant_id, time }))}`;
  return `${input}.${sign(null, Buffer.from(input), signer.key).toString('base64url')}`;
}

const receiptSort = 'receipt.seq';
const checkpointSort = 'checkpoint.size';

interface Inclusion {
  path: string[];
  previous_path: string[];
}

async function inclusion(db: Db, seq: number, size: number): Promise<Inclusion> {
  const path = await hashes(db, inclusionRanges(seq - 1, size));
  return { path, previous_path: seq === 1 ? [] : await hashes(db, inclusionRanges(seq - 2, size)) };
}

function consistency(db: Db, from: number, to: number): Promise<string[]> {
  return hashes(db, consistencyRanges(from, to));
}

/** Each range folded from the perfect subtrees that are stored: one query, a few rows a level. */
async function hashes(db: Db, ranges: readonly LeafRange[]): Promise<string[]> {
  const places = ranges.map(perfectNodes);
  const nodes = await selectNodes(db, places.flat());
  return places.map((parts) => {
    const peaks = parts.map(({ level, index }) => {
      const hash = nodes.get(`${level}/${index}`);
      assert(hash, `the receipt log has node ${level}/${index}`);
      return hash;
    });
    return foldPeaks(peaks).toString('hex');
  });
}

interface Signer {
  kid: string;
  alg: SigningKey['alg'];
  key: KeyObject;
}

/** The tenant's current key for the purpose, made if there is none yet. */
async function currentSigner(tx: Tx, purpose: KeyPurpose): Promise<Signer> {
  const stored = await selectCurrentKey(tx, purpose);
  if (stored) return opened(tx.tenant_id, stored);
  await createKey(tx, purpose);
  const made = await selectCurrentKey(tx, purpose);
  assert(made, 'a key was made');
  return opened(tx.tenant_id, made);
}

interface AckSigner {
  postgres: Postgres;
  header: string;
  key: KeyObject;
  until_ms: number;
}

const purposes: readonly KeyPurpose[] = ['checkpoint', 'ack'];
const ackSigners = new Map<string, AckSigner>();
const ackSignerLifetime_ms = 60_000;
const generate = promisify(generateKeyPair);

async function loadAckSigner(postgres: Postgres, tenant_id: string, now: Temporal.Instant): Promise<AckSigner> {
  const stored = await postgres.read({ tenant_id, now }, (db) => selectCurrentKey(db, 'ack'));
  const actor = { kind: 'system', id: 'receipts' } as const;
  const { kid, alg, key } = stored
    ? opened(tenant_id, stored)
    : await postgres.transact({ tenant_id, now, actor }, (tx) => currentSigner(tx, 'ack'));
  const header = base64url(canonicalJson({ alg, kid, typ: jwsTypes.ack }));
  const signer = { postgres, header, key, until_ms: clock.monotonic_ms() + ackSignerLifetime_ms };
  ackSigners.set(tenant_id, signer);
  return signer;
}

/** Inserts a fresh key as the current one; where another transaction was first, that one stays. */
async function createKey(tx: Tx, purpose: KeyPurpose): Promise<SigningKey> {
  const alg = purpose === 'checkpoint' ? 'PS256' : 'EdDSA';
  const pair = purpose === 'checkpoint' ? await generate('rsa', { modulusLength: 2048 }) : await generate('ed25519');
  const bare = pair.publicKey.export({ format: 'jwk' }) as JsonObject;
  const kid = jwkThumbprint(bare);
  const public_jwk = { ...bare, alg, kid, use: 'sig' } as unknown as PublicJwk;
  const key: SigningKey = { kid, alg, purpose, public_jwk, created_at: utcText(tx.now), retired_at: null };
  const sealed = seal(pair.privateKey.export({ format: 'der', type: 'pkcs8' }), place(tx.tenant_id, kid));
  if (!(await insertKey(tx, key, sealed))) {
    const winner = await selectCurrentKey(tx, purpose);
    assert(winner, 'a key that stands in the way is there');
    return winner;
  }
  await recordAudit(tx, {
    action: 'signing_key.created',
    target_type: 'signing_key',
    target_id: kid,
    before: null,
    after: summary(key),
  });
  return key;
}

function opened(tenant_id: string, { kid, alg, private_sealed }: SigningKey & { private_sealed: Buffer }): Signer {
  return {
    kid,
    alg,
    key: createPrivateKey({ key: unseal(private_sealed, place(tenant_id, kid)), format: 'der', type: 'pkcs8' }),
  };
}

/** Binds a sealed key to its row: moved to another tenant or name it cannot be opened. */
function place(tenant_id: string, kid: string): string {
  return `signing_key ${tenant_id} ${kid}`;
}

function summary({ kid, alg, purpose, created_at, retired_at }: SigningKey): JsonObject {
  return { kid, alg, purpose, created_at, retired_at };
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
