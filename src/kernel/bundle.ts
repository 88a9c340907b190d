import type { JsonObject } from './canonical-json.ts';
import {
  canonicalEvent,
  compareEvents,
  type DayUsage,
  dayRoot,
  documentHash,
  eventMembers,
  leafOfText,
  lineRoot,
  type ReceiptStatement,
  type UsageEvent,
} from './proof.ts';

/**
 * The bundle: everything a customer needs to check one invoice without a network. `docs/bundle-format.md` is its specification.
 * Hashes are lower-case hexadecimal, salts base64url, money and quantities decimal text.
 */
export interface Bundle {
  readonly format: typeof bundleFormat;
  readonly version: typeof bundleVersion;
  /** The document that the receipt's payload hash covers. */
  readonly invoice: InvoiceDocument;
  /** One for each line of the invoice, in the order of its lines. */
  readonly charges: readonly BundleCharge[];
  readonly receipt: BundleReceipt;
  readonly inclusion: BundleInclusion;
  /** Compact JWS over the checkpoint statement. */
  readonly checkpoint: string;
  /** The public key of the checkpoint, alone. Advisory: it proves nothing until the reader trusts it from elsewhere. */
  readonly jwks: { readonly keys: readonly PublicJwk[] };
}

export const bundleFormat = 'tallystick-bundle';
export const bundleVersion = 1;

/** The canonical content of an invoice. Members beyond these (seller, customer, due date, …) are free: the hash covers them all. */
export interface InvoiceDocument extends JsonObject {
  readonly tenant_id: string;
  readonly invoice_id: string;
  readonly number: string;
  /** Who pays. */
  readonly org_id: string;
  readonly currency: string;
  readonly issued_at: string;
  readonly lines: readonly InvoiceLineDocument[];
  /** The sum of the lines' amounts, with exactly the currency's decimals. */
  readonly total: string;
}

/** One line. Members beyond these (description, partner's share, …) are free. */
export interface InvoiceLineDocument extends JsonObject {
  readonly line_id: string;
  /** Whose usage or fee it is; the payer of the invoice may be another. */
  readonly org_id: string;
  readonly project_id?: string;
  /** Present where usage was priced. */
  readonly sku?: string;
  /** What was priced: equal to the inputs' quantity. */
  readonly quantity: string;
  /** With exactly the currency's decimals. */
  readonly amount: string;
  /** Shortest, before the one rounding. */
  readonly amount_exact: string;
  /** documentHash of the charge's inputs. */
  readonly inputs_hash: string;
  /** documentHash of the charge's steps. */
  readonly steps_hash: string;
  /** The tree over the usage that the line took; null for a fee that took none. */
  readonly usage: { readonly root: string; readonly count: number; readonly sum: string } | null;
}

/**
 * The stored inputs of a charge, from which it can be computed again for ever. The members named here are what the arithmetic reads;
 * others (price version, plan, partner, watermark, …) are free: the line's inputs hash covers them all.
 */
export interface ChargeInputs extends JsonObject {
  readonly currency: string;
  /** How the exact amount becomes minor units: half_up, half_even, up or down. */
  readonly rounding: string;
  /** In the price language of the contract. */
  readonly price: JsonObject;
  /** What the engine was given: the events' aggregate, or the fee's own quantity. With `billed`, the aggregate of all that is priced anew. */
  readonly quantity: string;
  /** How events become the quantity; absent where no usage was priced. */
  readonly aggregation?: string;
  readonly allow_negative?: boolean;
  /** Half-open, as `utcText` writes moments: the time that the line is for, and, without `usage_period`, of its usage. */
  readonly period?: { readonly from: string; readonly to: string };
  /** The time whose usage is priced, where that is more than the line's own period: see `billed`. */
  readonly usage_period?: { readonly from: string; readonly to: string };
  /** True where the engine prices the line's events; absent where it prices their aggregate. */
  readonly by_events?: boolean;
  /** The property whose distinct values a `unique_count` counts. */
  readonly unique_by?: string;
  /** What a `weighted_sum` starts from: the sum of all usage from before its time. Stated, not proven here. */
  readonly opening?: string;
  /** The part of the interval, by days, in which the price holds: included quantity, minimum and maximum are prorated by it. */
  readonly share?: { readonly days: number; readonly of: number };
  /** True while the interval goes on: volume, flat amounts of a flat price and the minimum fall due with its last part. */
  readonly open?: boolean;
  /** IANA name; the usage days of the line are days there. Absent is UTC. */
  readonly time_zone?: string;
  /** The part of the period that a fee is for: the engine's exact amount times days / of. */
  readonly proration?: { readonly days: number; readonly of: number };
  /** Billed by other parts of the interval under the same counters: the line is the price of both quantities together, less this. */
  readonly prior?: { readonly quantity: string; readonly amount_exact: string; readonly amount: string };
  /** Billed before for the same usage: the line is the price of all of it, less this; its quantity likewise. */
  readonly billed?: { readonly quantity: string; readonly amount_exact: string; readonly amount: string };
  /** A running total outside a cycle: the line is round(carry exact + own exact) less what was posted. */
  readonly carry?: { readonly amount_exact: string; readonly amount: string };
}

/**
 * The bundle of a credit note: the note, its proof, and the invoice that it corrects as that was issued. Which usage the invoice stands
 * on is for the invoice's own bundle.
 */
export interface CreditNoteBundle extends ProofParts {
  readonly format: typeof creditNoteFormat;
  readonly version: typeof bundleVersion;
  /** The document that the receipt's payload hash covers. */
  readonly credit_note: CreditNoteDocument;
  readonly invoice: InvoiceDocument;
}

