import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import type { Server } from '../../platform/http.ts';
import { limitedByAddress, rawBodyOf, takeRawBodies } from '../../platform/raw-body.ts';
import { Id, Instant, PageQuery, Problem, Text } from '../../platform/schemas.ts';
import { errors } from './errors.ts';
import {
  Accepted,
  InboundEndpoint,
  InboundEndpointPage,
  InboundEndpointWithSecret,
  InboundWebhook,
  InboundWebhookPage,
  InboundWebhookWithBody,
  webhookStatuses,
} from './model.ts';
import {
  changeEndpoint,
  createEndpoint,
  listEndpoints,
  requireEndpoint,
  revokeEndpoint,
  rotateSecret,
} from './service/endpoints.ts';
import type { InboundKind, InboundKinds } from './service/kinds.ts';
import type { Inbound } from './service/receive.ts';
import { listWebhooks, readWebhook, reprocessWebhook } from './service/webhooks.ts';

const tags = ['Webhooks in'];
const params = z.object({ id: Id });
/** The largest message: what the platform takes of any body. */
const max_bytes = 1024 * 1024;

const reference = Text(200).nullable();
const secret = z.string().min(1).max(256).optional().meta({ description: 'the provider’s own; else one is made' });
const Kind = z.string().min(1).max(63);

export function routes(server: Server, deps: { clock: Clock; inbound: Inbound; kinds: InboundKinds }): void {
  endpointRoutes(server, deps);
  webhookRoutes(server, deps);
  void server.raw.register(async (raw) => {
    takeRawBodies(raw, { content_type: '*', max_bytes });
    raw.route({
      method: 'POST',
      url: '/v1/webhooks/in/:endpoint',
      bodyLimit: max_bytes,
      config: limitedByAddress,
      schema: {
        summary: 'A message to an endpoint, signed by a secret of it over its raw bytes',
        description:
          'Signed as Standard Webhooks has it (`webhook-id`, `webhook-timestamp`, `webhook-signature`) or as Stripe has it (`stripe-signature`), by the ' +
          'endpoint’s kind; the time at most 5 minutes off. The same message again gets the first answer. 202: it is kept, and will be processed once. ' +
          '200: it was, and this is what its kind answers.',
        tags,
        params: z.object({ endpoint: z.string().max(64) }),
        querystring: z.strictObject({}),
        response: { 200: z.record(z.string(), z.unknown()), 202: Accepted, '4xx': Problem, '5xx': Problem },
      },
      handler: async (request, reply) => {
        const { endpoint: endpoint_id } = request.params as { endpoint: string };
        const delivery = { endpoint_id, headers: request.headers, body: rawBodyOf(request), http_request_id: request.id };
        const { status, body, again } = await deps.inbound.receive(delivery);
        return reply
          .status(status)
          .headers(again ? { 'idempotency-replayed': 'true' } : {})
          .send(body);
      },
    });
  });
}

function endpointRoutes(server: Server, { clock, kinds }: { clock: Clock; kinds: InboundKinds }): void {
  server.command({
    method: 'POST',
    url: '/v1/inbound-endpoints',
    scope: 'events:write',
    summary: 'Make an endpoint that others send signed messages to; a secret that is made is in this answer and in no other',
    tags,
    body: z.strictObject({ kind: Kind, name: Text(200), reference: reference.optional(), secret }),
    response: { 201: InboundEndpointWithSecret },
    secret_answer: true,
    handle: async (tx, { body: { kind, ...endpoint }, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 201, body: await createEndpoint(tx, clock.now(), requireKind(kinds, kind), endpoint) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/inbound-endpoints',
    scope: 'events:read',
    summary: 'Endpoints, newest first',
    tags,
    querystring: z.strictObject({ kind: Kind.optional(), ...PageQuery }),
    response: { 200: InboundEndpointPage },
    handle: async (db, { query, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await listEndpoints(db, query) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/inbound-endpoints/{id}',
    scope: 'events:read',
    summary: 'An endpoint, with when its secrets end',
    tags,
    params,
    response: { 200: InboundEndpoint },
    handle: async (db, { params: { id }, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await requireEndpoint(db, id) };
    },
  });
  server.command({
    method: 'PATCH',
    url: '/v1/inbound-endpoints/{id}',
    scope: 'events:write',
    summary: 'Rename an endpoint, or have it take messages or not',
    tags,
    params,
    body: z.strictObject({ name: Text(200).optional(), reference: reference.optional(), enabled: z.boolean().optional() }),
    response: { 200: InboundEndpoint },
    handle: async (tx, { params: { id }, body, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await changeEndpoint(tx, id, body) };
    },
  });
  server.command({
    method: 'POST',
    url: '/v1/inbound-endpoints/{id}:rotate-secret',
    scope: 'events:write',
    summary: 'Give an endpoint another secret; those before stay good for a while',
    tags,
    params,
    body: z.strictObject({ keep_hours: z.number().int().min(0).max(168).default(24), secret }),
    response: { 200: InboundEndpointWithSecret },
    secret_answer: true,
    handle: async (tx, { params: { id }, body, principal }) => {
      requireStaff(principal.org_ids);
      const { kind } = await requireEndpoint(tx, id);
      const change = { endpoint_id: id, ...body };
      return { status: 200, body: await rotateSecret(tx, clock.now(), requireKind(kinds, kind), change) };
    },
  });
  server.command({
    method: 'DELETE',
    url: '/v1/inbound-endpoints/{id}',
    scope: 'events:write',
    summary: 'Revoke an endpoint, for good; what it took stays',
    tags,
    params,
    response: { 200: InboundEndpoint },
    handle: async (tx, { params: { id }, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await revokeEndpoint(tx, id) };
    },
  });
}

function webhookRoutes(server: Server, { clock }: { clock: Clock }): void {
  server.query({
    method: 'GET',
    url: '/v1/inbound-webhooks',
    scope: 'events:read',
    summary: 'Messages that were verified, newest first, with what became of them',
    tags,
    querystring: z.strictObject({
      endpoint_id: Id.optional(),
      status: z.enum(webhookStatuses).optional(),
      type: z.string().max(200).optional(),
      from: Instant.optional(),
      to: Instant.optional(),
      ...PageQuery,
    }),
    response: { 200: InboundWebhookPage },
    handle: async (db, { query, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await listWebhooks(db, query) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/inbound-webhooks/{id}',
    scope: 'events:read',
    summary: 'A message with its headers and its body',
    tags,
    params,
    response: { 200: InboundWebhookWithBody },
    handle: async (db, { params: { id }, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await readWebhook(db, id) };
    },
  });
  server.command({
    method: 'POST',
    url: '/v1/inbound-webhooks/{id}:reprocess',
    scope: 'events:write',
    summary: 'Process a message that had no effect once more',
    tags,
    params,
    response: { 202: InboundWebhook },
    handle: async (tx, { params: { id }, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 202, body: await reprocessWebhook(tx, clock.now(), id) };
    },
  });
}

function requireKind(kinds: InboundKinds, kind: string): InboundKind {
  const known = kinds.get(kind);
  if (known) return known;
  const detail = `There are: ${[...kinds.keys()].sort().join(', ')}.`;
  throw errors.inbound_kind_unknown({ detail, errors: [{ pointer: '/kind', code: 'inbound_kind_unknown', detail }] });
}

/** What others send, and what it is signed with, is the tenant's own business. */
function requireStaff(org_ids: readonly string[] | null): void {
  if (org_ids !== null) throw errors.staff_only();
}
