import { hash, randomBytes } from 'node:crypto';
import { recordAudit } from '../../../foundation/audit/service.ts';
import { CodedError } from '../../../kernel/errors.ts';
import { isId, newId } from '../../../kernel/id.ts';
import type { Clock } from '../../../platform/clock.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import { seal, unseal } from '../../../platform/keys.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { registerOf } from '../decide/reading.ts';
import { headersFault, isSigned, type MessageHeaders } from '../decide/webhook.ts';
import { errors } from '../errors.ts';
import type { Gateway, GatewayAnswer, GatewayWithSecret } from '../model/gateways.ts';
import type { ReadingQuality } from '../model/readings.ts';
import type { Meter } from '../model.ts';
import {
  findGateway,
  type GatewayLookup,
  insertGateway,
  insertMessage,
  lockGateway,
  lockMessage,
  selectGateways,
  updateGatewayRevoked,
  updateSecret,
} from '../sql/gateways.ts';
import { selectMetersCalled } from '../sql/meters.ts';
import { type NewReading, recordReadings } from './readings.ts';
import { tenantNow } from './run-import.ts';
import type { UsageDeps } from './tell-usage.ts';

/** Makes a gateway, and its secret, which is told this once. */
export async function createGateway(tx: Tx, { name }: { name: string }): Promise<GatewayWithSecret> {
  const gateway_id = newId(tx.now);
  const secret = newSecret();
  await insertGateway(tx, { gateway_id, name, secret: sealed(gateway_id, secret) });
  const gateway = await requireGateway(tx, gateway_id);
  await audited(tx, 'gateway.created', null, gateway);
  return { ...gateway, secret };
}

/**
 * Gives a gateway another secret, told this once. The one before stays good for `keep_hours`, so that whoever sends can change over without losing
 * a message; one from before that ends now. Throws `gateway_not_found`, `gateway_revoked`.
 */
export async function rotateSecret(
  tx: Tx,
  wall: Temporal.Instant,
  gateway_id: string,
  keep_hours: number,
): Promise<GatewayWithSecret> {
  const before = await requireGateway(tx, gateway_id);
  if (before.revoked_at !== null) throw errors.gateway_revoked({ detail: `It was revoked at ${before.revoked_at}.` });
  const secret = newSecret();
  await updateSecret(tx, gateway_id, sealed(gateway_id, secret), wall.add({ hours: keep_hours }).toString());
  const after = await requireGateway(tx, gateway_id);
  await audited(tx, 'gateway.secret_rotated', before, after);
  return { ...after, secret };
}

/** Takes nothing more of a gateway, for good. Throws `gateway_not_found`. */
export async function revokeGateway(tx: Tx, gateway_id: string): Promise<Gateway> {
  const before = await requireGateway(tx, gateway_id);
  if (before.revoked_at !== null) return before;
  await updateGatewayRevoked(tx, gateway_id);
  const after = await requireGateway(tx, gateway_id);
  await audited(tx, 'gateway.revoked', before, after);
  return after;
}

/** Newest first. Throws `cursor_invalid`. */
export async function listGateways(
  db: Db,
  query: { limit: number; cursor?: string | undefined },
): Promise<{ data: Gateway[]; next_cursor: string | null }> {
  const sort = 'gateways.gateway_id';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await selectGateways(db, { below, limit: query.limit });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.gateway_id]));
}

/**
 * Whose message this is, by its signature over the raw bytes. Whatever is wrong with it, an unknown gateway included, the answer is the same but for
 * headers that cannot be. Throws `gateway_unauthenticated`.
 */
export async function authenticateMessage(
  { postgres, clock }: Pick<UsageDeps, 'postgres'> & { clock: Clock },
  gateway_id: string,
  headers: Partial<MessageHeaders>,
  body: Buffer,
): Promise<{ tenant_id: string; gateway_id: string; message_id: string }> {
  const wall = clock.now();
  const fault = headersFault(headers, wall);
  if (fault !== null) throw errors.gateway_unauthenticated({ detail: `${fault}.` });
  const known = isId(gateway_id) ? await findGateway(postgres.pool('auth'), gateway_id) : undefined;
  const secrets = known ? secretsOf(known, wall) : [Buffer.alloc(32)];
  const signed = isSigned(headers as MessageHeaders, body, secrets);
  if (!known || !signed || known.revoked_at !== null)
    throw errors.gateway_unauthenticated({ detail: 'The signature is not of a secret of this gateway.' });
  return { tenant_id: known.tenant_id, gateway_id, message_id: headers.id! };
}

