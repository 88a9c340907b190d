import type { FastifyRequest } from 'fastify';
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { once, type Server, scopeOf } from '../../platform/http.ts';
import type { Postgres } from '../../platform/postgres.ts';
import { httpErrors } from '../../platform/problem.ts';
import { Id, Instant, LocalDate, PageQuery, Problem } from '../../platform/schemas.ts';
import { readJson } from '../../platform/web.ts';
import { mediaTypes, structuredOf } from './decide/cloudevents.ts';
import { errors } from './errors.ts';
import { type Ingest, IngestAnswer, MeteringEventPage, RejectionBody, type SignAck, UsageAnswer, usageWindows } from './model.ts';
import { correctionRoutes } from './routes/corrections.ts';
import { deprecationRoutes } from './routes/deprecations.ts';
import { replayRoutes } from './routes/replays.ts';
import { cloudEventReader } from './service/cloudevents.ts';
import { reportUsage } from './service/report.ts';
import { listMeteringEvents, usageOf } from './service/usage.ts';

const tags = ['Usage'];
/** Ten thousand events of 1.6 KB each. */
const body_limit = 16 * 1024 * 1024;

export function routes(server: Server, deps: { postgres: Postgres; ingest: Ingest; signAck: SignAck }): void {
  void server.raw.register(async (raw) => {
    raw.addContentTypeParser([mediaTypes.single, mediaTypes.batch], { parseAs: 'buffer' }, readJson);
    postEvents({ ...server, raw }, deps);
  });
  getEvents(server);
  getUsage(server);
  correctionRoutes(server, deps);
  deprecationRoutes(server);
  replayRoutes(server, deps);
}

/**
 * A raw route: its body is checked item by item by a compiled schema, and nothing but the group commit stands between it and the database.
 * Request ids keep an event from counting twice, with or without an `Idempotency-Key`; the key keeps the answer.
 */
function postEvents(
  server: Server,
  { postgres, ingest, signAck }: { postgres: Postgres; ingest: Ingest; signAck: SignAck },
): void {
  server.raw.route({
    method: 'POST',
    url: '/v1/metering/events',
    bodyLimit: body_limit,
    schema: {
      summary: 'Report usage, as it is or as CloudEvents; an event is stored once, for ever, by its request_id',
      tags,
      security: [{ bearer: [] }],
      querystring: z.strictObject({
        leaves: z
          .enum(['true', 'false'])
          .optional()
          .meta({ description: 'true: answer the leaf hashes that `ack` stands over, too' }),
      }),
      body: EventsBody,
      response: {
        202: IngestAnswer,
        422: Problem.extend({ rejected: z.array(RejectionBody).optional() }),
        '4xx': Problem,
        '5xx': Problem,
      },
    },
    // The schema of the body is for the reader of the documentation; ingest checks each event by itself.
    validatorCompiler: (route) =>
      route.httpPart === 'body' ? (value: unknown) => ({ value }) : validatorCompiler(route as never),
    serializerCompiler: (route) => (route.httpStatus === '202' ? JSON.stringify : serializerCompiler(route as never)),
    config: { scope: 'usage:write', swaggerTransform: withCloudEvents },
    onRequest: server.authorize('usage:write'),
    handler: async (request, reply) => {
      const sent = sentEvents(request);
      const translate = sent.are_cloudevents ? await cloudEventReader(postgres, scopeOf(request), sent.events) : undefined;
      const call = {
        ...request.principal!,
        pointerOf: sent.pointerOf,
        with_leaves: wantsLeaves(request),
        elapsed_ms: () => reply.elapsedTime,
        ...(translate ? { translate } : {}),
      };
      const answer = async () => ({ status: 202, body: await reportUsage({ ingest, signAck }, sent.events, call) });
      const keyed = request.headers['idempotency-key'] !== undefined;
      const { body, headers } = keyed
        ? await postgres.transact(scopeOf(request), (tx) => once<Kept>(tx, request, answer))
        : { ...(await answer()), headers: {} };
      return reply
        .status(202)
        .headers(headers ?? {})
        .send(body);
    },
  });
}

type Kept = { status: number; body: z.infer<typeof IngestAnswer>; headers?: Record<string, string> };

function getEvents(server: Server): void {
  server.query({
    method: 'GET',
    url: '/v1/metering/events',
    scope: 'usage:read',
    summary: 'Usage events, newest first: of one organization by time, of all by arrival',
    tags,
    querystring: z.strictObject({
      org_id: Id.optional(),
      sku: z.string().min(1).max(128).optional(),
      from: Instant.optional(),
      to: Instant.optional(),
      ...PageQuery,
    }),
    response: { 200: MeteringEventPage },
    handle: async (db, { query, principal }) => ({
      status: 200,
      body: await listMeteringEvents(db, { ...query, org_ids: principal.org_ids }),
    }),
  });
}

