import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { Accepted } from '../../../foundation/providers/model.ts';
import type { Inbound } from '../../../foundation/providers/service/receive.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Server } from '../../../platform/http.ts';
import { limitedByAddress, rawBodyOf, takeRawBodies } from '../../../platform/raw-body.ts';
import { Id, PageQuery, Problem, page, Text } from '../../../platform/schemas.ts';
import { Gateway, GatewayAnswer, GatewayWithSecret } from '../model/gateways.ts';
import { createGateway, listGateways, receiveMessage, revokeGateway, rotateSecret } from '../service/gateways.ts';
import { requireStaff } from './places.ts';

const tags = ['Gateways'];
const params = z.object({ gateway_id: Id });
/** A thousand readings of 250 bytes. */
const max_bytes = 256 * 1024;

export function gatewayRoutes(server: Server, deps: { clock: Clock; inbound: Inbound }): void {
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
      return { status: 201, body: await createGateway(tx, deps.clock.now(), body) };
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

/** Webhooks in by the path that gateways have always had. */
function messageRoute(raw: FastifyInstance, { inbound }: { inbound: Inbound }): void {
  takeRawBodies(raw, { content_type: 'application/json', max_bytes });
  raw.route({
    method: 'POST',
    url: '/v1/metering/gateways/:gateway_id/readings',
    bodyLimit: max_bytes,
    config: limitedByAddress,
    schema: {
      summary: 'Readings of a gateway, signed as Standard Webhooks has it',
      description:
        'JSON `{"readings": [{"meter", "register"?, "time", "value", "quality"?, "unit"?}]}`, at most 1,000; `meter` is an id or an identifier. Headers ' +
        '`webhook-id`, `webhook-timestamp` (seconds, at most 5 minutes off) and `webhook-signature`: `v1,` and the base64 of HMAC-SHA256 over ' +
        '`id.timestamp.body`. The same `webhook-id` again gets the first answer. 202: the message is kept, and is taken in a moment.',
      tags,
      params: z.object({ gateway_id: z.string().max(64) }),
      querystring: z.strictObject({}),
      response: { 200: GatewayAnswer, 202: Accepted, '4xx': Problem, '5xx': Problem },
    },
    handler: async (request, reply) => {
      const { gateway_id: endpoint_id } = request.params as { gateway_id: string };
      const delivery = { endpoint_id, headers: request.headers, body: rawBodyOf(request), http_request_id: request.id };
      const { status, body, again } = await receiveMessage(inbound, delivery);
      return reply
        .status(status)
        .headers(again ? { 'idempotency-replayed': 'true' } : {})
        .send(body);
    },
  });
}
