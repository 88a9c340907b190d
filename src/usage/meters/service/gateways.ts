import { errors as inboundErrors } from '../../../foundation/providers/errors.ts';
import type { InboundEndpoint } from '../../../foundation/providers/model.ts';
import {
  createEndpoint,
  listEndpoints,
  revokeEndpoint,
  rotateSecret as rotateEndpointSecret,
} from '../../../foundation/providers/service/endpoints.ts';
import type { InboundKind } from '../../../foundation/providers/service/kinds.ts';
import type { Delivery, Inbound, Reception } from '../../../foundation/providers/service/receive.ts';
import { assert } from '../../../kernel/assert.ts';
import { CodedError, type ErrorDetails } from '../../../kernel/errors.ts';
import { JsonFault, parseJson } from '../../../kernel/json.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { httpErrors } from '../../../platform/problem.ts';
import { registerOf } from '../decide/reading.ts';
import { errors } from '../errors.ts';
import { type Gateway, type GatewayAnswer, type GatewayWithSecret, SentReadings } from '../model/gateways.ts';
import type { Meter } from '../model.ts';
import { selectMetersCalled } from '../sql/meters.ts';
import { type NewReading, recordReadings } from './readings.ts';
import type { UsageDeps } from './tell-usage.ts';

/** A gateway is an endpoint of webhooks in, of this kind; its id is the endpoint's. */
const gateway_kind = { kind: 'meter_gateway', scheme: 'standard_webhooks' } as const;

/** What is done with a gateway's messages: their readings are taken, and its sender waits for what became of each. */
export function gatewayKind(deps: UsageDeps): InboundKind {
  return {
    ...gateway_kind,
    answers: true,
    take: async (tx, { body }) => ({ ...(await takeReadings(tx, deps, body)) }),
  };
}

/** Makes a gateway, and its secret, which is told this once. */
export async function createGateway(tx: Tx, wall: Temporal.Instant, { name }: { name: string }): Promise<GatewayWithSecret> {
  return withSecret(await createEndpoint(tx, wall, gateway_kind, { name }));
}

/**
 * Gives a gateway another secret, told this once. Those before stay good for `keep_hours` at the most, so that whoever sends can change over without
 * losing a message. Throws `gateway_not_found`, `gateway_revoked`.
 */
export async function rotateSecret(
  tx: Tx,
  wall: Temporal.Instant,
  gateway_id: string,
  keep_hours: number,
): Promise<GatewayWithSecret> {
  const change = { endpoint_id: gateway_id, keep_hours };
  return withSecret(await asGateway(() => rotateEndpointSecret(tx, wall, gateway_kind, change), gateway_id));
}

/** Takes nothing more of a gateway, for good. Throws `gateway_not_found`. */
export async function revokeGateway(tx: Tx, gateway_id: string): Promise<Gateway> {
  return gatewayOf(await asGateway(() => revokeEndpoint(tx, gateway_id, gateway_kind.kind), gateway_id));
}

/** Newest first. Throws `cursor_invalid`. */
export async function listGateways(
  db: Db,
  query: { limit: number; cursor?: string | undefined },
): Promise<{ data: Gateway[]; next_cursor: string | null }> {
  const { data, next_cursor } = await listEndpoints(db, { ...query, kind: gateway_kind.kind });
  return { data: data.map(gatewayOf), next_cursor };
}

/**
 * Takes a gateway's message by its own path, once: the same message again is answered as the first time, and another body under its id is refused.
 * Readings that cannot be taken are in the answer under their index, the others go on. Throws `gateway_unauthenticated`, `gateway_message_reused`,
 * `gateway_message_invalid`, `malformed_request`.
 */
export function receiveMessage(inbound: Inbound, delivery: Omit<Delivery, 'kind'>): Promise<Reception> {
  return asGateway(() => inbound.receive({ ...delivery, kind: gateway_kind.kind }), delivery.endpoint_id);
}

async function takeReadings(tx: Tx, deps: UsageDeps, body: Buffer): Promise<GatewayAnswer> {
  const sent = parseReadings(body);
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

function parseReadings(body: Buffer): SentReadings['readings'] {
  let value: unknown;
  try {
    value = parseJson(body);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const fault = { pointer: error.pointer, code: error.code, detail: error.detail };
    throw httpErrors.malformed_request({ detail: error.detail, errors: [fault] });
  }
  const parsed = SentReadings.safeParse(value);
  if (parsed.success) return parsed.data.readings;
  const faults = parsed.error.issues.map((issue) => {
    const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
    return { pointer: path.map((part) => `/${String(part)}`).join(''), code: issue.code, detail: issue.message };
  });
  throw errors.gateway_message_invalid({ detail: `${faults[0]?.pointer || 'The body'}: ${faults[0]?.detail}.`, errors: faults });
}

async function metersCalled(db: Db, names: readonly string[]): Promise<Map<string, Meter>> {
  const found = await selectMetersCalled(db, names);
  return new Map(found.flatMap((meter) => [[meter.meter_id, meter] as const, [meter.identifier, meter] as const]));
}

/** What webhooks in say of an endpoint, as what it is here. */
async function asGateway<T>(work: () => Promise<T>, gateway_id: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    const is = (kind: (details?: ErrorDetails) => CodedError) => error.code === kind().code;
    if (is(inboundErrors.inbound_endpoint_not_found))
      throw errors.gateway_not_found({ detail: `There is no gateway ${gateway_id}.` });
    if (is(inboundErrors.inbound_endpoint_revoked)) throw errors.gateway_revoked(error.details);
    if (is(inboundErrors.inbound_webhook_unauthenticated)) throw errors.gateway_unauthenticated(error.details);
    if (is(inboundErrors.inbound_webhook_reused)) throw errors.gateway_message_reused(error.details);
    throw error;
  }
}

function gatewayOf({ endpoint_id, name, secrets, revoked_at, created_at }: InboundEndpoint): Gateway {
  const [old_secret_until = null] = secrets.flatMap(({ good_until }) => (good_until === null ? [] : [good_until]));
  return { gateway_id: endpoint_id, name, old_secret_until, revoked_at, created_at };
}

function withSecret({ secret, ...endpoint }: InboundEndpoint & { secret: string | null }): GatewayWithSecret {
  assert(secret, 'the secret of a gateway is made here');
  return { ...gatewayOf(endpoint), secret };
}