function getUsage(server: Server): void {
  const bound = z.union([LocalDate, Instant]);
  const condition = z.string().max(512);
  server.query({
    method: 'GET',
    url: '/v1/metering/usage',
    scope: 'usage:read',
    summary: 'Usage by hour, local day or month, everything acknowledged included',
    tags,
    querystring: z.strictObject({
      org_id: Id.optional(),
      include_descendants: z.enum(['true', 'false']).optional().meta({ description: 'true: with every organization below' }),
      sku: z.string().min(1).max(128).optional(),
      project_id: Id.optional(),
      from: bound.meta({ description: 'a local date or an RFC 3339 time' }),
      to: bound.meta({ description: 'exclusive' }),
      window: z.enum(usageWindows).default('day'),
      group_by: z
        .string()
        .min(1)
        .max(512)
        .optional()
        .meta({ description: 'sku, org_id, project_id and, with sku, its dimensions; separated by commas' }),
      where: z
        .union([condition, z.array(condition).max(50)])
        .optional()
        .meta({ description: 'dimension=value; again for another dimension, or for another value that will do' }),
    }),
    response: { 200: UsageAnswer },
    handle: async (db, { query, principal }) => ({
      status: 200,
      body: await usageOf(db, {
        ...query,
        include_descendants: query.include_descendants === 'true',
        group_by: query.group_by?.split(',') ?? [],
        where: query.where === undefined ? [] : [query.where].flat(),
        org_ids: principal.org_ids,
      }),
    }),
  });
}

const EventBody = z.strictObject({
  request_id: z.string().meta({ description: 'identifies the event within the tenant, for ever' }),
  sku: z.string(),
  quantity: z
    .string()
    .optional()
    .meta({ description: 'decimal text, or a JSON number of at most 15 digits; 1 where the SKU counts' }),
  amount: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  org_id: Id,
  project_id: Id.optional(),
  time: z.string().meta({ format: 'date-time', description: 'the start of what was used, from 2000 to 24 hours from now' }),
  source: z.string().optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
});
const EventsBody = z.union([z.array(EventBody), z.strictObject({ events: z.array(EventBody) })]);

const CloudEvent = z.looseObject({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  source: z.string().min(1).meta({ description: 'with id, percent-encoded and joined by a slash, the request_id' }),
  type: z.string().meta({ description: 'the SKU' }),
  subject: z.string().meta({ description: 'org_id, or the slug of the organization' }),
  time: z.string().optional().meta({ format: 'date-time', description: 'the start of what was used, unless data has a time' }),
  datacontenttype: z.string().optional(),
  data: EventBody.omit({ request_id: true, sku: true, org_id: true }).partial().optional(),
});

/** Documents the forms of CloudEvents beside the body that is plain JSON. */
function withCloudEvents(document: Parameters<typeof jsonSchemaTransform>[0]): ReturnType<typeof jsonSchemaTransform> {
  const { schema, url } = jsonSchemaTransform(document);
  const form = (body: z.ZodType) => ({ schema: jsonSchemaTransform({ ...document, schema: { body } }).schema?.body });
  const content = {
    'application/json': { schema: schema?.body },
    [mediaTypes.single]: form(CloudEvent),
    [mediaTypes.batch]: form(z.array(CloudEvent)),
  };
  return { schema: { ...schema, body: { content } }, url };
}

/** What a request brings: usage events or CloudEvents, and where each stands in the body. */
interface Sent {
  events: readonly unknown[];
  are_cloudevents: boolean;
  pointerOf(index: number): string;
}

/** The content type decides; plain JSON with `ce-` headers is a CloudEvent in binary mode, and its body the data. */
function sentEvents(request: FastifyRequest): Sent {
  const media_type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (media_type === mediaTypes.batch) {
    if (!Array.isArray(request.body)) throw missingEvents('', 'The body of a batch is a list of CloudEvents.');
    return { events: request.body, are_cloudevents: true, pointerOf: (index) => `/${index}` };
  }
  const binary = media_type === mediaTypes.single ? undefined : structuredOf(request.headers, request.body);
  for (const [name, value] of Object.entries(binary ?? {})) {
    if (typeof value === 'string' && !value.isWellFormed())
      throw httpErrors.malformed_request({ detail: `The header ce-${name} is percent-encoded, but not as UTF-8.` });
  }
  // What an idempotency key stands for is the event, not the data alone.
  if (binary) request.body = binary;
  if (binary || media_type === mediaTypes.single) return { events: [request.body], are_cloudevents: true, pointerOf: () => '' };
  const prefix = Array.isArray(request.body) ? '' : '/events';
  return { events: eventsOfBody(request.body), are_cloudevents: false, pointerOf: (index) => `${prefix}/${index}` };
}

/** The events of a JSON body: a list, or an object with nothing but one. */
function eventsOfBody(body: unknown): readonly unknown[] {
  if (Array.isArray(body)) return body;
  const events = typeof body === 'object' && body !== null ? (body as { events?: unknown }).events : undefined;
  if (!Array.isArray(events)) throw missingEvents('/events', 'The body is a list of events, or {"events": […]}.');
  const unknown = Object.keys(body as object).find((name) => name !== 'events');
  if (unknown !== undefined) {
    const detail = 'is no field of this body';
    const pointer = `/${unknown.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    throw httpErrors.validation_failed({ detail: `${pointer}: ${detail}`, errors: [{ pointer, code: 'field_unknown', detail }] });
  }
  return events;
}

function missingEvents(pointer: string, detail: string) {
  return errors.events_missing({ detail, errors: [{ pointer, code: 'events_missing', detail: 'must be a list of events' }] });
}

function wantsLeaves(request: FastifyRequest): boolean {
  return (request.query as { leaves?: string }).leaves === 'true';
}
