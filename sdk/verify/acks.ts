import type { Bundle } from '../../src/kernel/bundle.ts';
import type { JsonObject } from '../../src/kernel/canonical-json.ts';
import { JsonFault, parseJson } from '../../src/kernel/json.ts';
import { merkleRoot } from '../../src/kernel/merkle.ts';
import { type AckStatement, canonicalEvent, jwsTypes, leafOfText } from '../../src/kernel/proof.ts';
import { isSignedBy, type PublicKey, readJws } from './jws.ts';
import type { Findings } from './report.ts';

/** One line of the file: the acknowledgement as it was answered, and the events of that call that it accepted, in their order. */
interface Ack {
  ack: string;
  events: AckedEvent[];
}

interface AckedEvent {
  request_id: string;
  org_id: string;
  sku: string;
  /** RFC 3339. */
  time: string;
  /** Where the sender knows it: the leaf hash, hexadecimal. */
  leaf?: string;
  /** What the answer said of it, where it was late: what was told to be absorbed is on no bill. */
  late_policy?: string;
}

/**
 * Names what was acknowledged for the invoice's lines and is not in them. Answers how many acknowledged events fell to the invoice.
 * An event belongs to a line of its organization and SKU whose period it lies in, if it was acknowledged before the invoice was issued.
 */
export function checkAcks(bundle: Bundle, file: Uint8Array, keys: readonly PublicKey[] | undefined, findings: Findings): number {
  const leaves = leavesOf(bundle);
  let looked = 0;
  for (const [number, line] of linesOf(file)) {
    const at = `acks:${number}`;
    const ack = readAck(line, at, findings);
    const statement = ack && checkAck(ack, bundle, keys, at, findings);
    if (!ack || !statement) continue;
    for (const [index, event] of ack.events.entries()) {
      if (!belongs(bundle, event, `${at}/events/${index}`, findings)) continue;
      looked += 1;
      const leaf = leaves.get(event.request_id);
      if (leaf === undefined) {
        if (event.late_policy === 'absorb')
          findings.note(
            `${at}/events/${index}`,
            'acknowledged_absorbed',
            `${event.request_id} came late and was told not to be billed`,
          );
        else if (!acknowledgedInTime(bundle, statement))
          findings.note(
            `${at}/events/${index}`,
            'acknowledged_later',
            `${event.request_id} was acknowledged after the invoice was issued`,
          );
        else
          findings.fault(
            `${at}/events/${index}`,
            'acknowledged_left_out',
            `${event.request_id} was acknowledged and is not in the bundle`,
          );
      } else if (event.leaf !== undefined && event.leaf !== leaf) {
        findings.fault(
          `${at}/events/${index}`,
          'acknowledged_differs',
          `${event.request_id} is in the bundle with other content than was acknowledged`,
        );
      }
    }
  }
  return looked;
}

function leavesOf({ charges }: Bundle): Map<string, string> {
  const leaves = new Map<string, string>();
  for (const { days } of charges)
    for (const { events } of days)
      for (const { event, salt } of events) leaves.set(event.request_id, leafOfText(canonicalEvent(event), salt).toString('hex'));
  return leaves;
}

function* linesOf(file: Uint8Array): Generator<[number, string]> {
  for (const [index, line] of Buffer.from(file).toString('utf8').split('\n').entries())
    if (line.trim() !== '') yield [index + 1, line];
}

function readAck(line: string, at: string, findings: Findings): Ack | undefined {
  try {
    const value = parseJson(Buffer.from(line)) as Partial<Ack> | null;
    if (typeof value?.ack === 'string' && Array.isArray(value.events) && value.events.every(isAckedEvent)) return value as Ack;
    findings.fault(at, 'ack_malformed', 'must be {"ack": JWS, "events": [{request_id, org_id, sku, time, leaf?}]}');
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    findings.fault(at, 'ack_malformed', error.detail);
  }
  return undefined;
}

function isAckedEvent(value: unknown): value is AckedEvent {
  const { request_id, org_id, sku, time, leaf, late_policy } = (value ?? {}) as Record<string, unknown>;
  const named = [request_id, org_id, sku].every((each) => typeof each === 'string');
  return (
    named &&
    typeof time === 'string' &&
    momentOf(time) !== undefined &&
    (late_policy === undefined || typeof late_policy === 'string') &&
    (leaf === undefined || /^[0-9a-f]{64}$/.test(String(leaf)))
  );
}

/** The acknowledgement's statement, if it is of this tenant; its signature and root are held against what is known. */
function checkAck(
  { ack, events }: Ack,
  bundle: Bundle,
  keys: readonly PublicKey[] | undefined,
  at: string,
  findings: Findings,
): AckStatement | undefined {
  const jws = readJws(ack, { alg: 'EdDSA', typ: jwsTypes.ack });
  const statement = jws && readStatement(jws.statement);
  if (!jws || !statement) {
    findings.fault(at, 'ack_malformed', 'is not an acknowledgement signed with Ed25519');
    return undefined;
  }
  if (statement.tenant_id !== bundle.invoice.tenant_id) {
    findings.note(at, 'ack_foreign', 'is of another tenant');
    return undefined;
  }
  const key = keys?.find(({ kid }) => kid === jws.kid);
  if (key && !isSignedBy(jws, key)) findings.fault(at, 'ack_signature_wrong', 'the signature does not fit');
  if (!key) findings.note(at, 'ack_unauthenticated', 'its key is not among those that you trust');
  if (events.length > statement.count)
    findings.fault(at, 'ack_count_wrong', `acknowledges ${statement.count} events, and ${events.length} are listed`);
  const known = events.map(({ leaf }) => leaf).filter((leaf) => leaf !== undefined);
  if (known.length === statement.count) {
    const root = merkleRoot(known.map((leaf) => Buffer.from(leaf, 'hex'))).toString('hex');
    if (root !== statement.root) findings.fault(at, 'ack_root_wrong', 'the leaves are not those that were acknowledged');
  }
  return statement;
}

function readStatement({ count, root, tenant_id, time }: JsonObject): AckStatement | undefined {
  if (typeof count !== 'number' || typeof root !== 'string' || typeof tenant_id !== 'string' || typeof time !== 'string')
    return undefined;
  return momentOf(time) === undefined ? undefined : { count, root, tenant_id, time };
}

/** True when some line takes the usage of the event's organization, SKU and time. */
function belongs({ invoice, charges }: Bundle, event: AckedEvent, at: string, findings: Findings): boolean {
  const orgs = new Set([invoice.org_id, ...invoice.lines.map(({ org_id }) => org_id)]);
  if (!orgs.has(event.org_id)) return false;
  const moment = momentOf(event.time)!;
  const periods = invoice.lines.flatMap((line, index) => {
    const inputs = charges[index]?.inputs;
    const period = inputs?.usage_period ?? inputs?.period;
    return line.usage && line.org_id === event.org_id && period ? [{ sku: line.sku, ...period }] : [];
  });
  const within = periods.filter(({ from, to }) => momentOf(from)! <= moment && moment < momentOf(to)!);
  if (within.some(({ sku }) => sku === event.sku)) return true;
  if (within.length > 0)
    findings.note(at, 'acknowledged_not_billed', `${event.request_id}: no line of the invoice is for ${event.sku}`);
  return false;
}

function acknowledgedInTime({ invoice }: Bundle, { time }: AckStatement): boolean {
  return momentOf(time)! <= momentOf(invoice.issued_at)!;
}

/** Nanoseconds since 1970. */
function momentOf(text: string): bigint | undefined {
  try {
    return Temporal.Instant.from(text).epochNanoseconds;
  } catch {
    return undefined;
  }
}
