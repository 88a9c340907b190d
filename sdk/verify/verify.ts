import {
  type Bundle,
  type CreditNoteBundle,
  type CreditNoteDocument,
  creditNoteFormat,
  type InvoiceDocument,
  type ProofParts,
} from '../../src/kernel/bundle.ts';
import { JsonFault, parseJson } from '../../src/kernel/json.ts';
import { checkAcks } from './acks.ts';
import { checkCharge, checkTotal } from './arithmetic.ts';
import { checkCreditNote } from './credit-note.ts';
import { fingerprintOf, type PublicKey, readJwks } from './jws.ts';
import { checkReceipt, checkSignature, type Receipted } from './log.ts';
import { Findings, type Report, type Summary } from './report.ts';
import { hasBundleShape } from './shape.ts';
import { checkSince } from './since.ts';
import { LineUsage } from './usage.ts';

/** What the reader brings from elsewhere than the bundle. Files are given as their bytes. */
export interface VerifyOptions {
  /** A JWKS document whose keys are trusted. */
  jwks?: Uint8Array;
  /** SHA-256 thumbprint (RFC 7638) of the trusted signing key, 64 hexadecimal digits. */
  fingerprint?: string;
  /** Acknowledgements kept by the sender of usage, NDJSON. */
  acks?: Uint8Array;
  /** Older or newer checkpoints with their consistency proofs. */
  since?: Uint8Array;
}

/**
 * Verifies a bundle from its bytes and what the reader trusts, with nothing else: no network, no database, no clock. Never throws for
 * what is wrong with the input; `authenticated && consistent` is the only good answer.
 */
export function verifyBundle(bytes: Uint8Array, options: VerifyOptions = {}): Report {
  const findings = new Findings();
  const summary: Summary = {};
  const bundle = readBundle(bytes, findings);
  let authenticated = false;
  if (bundle?.format === creditNoteFormat) authenticated = checkCreditNoteBundle(bundle, options, findings, summary);
  else if (bundle) authenticated = checkInvoiceBundle(bundle, options, findings, summary);
  return { authenticated, consistent: bundle !== undefined && !findings.has('fault'), findings: findings.list, summary };
}

function checkInvoiceBundle(bundle: Bundle, options: VerifyOptions, findings: Findings, summary: Summary): boolean {
  const { invoice } = bundle;
  summary.invoice_id = invoice.invoice_id;
  const document = { kind: 'invoice', document: invoice, subject_id: invoice.invoice_id } as const;
  const { keys, authenticated } = checkProof(document, bundle, options, findings, summary);
  checkLines(bundle, findings, summary);
  checkTotal('/invoice', invoice, findings);
  if (options.acks) summary.acknowledged = checkAcks(bundle, options.acks, keys, findings);
  return authenticated;
}

function checkCreditNoteBundle(bundle: CreditNoteBundle, options: VerifyOptions, findings: Findings, summary: Summary): boolean {
  const { credit_note } = bundle;
  summary.credit_note_id = credit_note.credit_note_id;
  summary.corrects = credit_note.corrects.number;
  summary.lines = credit_note.lines.length;
  const document = { kind: 'credit_note', document: credit_note, subject_id: credit_note.credit_note_id } as const;
  const { authenticated } = checkProof(document, bundle, options, findings, summary);
  checkCreditNote(bundle, findings);
  checkTotal('/credit_note', credit_note, findings);
  checkTotal('/invoice', bundle.invoice, findings);
  if (options.acks)
    findings.note('acks', 'acks_unused', 'a credit note takes no usage: hold them against the invoice’s own bundle');
  return authenticated;
}

/** What every document shares: the signed checkpoint, the way to it, and how the log stands to other checkpoints. */
function checkProof(
  receipted: Receipted & { document: InvoiceDocument | CreditNoteDocument },
  bundle: ProofParts,
  options: VerifyOptions,
  findings: Findings,
  summary: Summary,
): { keys: PublicKey[] | undefined; authenticated: boolean } {
  const keys = trustedKeys(options, findings);
  const { tenant_id, number, total, currency, issued_at } = receipted.document;
  Object.assign(summary, { document: receipted.kind, tenant_id, number, total, currency, issued_at });
  const { checkpoint, authenticated } = checkSignature(bundle, { keys, fingerprint: options.fingerprint }, findings);
  if (checkpoint) {
    summary.kid = checkpoint.kid;
    summary.fingerprint = fingerprintOf(checkpoint.kid);
    summary.receipt_seq = bundle.receipt.seq;
    summary.log_size = checkpoint.statement.size;
    summary.signed_at = checkpoint.statement.time;
  }
  checkReceipt(receipted, bundle, checkpoint?.statement, findings);
  if (options.since && checkpoint) checkSince({ bundle, checkpoint, since: options.since, keys }, findings);
  return { keys, authenticated };
}

function checkLines({ invoice, charges }: Bundle, findings: Findings, summary: Summary): void {
  const seen = new Set<string>();
  const line_ids = new Set<string>();
  summary.lines = invoice.lines.length;
  summary.usage_lines = 0;
  summary.days = 0;
  summary.events = 0;
  if (charges.length !== invoice.lines.length)
    findings.fault(
      '/charges',
      'charges_differ',
      `${charges.length} charges for the ${invoice.lines.length} lines of the invoice`,
    );
  for (const [index, line] of invoice.lines.entries()) {
    const place = { at: `/charges/${index}`, line_at: `/invoice/lines/${index}` };
    if (line_ids.has(line.line_id)) findings.fault(`${place.line_at}/line_id`, 'line_repeated', 'is on the invoice twice');
    line_ids.add(line.line_id);
    const charge = charges[index];
    if (!charge) continue;
    if (charge.line_id !== line.line_id)
      findings.fault(`${place.at}/line_id`, 'charges_differ', 'is not the charge of the line in its place');
    const usage = new LineUsage(place, line, charge.inputs, seen, findings);
    for (const day of charge.days) usage.day(day, day.events);
    usage.finish();
    checkCharge({ line, charge, currency: invoice.currency, events: usage.standing() }, place, findings);
    summary.usage_lines += line.usage === null ? 0 : 1;
    summary.days += charge.days.length;
    summary.events += usage.count;
  }
}

/** The seam for other containers: a ZIP of bundle.json and NDJSON per line and day will hand its days to the same LineUsage. */
function readBundle(bytes: Uint8Array, findings: Findings): Bundle | CreditNoteBundle | undefined {
  let value: unknown;
  try {
    value = parseJson(bytes, 'canonical');
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    findings.fault(error.pointer, error.code, error.detail);
    return undefined;
  }
  return hasBundleShape(value, findings) ? value : undefined;
}

function trustedKeys({ jwks }: VerifyOptions, findings: Findings): PublicKey[] | undefined {
  if (!jwks) return undefined;
  const keys = readJwks(jwks);
  if (keys) return keys;
  findings.signer('jwks', 'jwks_malformed', 'the trusted keys cannot be read: not a JWKS document');
  return [];
}
