import { type RawBuilder, sql } from 'kysely';
import type { PublicJwk } from '../../kernel/bundle.ts';
import type { NodePlace, TreeNode } from '../../kernel/merkle.ts';
import type { ReceiptStatement } from '../../kernel/proof.ts';
import type { Db, Tx } from '../../platform/postgres.ts';
import type { Checkpoint, KeyPurpose, SigningKey } from './model.ts';

export interface LogHead {
  size: number;
  head_hash: Buffer;
  peaks: Buffer[];
}

export interface NewReceipt {
  statement: ReceiptStatement;
  hash: Buffer;
}

/** Locks the tenant's log until the transaction ends, making its head the first time. */
export async function lockHead(tx: Tx): Promise<LogHead> {
  const [head] = await tx.write<LogHead>(sql`
    INSERT INTO receipt_log AS l (tenant_id, size, head_hash, peaks) VALUES (${tx.tenant_id}, 0, decode(repeat('00', 32), 'hex'), '{}')
    ON CONFLICT (tenant_id) DO UPDATE SET size = l.size
    RETURNING size::float8 AS size, head_hash, peaks`);
  return head!;
}

/** Receipts, the nodes they complete and the new head, in one statement. */
export async function insertReceipts(
  tx: Tx,
  receipts: readonly NewReceipt[],
  nodes: readonly TreeNode[],
  head: LogHead,
): Promise<void> {
  const of = <Name extends keyof ReceiptStatement>(name: Name) => receipts.map(({ statement }) => statement[name]);
  await tx.write(sql`
    WITH new_receipt AS (
      INSERT INTO receipt (tenant_id, seq, kind, subject_id, payload_hash, prev_hash, hash, issued_at)
      SELECT ${tx.tenant_id}, seq, kind, subject_id, decode(payload_hash, 'hex'), decode(prev_hash, 'hex'), decode(hash, 'hex'), issued_at
        FROM unnest(${of('seq')}::bigint[], ${of('kind')}::text[], ${of('subject_id')}::uuid[], ${of('payload_hash')}::text[],
                    ${of('prev_hash')}::text[], ${receipts.map(({ hash }) => hash.toString('hex'))}::text[], ${of('issued_at')}::timestamptz[])
          AS r (seq, kind, subject_id, payload_hash, prev_hash, hash, issued_at)
       ORDER BY seq),
    new_node AS (
      INSERT INTO receipt_node (tenant_id, level, node, hash)
      SELECT ${tx.tenant_id}, level, node, decode(hash, 'hex')
        FROM unnest(${nodes.map(({ level }) => level)}::int[], ${nodes.map(({ index }) => index)}::bigint[],
                    ${nodes.map(({ hash }) => hash.toString('hex'))}::text[]) AS n (level, node, hash))
    UPDATE receipt_log SET size = ${head.size}, head_hash = ${head.head_hash},
           peaks = (SELECT coalesce(array_agg(decode(p, 'hex') ORDER BY at), '{}')
                      FROM unnest(${head.peaks.map((peak) => peak.toString('hex'))}::text[]) WITH ORDINALITY AS u (p, at))
     WHERE tenant_id = ${tx.tenant_id}`);
}

export interface ReceiptRow extends ReceiptStatement {
  hash: string;
}

const receiptColumns = sql.raw(`tenant_id, seq::float8 AS seq, kind, subject_id, encode(payload_hash, 'hex') AS payload_hash,
  encode(prev_hash, 'hex') AS prev_hash, utc_text(issued_at) AS issued_at, encode(hash, 'hex') AS hash`);

export function selectReceipt(db: Db, kind: string, subject_id: string): Promise<ReceiptRow | undefined> {
  return db.maybe(
    sql<ReceiptRow>`SELECT ${receiptColumns} FROM receipt WHERE tenant_id = ${db.tenant_id} AND kind = ${kind} AND subject_id = ${subject_id}`,
  );
}

export function selectReceiptsFor(db: Db, kind: string, subject_ids: readonly string[]): Promise<ReceiptRow[]> {
  return db.rows(
    sql<ReceiptRow>`SELECT ${receiptColumns} FROM receipt
      WHERE tenant_id = ${db.tenant_id} AND kind = ${kind} AND subject_id = ANY (${[...subject_ids]}::uuid[])`,
  );
}

export function selectReceiptsOf(db: Db, subject_id: string): Promise<ReceiptRow[]> {
  return db.rows(
    sql<ReceiptRow>`SELECT ${receiptColumns} FROM receipt WHERE tenant_id = ${db.tenant_id} AND subject_id = ${subject_id} ORDER BY seq`,
  );
}

export function selectReceipts(db: Db, filter: { kind?: string; before: string | null; limit: number }): Promise<ReceiptRow[]> {
  return db.rows(sql<ReceiptRow>`
    SELECT ${receiptColumns} FROM receipt
     WHERE tenant_id = ${db.tenant_id} ${and(filter.kind, (kind) => sql`AND kind = ${kind}`)} ${and(filter.before, (seq) => sql`AND seq < ${seq}::bigint`)}
     ORDER BY receipt.seq DESC LIMIT ${filter.limit + 1}`);
}

/** Hashes of perfect subtrees, by `level/index`. */
export async function selectNodes(db: Db, places: readonly NodePlace[]): Promise<Map<string, Buffer>> {
  const inner = places.filter(({ level }) => level > 0);
  const rows = await db.rows(sql<{ place: string; hash: Buffer }>`
    SELECT '0/' || (seq - 1) AS place, hash FROM receipt
     WHERE tenant_id = ${db.tenant_id} AND seq = ANY (${places.filter(({ level }) => level === 0).map(({ index }) => index + 1)}::bigint[])
    UNION ALL
    SELECT n.level || '/' || n.node, n.hash FROM receipt_node n
      JOIN unnest(${inner.map(({ level }) => level)}::int[], ${inner.map(({ index }) => index)}::bigint[]) AS p (level, node)
        ON (n.level, n.node) = (p.level, p.node)
     WHERE n.tenant_id = ${db.tenant_id}`);
  return new Map(rows.map(({ place, hash }) => [place, hash]));
}

