import { hash } from 'node:crypto';
import { canonicalJson, canonicalString, type JsonObject, type JsonValue } from './canonical-json.ts';
import { formatDecimal, negate, parseDecimal } from './decimal.ts';
import { leafHash, merkleRoot } from './merkle.ts';

/**
 * What is hashed, and how: the shapes and encoders that metering, invoicing, receipts and the offline verifier share.
 * `docs/bundle-format.md` says the same in words; the two change together.
 *
 * Hashes are Buffers of 32 bytes in code and 64 lower-case hexadecimal digits in JSON.
 */

/**
 * A usage event as it enters its leaf. Values are in the one form the database gives back:
 * `quantity` and `amount` shortest decimal text (no exponent, no trailing zeros, no `+`, never `-0`), `time` as `utcText` writes it,
 * ids lower-case. Absent members may be undefined or null; both mean that the leaf does not have them.
 */
export interface UsageEvent {
  readonly request_id: string;
  readonly sku: string;
  readonly quantity?: string | null;
  readonly amount?: string | null;
  readonly properties?: JsonObject | null;
  readonly org_id: string;
  readonly project_id?: string | null;
  readonly time: string;
  readonly source: string;
  readonly metadata?: JsonObject | null;
  /** The request id of the event that this one takes back. Such a counter-event has that event's values, its measures negated. */
  readonly voids?: string | null;
  /** The request id of the event in whose place this one stands; a counter-event has taken that one back. */
  readonly amends?: string | null;
}

/** The members an event may have, in canonical order. */
export const eventMembers = [
  'amends',
  'amount',
  'metadata',
  'org_id',
  'project_id',
  'properties',
  'quantity',
  'request_id',
  'sku',
  'source',
  'time',
  'voids',
] as const satisfies readonly (keyof UsageEvent)[];

/** Bytes of a leaf's random salt. */
export const saltBytes = 16;

/** The canonical text of an event (RFC 8785). Written out member by member: this is the hot path of ingest. */
export function canonicalEvent(event: UsageEvent): string {
  let text = '{';
  if (event.amends != null) text += `"amends":${canonicalString(event.amends)},`;
  if (event.amount != null) text += `"amount":${canonicalString(event.amount)},`;
  if (event.metadata != null) text += `"metadata":${canonicalJson(event.metadata)},`;
  text += `"org_id":${canonicalString(event.org_id)}`;
  if (event.project_id != null) text += `,"project_id":${canonicalString(event.project_id)}`;
  if (event.properties != null) text += `,"properties":${canonicalJson(event.properties)}`;
  if (event.quantity != null) text += `,"quantity":${canonicalString(event.quantity)}`;
  text += `,"request_id":${canonicalString(event.request_id)},"sku":${canonicalString(event.sku)},"source":${canonicalString(event.source)},"time":${canonicalString(event.time)}`;
  return event.voids == null ? `${text}}` : `${text},"voids":${canonicalString(event.voids)}}`;
}

/** How the request id of every counter-event begins, and of no other event. */
export const counterPrefix = 'void:';

/** The request id of the counter-event of an event. There is only this one, so that nothing is taken back twice. */
export function counterEventId(request_id: string): string {
  const fits = Buffer.byteLength(request_id) <= 250;
  return `${counterPrefix}${fits ? request_id : hash('sha256', request_id, 'hex')}`;
}

/** The counter-event of an event: the same with its measures negated, said by `source` with its own `metadata`. */
export function counterEvent(event: UsageEvent, { source, metadata }: Pick<UsageEvent, 'source' | 'metadata'>): UsageEvent {
  const negated = (value: string | null | undefined) => (value == null ? null : formatDecimal(negate(parseDecimal(value))));
  return {
    ...event,
    request_id: counterEventId(event.request_id),
    quantity: negated(event.quantity),
    amount: negated(event.amount),
    source,
    metadata: metadata ?? null,
    voids: event.request_id,
    amends: null,
  };
}

/** The leaf hash of an event: RFC 6962 leaf hash of JCS({"event": …, "salt": base64url of 16 random bytes}). */
export function usageLeaf(event: UsageEvent, salt: Uint8Array): Buffer {
  return leafOfText(canonicalEvent(event), saltText(salt));
}

/** The same from the canonical text and the salt's text, where the caller has them already. */
export function leafOfText(event: string, salt: string): Buffer {
  return leafHash(`{"event":${event},"salt":"${salt}"}`);
}

/** base64url without padding. */
export function saltText(salt: Uint8Array): string {
  return Buffer.from(salt.buffer, salt.byteOffset, salt.byteLength).toString('base64url');
}

/**
 * The order of leaves within a day: by time, then by request id as UTF-8 bytes (PostgreSQL: ORDER BY event_time, request_id COLLATE "C").
 * Times are compared as moments, not as text: "…:00Z" is before "…:00.5Z".
 */
