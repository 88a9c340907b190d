import type { Bundle } from '../../src/kernel/bundle.ts';
import { JsonFault, parseJson } from '../../src/kernel/json.ts';
import { checkAcks } from './acks.ts';
import { checkCharge, checkTotal } from './arithmetic.ts';
import { fingerprintOf, type PublicKey, readJwks } from './jws.ts';
import { checkReceipt, checkSignature } from './log.ts';
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
  if (bundle) authenticated = checkAll(bundle, options, findings, summary);
  return { authenticated, consistent: bundle !== undefined && !findings.has('fault'), findings: findings.list, summary };
}

function checkAll(bundle: Bundle, options: VerifyOptions, findings: Findings, summary: Summary): boolean {
  const keys = trustedKeys(options, findings);
  const { invoice, receipt } = bundle;
  summary.tenant_id = invoice.tenant_id;
  summary.invoice_id = invoice.invoice_id;
  summary.number = invoice.number;
  summary.total = invoice.total;
  summary.currency = invoice.currency;
  summary.issued_at = invoice.issued_at;
  const { checkpoint, authenticated } = checkSignature(bundle, { keys, fingerprint: options.fingerprint }, findings);
  if (checkpoint) {
    summary.kid = checkpoint.kid;
    summary.fingerprint = fingerprintOf(checkpoint.kid);
    summary.receipt_seq = receipt.seq;
    summary.log_size = checkpoint.statement.size;
    summary.signed_at = checkpoint.statement.time;
  }
  checkReceipt(bundle, checkpoint?.statement, findings);
  checkLines(bundle, findings, summary);
  checkTotal(invoice, findings);
  if (options.acks) summary.acknowledged = checkAcks(bundle, options.acks, keys, findings);
  if (options.since && checkpoint) checkSince({ bundle, checkpoint, since: options.since, keys }, findings);
  return authenticated;
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
function readBundle(bytes: Uint8Array, findings: Findings): Bundle | undefined {
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
