import { randomBytes } from 'node:crypto';
import { newId } from '../../../kernel/id.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import { seal, unseal } from '../../../platform/keys.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { recordAudit } from '../../audit/service.ts';
import { keyOf, secret_prefix } from '../decide/secret.ts';
import type { Key } from '../decide/signature.ts';
import { errors } from '../errors.ts';
import type { InboundEndpoint, InboundEndpointWithSecret, Scheme } from '../model.ts';
import {
  type EndpointLookup,
  endSecrets,
  insertEndpoint,
  insertSecret,
  lockEndpoint,
  type SealedSecret,
  selectEndpoint,
  selectEndpoints,
  updateEndpoint,
  updateRevoked,
} from '../sql/endpoints.ts';
import type { InboundKind } from './kinds.ts';

/** Secrets of one endpoint at the most: every one of them is tried on every message. */
const most_secrets = 4;

export interface NewEndpoint {
  name: string;
  reference?: string | null | undefined;
  /** The provider's own, where it makes them (Stripe does); else one is made. */
  secret?: string | undefined;
}

/** Makes an endpoint, and its secret unless the caller brings it. What is made is told this once. Throws `inbound_secret_invalid`. */
export async function createEndpoint(
  tx: Tx,
  wall: Temporal.Instant,
  { kind, scheme }: Pick<InboundKind, 'kind' | 'scheme'>,
  { name, reference = null, secret: brought }: NewEndpoint,
): Promise<InboundEndpointWithSecret> {
  const endpoint = { endpoint_id: newId(tx.now), kind, name, reference };
  const { key, secret } = chooseSecret(scheme, brought);
  await insertEndpoint(tx, endpoint);
  await putSecret(tx, wall, endpoint, key);
  const made = await requireEndpoint(tx, endpoint.endpoint_id);
  await audited(tx, 'inbound_endpoint.created', null, made);
  return { ...made, secret };
}

/**
 * Gives an endpoint another secret. Those before stay good for `keep_hours` at the most, so that whoever sends can change over without losing a
 * message; of more than three of them only the newest do. Throws `inbound_endpoint_not_found`, `inbound_endpoint_revoked`, `inbound_secret_invalid`.
 */
export async function rotateSecret(
  tx: Tx,
  wall: Temporal.Instant,
  { kind, scheme }: Pick<InboundKind, 'kind' | 'scheme'>,
  change: { endpoint_id: string; keep_hours: number; secret?: string | undefined },
): Promise<InboundEndpointWithSecret> {
  const before = await lockLive(tx, change.endpoint_id, kind);
  const { key, secret } = chooseSecret(scheme, change.secret);
  const until = wall.add({ hours: change.keep_hours });
  await endSecrets(tx, before.endpoint_id, { now: wall.toString(), until: until.toString(), keep: most_secrets - 1 });
  await putSecret(tx, wall, before, key);
  const after = await requireEndpoint(tx, before.endpoint_id);
  await audited(tx, 'inbound_endpoint.secret_rotated', before, after);
  return { ...after, secret };
}

export interface EndpointChanges {
  name?: string | undefined;
  reference?: string | null | undefined;
  enabled?: boolean | undefined;
}

/** One that is not enabled refuses every message as though it were unknown. Throws `inbound_endpoint_not_found`, `inbound_endpoint_revoked`. */
export async function changeEndpoint(tx: Tx, endpoint_id: string, changes: EndpointChanges): Promise<InboundEndpoint> {
  const before = await lockLive(tx, endpoint_id);
  const { name = before.name, reference = before.reference, enabled = before.enabled } = changes;
  await updateEndpoint(tx, { endpoint_id, name, reference, enabled });
  const after = await requireEndpoint(tx, endpoint_id);
  await audited(tx, 'inbound_endpoint.changed', before, after);
  return after;
}

/** Takes nothing more of an endpoint, for good, and destroys its secrets. Throws `inbound_endpoint_not_found`. */
export async function revokeEndpoint(tx: Tx, endpoint_id: string, kind?: string): Promise<InboundEndpoint> {
  const before = requireKind(await lockEndpoint(tx, endpoint_id), endpoint_id, kind);
  if (before.revoked_at !== null) return before;
  await updateRevoked(tx, endpoint_id);
  const after = await requireEndpoint(tx, endpoint_id);
  await audited(tx, 'inbound_endpoint.revoked', before, after);
  return after;
}