export interface SentReading {
  /** Id or identifier. */
  meter: string;
  register?: string | undefined;
  time: string;
  value: string;
  quality: ReadingQuality;
  unit?: string | undefined;
}

/**
 * Takes the readings of a message, once: the same message again is answered as the first time, and another body under its id is refused. Readings
 * that cannot be taken are in the answer under their index, the others go on. Throws `gateway_message_reused`, and whatever `parse` throws.
 */
export async function takeMessage(
  deps: UsageDeps & { clock: Clock },
  message: { tenant_id: string; gateway_id: string; message_id: string },
  body: Buffer,
  parse: () => readonly SentReading[],
): Promise<{ answer: GatewayAnswer; again: boolean }> {
  const { tenant_id } = message;
  const now = await tenantNow(deps, tenant_id);
  const actor = { kind: 'system', id: message.gateway_id, name: 'gateway' } as const;
  const body_hash = hash('sha256', body, 'buffer');
  return deps.postgres.transact({ tenant_id, now, actor }, async (tx) => {
    const before = await lockMessage(tx, message);
    if (before) {
      if (!before.body_hash.equals(body_hash))
        throw errors.gateway_message_reused({ detail: 'The webhook-id was used for another body.' });
      return { answer: before.answer, again: true };
    }
    const answer = await takeSent(tx, deps, parse());
    await insertMessage(tx, message, body_hash, answer);
    return { answer, again: false };
  });
}

async function takeSent(tx: Tx, deps: UsageDeps, sent: readonly SentReading[]): Promise<GatewayAnswer> {
  const meters = await metersCalled(tx, [...new Set(sent.map((one) => one.meter))]);
  const rejected: GatewayAnswer['rejected'] = [];
  const good: { index: number; reading: NewReading }[] = [];
  for (const [index, { meter: name, register, ...reading }] of sent.entries()) {
    const meter = meters.get(name);
    if (meter === undefined) {
      rejected.push({ index, code: 'meter_not_found', detail: `There is no meter ${name}.` });
      continue;
    }
    try {
      good.push({ index, reading: { ...reading, meter_id: meter.meter_id, register: registerOf(meter, register).register } });
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      rejected.push({ index, code: error.code, detail: error.details.detail ?? error.title });
    }
  }
  const taken = await recordReadings(
    tx,
    deps,
    good.map((one) => one.reading),
    'gateway',
  );
  const readings = taken.map(({ reading_id, outcome }, at) => ({ index: good[at]!.index, reading_id, outcome }));
  return { readings, rejected };
}

async function metersCalled(db: Db, names: readonly string[]): Promise<Map<string, Meter>> {
  const found = await selectMetersCalled(db, names);
  return new Map(found.flatMap((meter) => [[meter.meter_id, meter] as const, [meter.identifier, meter] as const]));
}

async function requireGateway(tx: Tx, gateway_id: string): Promise<Gateway> {
  const found = await lockGateway(tx, gateway_id);
  if (!found) throw errors.gateway_not_found({ detail: `There is no gateway ${gateway_id}.` });
  return found;
}

function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

function sealed(gateway_id: string, secret: string): Buffer {
  return seal(Buffer.from(secret.slice('whsec_'.length), 'base64'), placeOf(gateway_id));
}

function secretsOf(gateway: GatewayLookup, wall: Temporal.Instant): Buffer[] {
  const { gateway_id, secret, old_secret, old_until } = gateway;
  const old_is_good = old_until !== null && Temporal.Instant.compare(wall, Temporal.Instant.from(old_until)) < 0;
  const live = old_secret !== null && old_is_good ? [secret, old_secret] : [secret];
  return live.map((one) => unseal(one, placeOf(gateway_id)));
}

function placeOf(gateway_id: string): string {
  return `meter_gateway ${gateway_id}`;
}

async function audited(tx: Tx, action: string, before: Gateway | null, after: Gateway): Promise<void> {
  await recordAudit(tx, {
    action,
    target_type: 'gateway',
    target_id: after.gateway_id,
    before: before && { ...before },
    after: { ...after },
  });
}