const checkpointColumns =
  sql.raw(`tenant_id, size::float8 AS size, encode(root, 'hex') AS root, utc_text(signed_at) AS signed_at, kid, jws,
  previous_size::float8 AS previous_size, ARRAY(SELECT encode(h, 'hex') FROM unnest(consistency) WITH ORDINALITY AS u (h, at) ORDER BY at) AS consistency`);

export async function insertCheckpoint(tx: Tx, checkpoint: Checkpoint): Promise<void> {
  await tx.write(sql`
    INSERT INTO checkpoint (tenant_id, size, root, signed_at, kid, jws, previous_size, consistency)
    SELECT ${tx.tenant_id}, ${checkpoint.size}, decode(${checkpoint.root}, 'hex'), ${checkpoint.signed_at}, ${checkpoint.kid}, ${checkpoint.jws},
           ${checkpoint.previous_size}, ARRAY(SELECT decode(h, 'hex') FROM unnest(${checkpoint.consistency}::text[]) WITH ORDINALITY AS u (h, at) ORDER BY at)`);
}

export function selectLastCheckpoint(db: Db): Promise<Checkpoint | undefined> {
  return db.maybe(
    sql<Checkpoint>`SELECT ${checkpointColumns} FROM checkpoint WHERE tenant_id = ${db.tenant_id} ORDER BY checkpoint.size DESC LIMIT 1`,
  );
}

/** The first checkpoint that holds the receipt of this sequence number. */
export function selectCoveringCheckpoint(db: Db, seq: number): Promise<Checkpoint | undefined> {
  return db.maybe(sql<Checkpoint>`
    SELECT ${checkpointColumns} FROM checkpoint WHERE tenant_id = ${db.tenant_id} AND checkpoint.size >= ${seq}::bigint ORDER BY checkpoint.size LIMIT 1`);
}

export function selectCheckpoint(db: Db, size: number): Promise<Checkpoint | undefined> {
  return db.maybe(
    sql<Checkpoint>`SELECT ${checkpointColumns} FROM checkpoint WHERE tenant_id = ${db.tenant_id} AND checkpoint.size = ${size}::bigint`,
  );
}

/** Checkpoints above a size, oldest first. */
export function selectCheckpointsAfter(db: Db, size: number): Promise<Checkpoint[]> {
  return db.rows(sql<Checkpoint>`
    SELECT ${checkpointColumns} FROM checkpoint WHERE tenant_id = ${db.tenant_id} AND checkpoint.size > ${size}::bigint ORDER BY checkpoint.size`);
}

export function selectCheckpoints(db: Db, filter: { before: string | null; limit: number }): Promise<Checkpoint[]> {
  return db.rows(sql<Checkpoint>`
    SELECT ${checkpointColumns} FROM checkpoint
     WHERE tenant_id = ${db.tenant_id} ${and(filter.before, (size) => sql`AND checkpoint.size < ${size}::bigint`)}
     ORDER BY checkpoint.size DESC LIMIT ${filter.limit + 1}`);
}

const keyColumns = sql.raw('kid, alg, purpose, public_jwk, created_at, retired_at');

/** False when the tenant has a current key for the purpose already. */
export async function insertKey(tx: Tx, key: SigningKey, private_sealed: Buffer): Promise<boolean> {
  const made = await tx.write(sql`
    INSERT INTO signing_key (tenant_id, kid, alg, purpose, public_jwk, private_sealed, created_at)
    VALUES (${tx.tenant_id}, ${key.kid}, ${key.alg}, ${key.purpose}, ${JSON.stringify(key.public_jwk)}::jsonb, ${private_sealed}, ${key.created_at})
    ON CONFLICT (tenant_id, purpose) WHERE retired_at IS NULL DO NOTHING RETURNING kid`);
  return made.length === 1;
}

export async function retireKey(tx: Tx, purpose: KeyPurpose, at: string): Promise<SigningKey | undefined> {
  const [retired] = await tx.write<SigningKey>(sql`
    UPDATE signing_key SET retired_at = ${at} WHERE tenant_id = ${tx.tenant_id} AND purpose = ${purpose} AND retired_at IS NULL RETURNING ${keyColumns}`);
  return retired;
}

export function selectCurrentKey(db: Db, purpose: KeyPurpose): Promise<(SigningKey & { private_sealed: Buffer }) | undefined> {
  return db.maybe(sql<SigningKey & { private_sealed: Buffer }>`
    SELECT ${keyColumns}, private_sealed FROM signing_key WHERE tenant_id = ${db.tenant_id} AND purpose = ${purpose} AND retired_at IS NULL`);
}

export function selectKeys(db: Db): Promise<SigningKey[]> {
  return db.rows(
    sql<SigningKey>`SELECT ${keyColumns} FROM signing_key WHERE tenant_id = ${db.tenant_id} ORDER BY created_at, kid`,
  );
}

/** Public keys before a tenant is known, for the role that may see them of all tenants. */
export function publishedKeys(tenant_id: string | null): RawBuilder<{ public_jwk: PublicJwk }> {
  return sql`SELECT public_jwk FROM signing_key ${and(tenant_id, (id) => sql`WHERE tenant_id = ${id}`)} ORDER BY created_at, kid`;
}

function and<T>(value: T | null | undefined, clause: (value: T) => RawBuilder<unknown>): RawBuilder<unknown> {
  return value === null || value === undefined ? sql`` : clause(value);
}