export function compareEvents(a: Pick<UsageEvent, 'time' | 'request_id'>, b: Pick<UsageEvent, 'time' | 'request_id'>): number {
  return compareTimes(a.time, b.time) || Buffer.compare(Buffer.from(a.request_id), Buffer.from(b.request_id));
}

/** What a day's usage of one line, or of one rollup, comes to. */
export interface DayUsage {
  /** YYYY-MM-DD, a day in the time zone of the organization. */
  readonly day: string;
  /** Hexadecimal root over the day's leaves in order. */
  readonly root: string;
  readonly count: number;
  /** The sum of the events' quantities, shortest; an event without quantity adds nothing. */
  readonly sum: string;
}

/** The root over one day's leaf hashes, in the order of `compareEvents`. */
export function dayRoot(leaves: Iterable<Uint8Array>): Buffer {
  return merkleRoot(leaves);
}

/** The leaf that stands for a day in a line's tree: leaf hash of JCS({count, day, root, sum}). */
export function dayLeaf({ day, root, count, sum }: DayUsage): Buffer {
  return leafHash(canonicalJson({ count, day, root, sum }));
}

/** The root of a line's usage: the tree over its days' leaves, days ascending. Without days, the root of the empty tree. */
export function lineRoot(days: readonly DayUsage[]): Buffer {
  return merkleRoot(days.map(dayLeaf));
}

/** SHA-256 of a document's canonical text: payloads of receipts, inputs of charges, prices. */
export function documentHash(document: JsonValue): Buffer {
  return hash('sha256', canonicalJson(document), 'buffer');
}

/** What a receipt states. Its hash covers all of it, and is at once its leaf in the tenant's log. */
export interface ReceiptStatement {
  readonly tenant_id: string;
  /** Position in the tenant's log, from 1, without gaps. */
  readonly seq: number;
  /** invoice, credit_note, … : a lower-case word with underscores. */
  readonly kind: string;
  readonly subject_id: string;
  /** Hexadecimal documentHash of the document that was issued. */
  readonly payload_hash: string;
  /** Hexadecimal hash of the receipt before; 64 zeros for the first. */
  readonly prev_hash: string;
  /** As `utcText` writes it. */
  readonly issued_at: string;
}

/** The `prev_hash` of the first receipt. */
export const firstPrevHash = '0'.repeat(64);

/** RFC 6962 leaf hash of JCS(statement). The database recomputes it in a CHECK. */
export function receiptHash(statement: ReceiptStatement): Buffer {
  const { issued_at, kind, payload_hash, prev_hash, seq, subject_id, tenant_id } = statement;
  return leafHash(canonicalJson({ issued_at, kind, payload_hash, prev_hash, seq, subject_id, tenant_id }));
}

/** What a checkpoint's JWS signs: JCS({log, root, size, time}). `log` is the tenant. */
export interface CheckpointStatement {
  readonly log: string;
  readonly size: number;
  readonly root: string;
  readonly time: string;
}

/** What an acknowledgement's JWS signs: JCS({count, root, tenant_id, time}); root over the accepted leaves in the order of the answer. */
export interface AckStatement {
  readonly tenant_id: string;
  readonly root: string;
  readonly count: number;
  readonly time: string;
}

/** The `typ` header of the two signed statements, so that neither can pass for the other or for a token. */
export const jwsTypes = { checkpoint: 'tallystick-checkpoint', ack: 'tallystick-ack' } as const;

/**
 * The name of a public key: its RFC 7638 thumbprint (SHA-256), base64url. Computed from the key itself, so that no other key can carry
 * the name. Knows RSA and Ed25519.
 */
export function jwkThumbprint(jwk: JsonObject): string {
  const { kty, n, e, crv, x } = jwk;
  // Members in the order of their names, which RFC 7638 §3.3 asks for, is what canonical JSON does.
  return documentHash(kty === 'RSA' ? { e, kty, n } : { crv, kty, x }).toString('base64url');
}

/**
 * A moment as proofs write it, and as PostgreSQL keeps it: UTC with `Z`, seconds always, fraction cut to microseconds without trailing
 * zeros, and without the point where nothing is left.
 */
export function utcText(moment: Temporal.Instant): string {
  return moment.round({ smallestUnit: 'microsecond', roundingMode: 'floor' }).toString();
}

function compareTimes(a: string, b: string): number {
  // Up to the seconds the text has one length, and after them "Z" must count as smaller than any fraction.
  const whole = compareText(a.slice(0, 19), b.slice(0, 19));
  return whole || compareText(a.slice(19).replace('Z', ''), b.slice(19).replace('Z', ''));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
