import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { JsonFault, parseJson } from '../../../kernel/json.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Server } from '../../../platform/http.ts';
import { httpErrors } from '../../../platform/problem.ts';
import { Decimal, Id, Instant, PageQuery, Problem, page, Text } from '../../../platform/schemas.ts';
import { errors } from '../errors.ts';
import { Gateway, GatewayAnswer, GatewayWithSecret } from '../model/gateways.ts';
import {
  authenticateMessage,
  createGateway,
  listGateways,
  revokeGateway,
  rotateSecret,
  type SentReading,
  takeMessage,
} from '../service/gateways.ts';
import type { UsageDeps } from '../service/tell-usage.ts';
import { registerName, requireStaff } from './places.ts';
import { Quality } from './readings.ts';

const tags = ['Gateways'];
const params = z.object({ gateway_id: Id });
/** A thousand readings of 250 bytes. */
const body_limit = 256 * 1024;

export function gatewayRoutes(server: Server, deps: UsageDeps & { clock: Clock }): void {
  server.command({
    method: 'POST',
    url: '/v1/metering/gateways',
    scope: 'usage:write',
    summary: 'Register a gateway that sends readings by signed webhook; its secret is in this answer and in no other',
    tags,
    body: z.strictObject({ name: Text(200) }),
    response: { 201: GatewayWithSecret },
    secret_answer: true,
    handle: async (tx, { body, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 201, body: await createGateway(tx, body) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/metering/gateways',
    scope: 'usage:read',
    summary: 'Gateways, newest first',
    tags,
    querystring: z.strictObject({ ...PageQuery }),
    response: { 200: page(Gateway) },
    handle: async (db, { query, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await listGateways(db, query) };
    },
  });
  server.command({
    method: 'POST',
    url: '/v1/metering/gateways/{gateway_id}:rotate',
    scope: 'usage:write',
    summary: 'Give a gateway another secret; the one before stays good for a while',
    tags,
    params,
    body: z.strictObject({ keep_hours: z.number().int().min(0).max(168).default(24) }),
    response: { 200: GatewayWithSecret },
    secret_answer: true,
    handle: async (tx, { params: { gateway_id }, body, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await rotateSecret(tx, deps.clock.now(), gateway_id, body.keep_hours) };
    },
  });
  server.command({
    method: 'POST',
    url: '/v1/metering/gateways/{gateway_id}:revoke',
    scope: 'usage:write',
    summary: 'Take nothing more of a gateway, for good',
    tags,
    params,
    response: { 200: Gateway },
    handle: async (tx, { params: { gateway_id }, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await revokeGateway(tx, gateway_id) };
    },
  });
  // A signature is over bytes, so these are not parsed before it is checked.
  void server.raw.register(async (raw) => messageRoute(raw, deps));
}

function messageRoute(raw: FastifyInstance, deps: UsageDeps & { clock: Clock }): void {
  raw.removeAllContentTypeParsers();
  raw.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: body_limit }, (_request, body, done) =>
    done(null, body),
  );
  raw.route({
    method: 'POST',
    url: '/v1/metering/gateways/:gateway_id/readings',
    bodyLimit: body_limit,
    schema: {
      summary: 'Readings of a gateway, signed as Standard Webhooks has it',
      description:
        'JSON `{"readings": [{"meter", "register"?, "time", "value", "quality"?, "unit"?}]}`, at most 1,000; `meter` is an id or an identifier. Headers ' +
        '`webhook-id`, `webhook-timestamp` (seconds, at most 5 minutes off) and `webhook-signature`: `v1,` and the base64 of HMAC-SHA256 over ' +
        '`id.timestamp.body`. The same `webhook-id` again gets the first answer.',
      tags,
      params: z.object({ gateway_id: z.string().max(64) }),
      querystring: z.strictObject({}),
      response: { 200: GatewayAnswer, '4xx': Problem, '5xx': Problem },
    },
    onRequest: async (request) => {
      const encoding = request.headers['content-encoding'];
      if (encoding !== undefined && encoding !== 'identity')
        throw httpErrors.unsupported_media_type({ detail: 'A signed body is sent as it is, not compressed.' });
    },
    handler: async (request, reply) => {
      const { gateway_id } = request.params as { gateway_id: string };
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const given = {
        id: header(request, 'id'),
        timestamp: header(request, 'timestamp'),
        signature: header(request, 'signature'),
      };
      const message = await authenticateMessage(deps, gateway_id, given, body);
      const { answer, again } = await takeMessage(deps, message, body, () => parseReadings(body));
      return reply
        .status(200)
        .headers(again ? { 'idempotency-replayed': 'true' } : {})
        .send(answer);
    },
  });
}

const Sent = z.strictObject({
  readings: z
    .array(
      z.strictObject({
        meter: Text(64),
        register: registerName.optional(),
        time: Instant,
        value: Decimal,
        quality: Quality.default('actual'),
        unit: Text(32).optional(),
      }),
    )
    .min(1)
    .max(1000),
});

function parseReadings(body: Buffer): readonly SentReading[] {
  let value: unknown;
  try {
    value = parseJson(body);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const fault = { pointer: error.pointer, code: error.code, detail: error.detail };
    throw httpErrors.malformed_request({ detail: error.detail, errors: [fault] });
  }
  const parsed = Sent.safeParse(value);
  if (parsed.success) return parsed.data.readings;
  const faults = parsed.error.issues.map((issue) => {
    const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
    return { pointer: path.map((part) => `/${String(part)}`).join(''), code: issue.code, detail: issue.message };
  });
  throw errors.gateway_message_invalid({ detail: `${faults[0]?.pointer || 'The body'}: ${faults[0]?.detail}.`, errors: faults });
}

function header(request: { headers: Record<string, unknown> }, name: string): string | undefined {
  const value = request.headers[`webhook-${name}`];
  return typeof value === 'string' ? value : undefined;
}
