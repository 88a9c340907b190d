import type { ProofParts } from '../../src/kernel/bundle.ts';
import type { JsonObject } from '../../src/kernel/canonical-json.ts';
import { JsonFault, parseJson } from '../../src/kernel/json.ts';
import { verifyConsistency } from '../../src/kernel/merkle.ts';
import { jwsTypes } from '../../src/kernel/proof.ts';
import { isSignedBy, type PublicKey, readJws, readKey } from './jws.ts';
import { bytes, type Checkpoint, readCheckpoint } from './log.ts';
import type { Findings } from './report.ts';

/** A proof that the log of one size begins with that of another. */
interface Link {
  at: string;
  from: number;
  to: number;
  path: string[];
}

/**
 * Holds the bundle's checkpoint against checkpoints kept from another time: the same log, never cut, never rewritten. Takes the file
 * that the server keeps outside its database (NDJSON of {checkpoint, size, previous_size, consistency}), the answer of
 * `/v1/checkpoints/consistency` ({from, to, path}), or a bare JWS.
 */
export function checkSince(
  {
    bundle,
    checkpoint,
    since,
    keys,
  }: { bundle: ProofParts; checkpoint: Checkpoint; since: Uint8Array; keys: readonly PublicKey[] | undefined },
  findings: Findings,
): void {
  const roots = new Map<number, string>([[checkpoint.statement.size, checkpoint.statement.root]]);
  const links: Link[] = [];
  const signers = [...(keys ?? []), ...bundle.jwks.keys.flatMap((jwk) => readKey(jwk) ?? [])];
  const take = (jws: string, at: string): number | undefined => {
    const statement = readSigned(jws, signers, at, findings);
    if (!statement) return undefined;
    if (statement.log !== checkpoint.statement.log) {
      findings.fault(at, 'since_foreign', 'is a checkpoint of another log');
      return undefined;
    }
    const known = roots.get(statement.size);
    if (known !== undefined && known !== statement.root)
      findings.fault(at, 'log_forked', `two logs of ${statement.size} receipts with different content are signed`);
    roots.set(statement.size, known ?? statement.root);
    return statement.size;
  };
  const sizes = documentsOf(since, findings).flatMap(({ at, value }) => readDocument(value, at, take, links, findings));
  if (sizes.length === 0) findings.fault('since', 'since_empty', 'holds no checkpoint of this log');
  for (const link of links) checkLink(link, roots, findings);
  const target = checkpoint.statement.size;
  const oldest = Math.min(target, ...sizes);
  const newest = Math.max(target, ...sizes);
  const linked = reachable(links, oldest);
  for (const size of new Set([target, newest]))
    if (!linked.has(size))
      findings.fault(
        'since',
        'consistency_missing',
        `holds no proof from ${oldest} receipts to ${size}: see /v1/checkpoints/consistency`,
      );
}

function checkLink({ at, from, to, path }: Link, roots: ReadonlyMap<number, string>, findings: Findings): void {
  const [from_root, to_root] = [roots.get(from), roots.get(to)];
  if (from_root === undefined || to_root === undefined) return;
  if (!verifyConsistency({ from, to, from_root: bytes(from_root), to_root: bytes(to_root), path: path.map(bytes) }))
    findings.fault(at, 'log_rewritten', `the log of ${to} receipts does not begin with the log of ${from}`);
}

/** Sizes that proofs lead to, one after another, from a size. */
function reachable(links: readonly Link[], start: number): Set<number> {
  const found = new Set([start]);
  for (const { from, to } of [...links].sort((a, b) => a.from - b.from || a.to - b.to)) if (found.has(from)) found.add(to);
  return found;
}

function readSigned(
  compact: string,
  signers: readonly PublicKey[],
  at: string,
  findings: Findings,
): Checkpoint['statement'] | undefined {
  const jws = readJws(compact, { alg: 'PS256', typ: jwsTypes.checkpoint });
  const statement = jws && readCheckpoint(jws.statement);
  const key = jws && signers.find(({ kid, alg }) => kid === jws.kid && alg === 'PS256');
  if (!jws || !statement) findings.fault(at, 'since_malformed', 'is not a checkpoint signed with PS256');
  else if (!key)
    findings.fault(
      at,
      'since_unknown_key',
      'its key is not among those that are known: give the JWKS that holds retired keys too',
    );
  else if (!isSignedBy(jws, key)) findings.fault(at, 'since_signature_wrong', 'the signature does not fit');
  else return statement;
  return undefined;
}

function documentsOf(file: Uint8Array, findings: Findings): { at: string; value: unknown }[] {
  const text = Buffer.from(file).toString('utf8').trim();
  if (!text.startsWith('{')) return [{ at: 'since', value: { checkpoint: text } }];
  try {
    return [{ at: 'since', value: parseJson(Buffer.from(text)) }];
  } catch {
    // More than one document: a file of lines.
    return text.split('\n').flatMap((line, index) => {
      try {
        return [{ at: `since:${index + 1}`, value: parseJson(Buffer.from(line)) }];
      } catch (error) {
        if (!(error instanceof JsonFault)) throw error;
        findings.note(`since:${index + 1}`, 'since_cut', 'the line is not whole and was left out');
        return [];
      }
    });
  }
}

/** Answers the sizes of the checkpoints in a document, and adds its proof to `links`. */
function readDocument(
  value: unknown,
  at: string,
  take: (jws: string, at: string) => number | undefined,
  links: Link[],
  findings: Findings,
): number[] {
  const { checkpoint, previous_size, consistency, from, to, path } = (value ?? {}) as JsonObject;
  if (typeof checkpoint === 'string') {
    const size = take(checkpoint, at);
    if (size !== undefined && typeof previous_size === 'number' && isPath(consistency))
      links.push({ at, from: previous_size, to: size, path: consistency });
    return size === undefined ? [] : [size];
  }
  const [first, last] = [jwsOf(from), jwsOf(to)];
  if (first === undefined || last === undefined || !isPath(path)) {
    findings.fault(at, 'since_malformed', 'is neither checkpoints nor a consistency proof');
    return [];
  }
  const [older, newer] = [take(first, `${at}/from`), take(last, `${at}/to`)];
  if (older !== undefined && newer !== undefined) links.push({ at, from: older, to: newer, path });
  return [older, newer].filter((size) => size !== undefined);
}

function jwsOf(value: unknown): string | undefined {
  const jws = (value as JsonObject | null | undefined)?.jws;
  return typeof jws === 'string' ? jws : undefined;
}

function isPath(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string' && /^[0-9a-f]{64}$/.test(each));
}