/** Throws `inbound_endpoint_not_found`. */
export async function requireEndpoint(db: Db, endpoint_id: string): Promise<InboundEndpoint> {
  return requireKind(await selectEndpoint(db, endpoint_id), endpoint_id);
}

/** Newest first; of one kind, or of all. Throws `cursor_invalid`. */
export async function listEndpoints(
  db: Db,
  query: { kind?: string | undefined; limit: number; cursor?: string | undefined },
): Promise<{ data: InboundEndpoint[]; next_cursor: string | null }> {
  const { kind = null, limit, cursor } = query;
  const sort = `inbound_endpoints ${kind ?? ''}`;
  const [below = null] = cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, cursor);
  const rows = await selectEndpoints(db, { kind, below, limit });
  return toPage(rows, limit, (row) => encodeCursor(db.tenant_id, sort, [row.endpoint_id]));
}

/** The keys that messages of an endpoint may be signed with at a moment. */
export function liveKeys(
  endpoint: Pick<EndpointLookup, 'kind' | 'endpoint_id'>,
  secrets: readonly SealedSecret[],
  wall: Temporal.Instant,
): Key[] {
  return secrets
    .filter(({ good_until }) => good_until === null || Temporal.Instant.compare(wall, Temporal.Instant.from(good_until)) < 0)
    .map(({ secret_id, sealed }) => ({ secret_id, key: unseal(sealed, placeOf(endpoint)) }));
}

function chooseSecret(scheme: Scheme, brought: string | undefined): { key: Buffer; secret: string | null } {
  if (brought === undefined && scheme === 'stripe')
    throw invalid('Stripe makes the secret of an endpoint itself: send it along.');
  const secret = brought ?? secret_prefix + randomBytes(32).toString('base64');
  const key = keyOf(scheme, secret);
  if (key !== null) return { key, secret: brought === undefined ? secret : null };
  throw invalid(scheme === 'stripe' ? 'It begins with whsec_.' : 'It is whsec_ and the base64 of 24 to 64 bytes.');
}

function invalid(detail: string): Error {
  return errors.inbound_secret_invalid({ detail, errors: [{ pointer: '/secret', code: 'inbound_secret_invalid', detail }] });
}

async function putSecret(
  tx: Tx,
  wall: Temporal.Instant,
  endpoint: Pick<EndpointLookup, 'kind' | 'endpoint_id'>,
  key: Buffer,
): Promise<void> {
  const { endpoint_id } = endpoint;
  const sealed = seal(key, placeOf(endpoint));
  await insertSecret(tx, { endpoint_id, secret_id: newId(wall), sealed, created_at: wall.toString() });
}

async function lockLive(tx: Tx, endpoint_id: string, kind?: string): Promise<InboundEndpoint> {
  const found = requireKind(await lockEndpoint(tx, endpoint_id), endpoint_id, kind);
  if (found.revoked_at !== null) throw errors.inbound_endpoint_revoked({ detail: `It was revoked at ${found.revoked_at}.` });
  return found;
}

/** One of another kind than is asked for is none. */
function requireKind(found: InboundEndpoint | undefined, endpoint_id: string, kind?: string): InboundEndpoint {
  if (found && (kind === undefined || found.kind === kind)) return found;
  throw errors.inbound_endpoint_not_found({ detail: `There is no endpoint ${endpoint_id}.` });
}

function placeOf({ kind, endpoint_id }: Pick<EndpointLookup, 'kind' | 'endpoint_id'>): string {
  return `${kind} ${endpoint_id}`;
}

async function audited(tx: Tx, action: string, before: InboundEndpoint | null, after: InboundEndpoint): Promise<void> {
  await recordAudit(tx, {
    action,
    target_type: 'inbound_endpoint',
    target_id: after.endpoint_id,
    before: before && { ...before },
    after: { ...after },
  });
}
