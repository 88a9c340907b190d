import { merkleRoot } from './merkle.ts';

/** An event that was acknowledged. */
export interface AckedEvent {
  request_id: string;
  org_id: string;
  sku: string;
  /** RFC 3339. */
  time: string;
  /** Its leaf hash, hexadecimal. */
  leaf: string;
}

/**
 * A signed acknowledgement as it was answered, and the events that it stands over, in their order. As JSON, one a line, this is the
 * file that `tallystick verify --acks FILE` reads.
 */
export interface AckRecord {
  /** Ed25519, compact JWS. */
  ack: string;
  events: AckedEvent[];
}

/** Keeps acknowledgements for as long as invoices may be doubted. */
export interface AckStore {
  /** Resolves when the record is kept. */
  append(record: AckRecord): Promise<void>;
  close?(): Promise<void>;
}

/** For tests and short lives: `records` has what was kept. */
export function memoryAcks(): AckStore & { readonly records: readonly AckRecord[] } {
  const records: AckRecord[] = [];
  return {
    records,
    async append(record) {
      records.push(record);
    },
  };
}

/**
 * Throws an `Error` that says what is wrong unless the acknowledgement stands over these leaves: their Merkle root, and their count. Who
 * signed it is for `tallystick verify` to say, which has keys that are trusted.
 */
export async function checkAck(ack: string, leaves: readonly string[]): Promise<void> {
  const statement = statementOf(ack);
  if (statement.count !== leaves.length)
    throw new Error(`The acknowledgement is for ${statement.count} events, and ${leaves.length} were taken.`);
  if (statement.root !== (await merkleRoot(leaves))) throw new Error('The acknowledgement does not stand over the leaves.');
}

function statementOf(ack: string): { root?: unknown; count?: unknown } {
  const payload = ack.split('.')[1] ?? '';
  const text = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
  const statement: unknown = JSON.parse(text);
  if (typeof statement !== 'object' || statement === null) throw new Error('The acknowledgement has no statement.');
  return statement;
}
