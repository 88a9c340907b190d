import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Server } from '../../../platform/http.ts';
import type { Postgres, Scope } from '../../../platform/postgres.ts';
import { Problem, Text } from '../../../platform/schemas.ts';
import { errors } from '../errors.ts';
import type { EventEntry } from '../model.ts';
import { followEvents } from '../service/stream.ts';
import { eventsAfter, lastPosition, type PositionQuery } from '../service.ts';

export interface StreamDeps {
  postgres: Postgres;
  /** How often something is sent where nothing happens, and how often it is asked whether the caller still may. */
  heartbeat_ms?: number;
}

const most_streams = 256;
const most_of_tenant = 32;
const page = 100;

const Position = z.string().regex(/^\d{1,18}$/, 'must be a position');
const Query = z.strictObject({
  after: Position.optional().meta({
    description: 'send what was published after this position; without it, what comes from now on',
  }),
  type: Text(200).optional(),
  follow: z.enum(['true', 'false']).default('true').meta({ description: 'false: end when all that is there was sent' }),
});

/** `GET /v1/events/stream`: events as they are published, as server-sent events (WHATWG HTML §9.2) whose id is the position. */
export function streamRoutes(server: Server, { postgres, heartbeat_ms = 10_000 }: StreamDeps): void {
  const streams = new Set<{ tenant_id: string; end(): void }>();
  // Before the server waits for what is open: these would never end by themselves.
  server.raw.addHook('preClose', async () => {
    for (const stream of streams) stream.end();
  });
  server.raw.route({
    method: 'GET',
    url: '/v1/events/stream',
    schema: {
      summary: 'Events as they are published, in order of position, as server-sent events',
      tags: ['Events'],
      security: [{ bearer: [] }],
      querystring: Query,
      response: { 200: z.string().meta({ description: 'text/event-stream' }), '4xx': Problem, '5xx': Problem },
    },
    config: { scope: 'events:read' },
    onRequest: server.authorize('events:read'),
    handler: async (request, reply) => {
      const { tenant_id } = request.principal!;
      const of_tenant = [...streams].filter((stream) => stream.tenant_id === tenant_id).length;
      if (streams.size >= most_streams || of_tenant >= most_of_tenant)
        throw errors.too_many_streams({ headers: { 'retry-after': '30' } });
      const query = request.query as z.output<typeof Query>;
      const ending = new AbortController();
      const stream = { tenant_id, end: () => ending.abort() };
      streams.add(stream);
      try {
        const after_position = await startOf(postgres, request, query.after);
        begin(reply);
        reply.raw.on('close', stream.end);
        const sent = send({ postgres, request, reply, after_position, query, signal: ending.signal, end: stream.end });
        const beats = beat({ server, request, reply, heartbeat_ms, signal: ending.signal });
        await Promise.race([sent, beats]);
      } finally {
        ending.abort();
        streams.delete(stream);
        if (reply.sent) reply.raw.end();
      }
    },
  });
}

/** `Last-Event-ID`, which a browser sends when it connects again, goes before `after`. */
async function startOf(postgres: Postgres, request: FastifyRequest, after: string | undefined): Promise<string> {
  const last = request.headers['last-event-id'];
  const given = Position.safeParse(last === undefined || last === '' ? after : last);
  const { tenant_id, now } = request.principal!;
  // Asked in any case: while the database is away, the answer is that, and not a stream that ends.
  const newest = await postgres.read({ tenant_id, now }, lastPosition);
  return given.data ?? newest;
}

function begin(reply: FastifyReply): void {
  const headers = reply.getHeaders() as Record<string, string>;
  reply.hijack();
  reply.raw.writeHead(200, {
    ...headers,
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  reply.raw.write('retry: 3000\n\n');
}

interface Sending {
  postgres: Postgres;
  request: FastifyRequest;
  reply: FastifyReply;
  after_position: string;
  query: z.output<typeof Query>;
  signal: AbortSignal;
  end(): void;
}

async function send({ postgres, request, reply, after_position, query, signal, end }: Sending): Promise<void> {
  const { tenant_id, now, org_ids } = request.principal!;
  const types = query.type === undefined ? undefined : [query.type];
  const asked = { after_position, limit: page, types, org_ids };
  const scope = { tenant_id, now };
  const source = query.follow === 'true' ? followEvents(postgres, scope, asked, signal) : whatIsThere(postgres, scope, asked);
  for await (const events of source) {
    if (signal.aborted) return;
    // A reader that is slow is waited for, not stored for.
    if (!reply.raw.write(events.map(messageOf).join(''))) await drained(reply, signal);
  }
  end();
}

async function* whatIsThere(
  postgres: Postgres,
  scope: Pick<Scope, 'tenant_id' | 'now'>,
  asked: PositionQuery,
): AsyncGenerator<EventEntry[]> {
  let { after_position } = asked;
  for (;;) {
    const events = await postgres.read(scope, (db) => eventsAfter(db, { ...asked, after_position }));
    if (events.length > 0) yield events;
    if (events.length < asked.limit) return;
    after_position = events.at(-1)!.position!;
  }
}

function messageOf(event: EventEntry): string {
  return `id: ${event.position}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

async function drained(reply: FastifyReply, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  reply.raw.once('drain', end);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  await promise;
  reply.raw.off('drain', end);
  signal.removeEventListener('abort', end);
}

/** Shows that the connection lives, and ends it once the caller may no longer: a key revoked, a session over, a role taken. */
async function beat(options: {
  server: Server;
  request: FastifyRequest;
  reply: FastifyReply;
  heartbeat_ms: number;
  signal: AbortSignal;
}): Promise<void> {
  const { server, request, reply, heartbeat_ms, signal } = options;
  const may = server.authorize('events:read');
  while (!signal.aborted) {
    await sleep(heartbeat_ms, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const before = request.principal!;
    request.principal = null;
    const still = await may(request).then(
      () => JSON.stringify(request.principal!.org_ids) === JSON.stringify(before.org_ids),
      () => false,
    );
    request.principal ??= before;
    if (!still) return;
    reply.raw.write(': \n\n');
  }
}