export const creditNoteFormat = 'tallystick-credit-note';

/** The canonical content of a credit note. Members beyond these (kind, seller, customer, …) are free. */
export interface CreditNoteDocument extends JsonObject {
  readonly tenant_id: string;
  readonly credit_note_id: string;
  readonly number: string;
  /** Who paid or owed the invoice. */
  readonly org_id: string;
  readonly currency: string;
  readonly issued_at: string;
  readonly reason: string;
  /** The invoice, and the documentHash of what was issued as it. */
  readonly corrects: { readonly invoice_id: string; readonly number: string; readonly hash: string };
  readonly lines: readonly CreditNoteLineDocument[];
  /** The sum of the lines' amounts, with exactly the currency's decimals; above zero is credited. */
  readonly total: string;
}

/** Members beyond these (description, SKU, period, …) are free. */
export interface CreditNoteLineDocument extends JsonObject {
  readonly line_id: string;
  /** The line of the invoice, and its documentHash. */
  readonly corrects: { readonly line_id: string; readonly hash: string };
  /** How much of the invoice's line is taken back, with its sign. */
  readonly amount: string;
  /** What of the invoice's line stands after this and every note before. */
  readonly left: string;
}

export interface BundleCharge {
  readonly line_id: string;
  readonly inputs: ChargeInputs;
  /** The explanation: steps as the pricing engine gives them; they sum to the line's exact amount. */
  readonly steps: readonly JsonObject[];
  /** Empty where no usage was priced. */
  readonly days: readonly BundleDay[];
}

export interface BundleDay extends DayUsage {
  readonly events: readonly SaltedEvent[];
}

export interface SaltedEvent {
  readonly event: UsageEvent;
  readonly salt: string;
}

export interface BundleReceipt extends ReceiptStatement {
  readonly hash: string;
}

export interface BundleInclusion {
  /** From the receipt's hash, leaf seq − 1, to the checkpoint's root. */
  readonly path: readonly string[];
  /** From the previous receipt's hash, leaf seq − 2, to the same root: the link of the chain. Empty for the first receipt. */
  readonly previous_path: readonly string[];
}

export interface PublicJwk extends JsonObject {
  readonly kty: string;
  readonly kid: string;
  readonly alg: string;
  readonly use: string;
}

/** What invoicing has in rows for one line of a bundle. Days and events may come in any order. */
export interface ChargeParts {
  line_id: string;
  inputs: ChargeInputs;
  steps: readonly JsonObject[];
  days: readonly { day: string; sum: string; events: readonly SaltedEvent[] }[];
}

/** What receipts' `proofFor` gives. */
export interface ProofParts {
  readonly receipt: BundleReceipt;
  readonly inclusion: BundleInclusion;
  readonly checkpoint: string;
  readonly jwks: { readonly keys: readonly PublicJwk[] };
}

/** Pure: puts rows together in the format's order and makes the day roots. Says nothing about whether they agree; the verifier does. */
export function buildBundle(parts: { invoice: InvoiceDocument; charges: readonly ChargeParts[]; proof: ProofParts }): Bundle {
  const byLine = new Map(parts.charges.map((charge) => [charge.line_id, charge]));
  return {
    format: bundleFormat,
    version: bundleVersion,
    invoice: parts.invoice,
    charges: parts.invoice.lines.map((line) => {
      const charge = byLine.get(line.line_id);
      if (!charge) throw new RangeError(`the bundle lacks the charge of line ${line.line_id}`);
      const { line_id, inputs, steps } = charge;
      return { line_id, inputs, steps, days: charge.days.map(bundleDay).sort((a, b) => (a.day < b.day ? -1 : 1)) };
    }),
    receipt: parts.proof.receipt,
    inclusion: parts.proof.inclusion,
    checkpoint: parts.proof.checkpoint,
    jwks: parts.proof.jwks,
  };
}

/** Pure: the credit note with what it corrects and what proves it. */
export function buildCreditNoteBundle(parts: {
  credit_note: CreditNoteDocument;
  invoice: InvoiceDocument;
  proof: ProofParts;
}): CreditNoteBundle {
  const { receipt, inclusion, checkpoint, jwks } = parts.proof;
  return {
    format: creditNoteFormat,
    version: bundleVersion,
    credit_note: parts.credit_note,
    invoice: parts.invoice,
    receipt,
    inclusion,
    checkpoint,
    jwks,
  };
}

/** A day of a line with its root, from events in any order. */
export function bundleDay({ day, sum, events }: { day: string; sum: string; events: readonly SaltedEvent[] }): BundleDay {
  const ordered = [...events].sort((a, b) => compareEvents(a.event, b.event));
  const root = dayRoot(ordered.map(({ event, salt }) => leafOfText(canonicalEvent(event), salt))).toString('hex');
  return {
    day,
    root,
    count: ordered.length,
    sum,
    events: ordered.map(({ event, salt }) => ({ event: presentMembers(event), salt })),
  };
}

/** Rows say null where the format leaves a member out. */
function presentMembers(event: UsageEvent): UsageEvent {
  return Object.fromEntries(
    eventMembers.filter((name) => event[name] != null).map((name) => [name, event[name]]),
  ) as unknown as UsageEvent;
}

/** The line's commitment to its usage, as the invoice states it. */
export function lineUsage(days: readonly DayUsage[], sum: string): NonNullable<InvoiceLineDocument['usage']> {
  return { root: lineRoot(days).toString('hex'), count: days.reduce((total, day) => total + day.count, 0), sum };
}

/** The line's commitment to its inputs. */
export function inputsHash(inputs: ChargeInputs): string {
  return documentHash(inputs).toString('hex');
}
