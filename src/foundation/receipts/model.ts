import { z } from 'zod';
import type { PublicJwk } from '../../kernel/bundle.ts';
import type { JsonObject } from '../../kernel/canonical-json.ts';
import type { ReceiptStatement } from '../../kernel/proof.ts';
import { page } from '../../platform/schemas.ts';

/** A document that was issued, to be put on record. */
export interface IssuedDocument {
  /** invoice, credit_note, … : lower-case words joined by underscores. Each document has one receipt of a kind. */
  kind: string;
  subject_id: string;
  /** The document itself; the log keeps its hash (RFC 8785, SHA-256), the issuing room keeps the document. */
  payload: JsonObject;
}

/** A record of the log: what it states, and the hash over it, which is also its leaf. */
export interface Receipt extends ReceiptStatement {
  readonly hash: string;
}

export type KeyPurpose = 'checkpoint' | 'ack';

export interface SigningKey {
  kid: string;
  alg: 'PS256' | 'EdDSA';
  purpose: KeyPurpose;
  public_jwk: PublicJwk;
  created_at: string;
  retired_at: string | null;
}

/** A signed statement of how long the log is and what it holds. */
export interface Checkpoint {
  tenant_id: string;
  size: number;
  /** Hexadecimal. */
  root: string;
  signed_at: string;
  kid: string;
  jws: string;
  previous_size: number | null;
  /** Hexadecimal hashes: the proof that the previous checkpoint's tree begins this one. */
  consistency: string[];
}

const hex = z.string().meta({ description: '64 hexadecimal digits' });

export const ReceiptBody = z.object({
  tenant_id: z.string(),
  seq: z.number().int(),
  kind: z.string(),
  subject_id: z.string(),
  payload_hash: hex,
  prev_hash: hex,
  issued_at: z.string(),
  hash: hex,
});

export const CheckpointBody = z.object({
  tenant_id: z.string(),
  size: z.number().int(),
  root: hex,
  signed_at: z.string(),
  kid: z.string(),
  jws: z.string(),
  previous_size: z.number().int().nullable(),
  consistency: z.array(hex),
});

export const ReceiptPage = page(ReceiptBody);
export const CheckpointPage = page(CheckpointBody);

export const JwksBody = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

export const ConsistencyBody = z.object({ from: CheckpointBody, to: CheckpointBody, path: z.array(hex) });

/** Receipts of one document, each with its proof where a checkpoint covers it. */
export const ProvenReceipts = z.object({
  data: z.array(
    z.object({
      receipt: ReceiptBody,
      inclusion: z.object({ path: z.array(hex), previous_path: z.array(hex) }).nullable(),
      checkpoint: z.string().nullable(),
    }),
  ),
});
