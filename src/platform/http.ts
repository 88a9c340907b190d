import { hash, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { sql } from 'kysely';
import { z } from 'zod';
import { canonicalJson, type JsonValue } from '../kernel/canonical-json.ts';
import { seal, unseal } from './keys.ts';
import type { Actor, Db, Postgres, Scope, Tx } from './postgres.ts';
import { httpErrors } from './problem.ts';
import { Problem } from './schemas.ts';

/** Who asks, resolved once a request. */
export interface Principal {
  tenant_id: string;
  tenant_name: string;
  mode: 'live' | 'test';
  /** The tenant's time: its test clock, or the wall clock at the request's start. */
  now: Temporal.Instant;
  actor: Actor;
  scopes: ReadonlySet<string>;
  /** Null for the tenant's own staff; else the organizations that this user may see. */
  org_ids: readonly string[] | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | null;
  }
  interface FastifyContextConfig {
    scope?: string;
    /** False where a caller's requests are not counted, `by address` where credentials that come along say nothing of the caller. */
    limited?: false | 'by address';
  }
}

/** What a request has, however it came. A FastifyRequest is one; a call over gRPC becomes one. */
export interface Asked {
  id: string;
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: unknown;
  principal: Principal | null;
}

type Shape = z.ZodType;
type Answers = Record<number, Shape>;
/** `S` is a parameter of its own so that `status: 201` in a handler stays 201 and does not widen to number. */
interface Answer<A extends Answers, S extends keyof A & number> {
  status: S;
  body: NoInfer<z.input<A[S]>>;
  headers?: Record<string, string>;
}

interface Input<P extends Shape, Q extends Shape, B extends Shape> {
  params: z.output<P>;
  query: z.output<Q>;
  body: z.output<B>;
  principal: Principal;
  request: FastifyRequest;
}

interface Spec<P extends Shape, Q extends Shape, A extends Answers> {
  /** An OpenAPI template: `/v1/invoices/{id}:void`. */
  url: string;
  /** What the principal must hold, such as `invoices:write`. */
  scope: string;
  summary: string;
  tags: string[];
  params?: P;
  querystring?: Q;
  response: A;
}

export interface QuerySpec<P extends Shape, Q extends Shape, A extends Answers, S extends keyof A & number>
  extends Spec<P, Q, A> {
  method: 'GET';
  handle(db: Db, input: Input<P, Q, z.ZodUndefined>): Promise<Answer<A, S>>;
}

export interface CommandSpec<P extends Shape, Q extends Shape, B extends Shape, A extends Answers, S extends keyof A & number>
  extends Spec<P, Q, A> {
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body?: B;
  body_limit?: number;
  /** True where the answer holds a secret told once: it is then stored for its idempotency key only sealed. */
  secret_answer?: boolean;
  handle(tx: Tx, input: Input<P, Q, B> & { elapsed_ms(): number }): Promise<Answer<A, S>>;
}

export interface Server {
  /** A read: one read-only transaction of the principal's tenant. */
  query<
    P extends Shape = z.ZodObject,
    Q extends Shape = z.ZodObject,
    A extends Answers = Answers,
    S extends keyof A & number = keyof A & number,
  >(spec: QuerySpec<P, Q, A, S>): void;
  /** A write: one transaction of the principal's tenant, with the idempotency key stored in it. */
  command<
    P extends Shape = z.ZodObject,
    Q extends Shape = z.ZodObject,
    B extends Shape = z.ZodUndefined,
    A extends Answers = Answers,
    S extends keyof A & number = keyof A & number,
  >(spec: CommandSpec<P, Q, B, A, S>): void;
  /** For streams, multipart, PDF and sign-in. */
  raw: FastifyInstance;
  /** The `onRequest` hook of a raw route: who asks, and may they? */
  authorize(scope: string): (request: FastifyRequest) => Promise<void>;
}

export type Authenticate = (request: Asked & { cookies: Record<string, string | undefined> }) => Promise<Principal>;

/** The id that a caller gave a request, where it is usable, else a new one. */
export function requestIdOf(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[A-Za-z0-9._:/+=@-]{1,128}$/.test(given) ? given : randomUUID();
}

/** Binds routes to Fastify: schema, scope, transaction, idempotency. Rooms see this and no more of the server than they need. */
export function bindRoutes(raw: FastifyInstance, deps: { postgres: Postgres; authenticate: Authenticate }): Server {
  const guard = (scope: string) => async (request: FastifyRequest) => {
    request.principal ??= await deps.authenticate(request);
    requireScope(request.principal, scope);
  };
  const schemaOf = (spec: Spec<Shape, Shape, Answers>, body?: Shape) => ({
    summary: spec.summary,
    tags: spec.tags,
    security: [{ bearer: [] }],
    ...(spec.params ? { params: spec.params } : {}),
    querystring: spec.querystring ?? z.strictObject({}),
    ...(body ? { body } : {}),
    response: { ...spec.response, '4xx': Problem, '5xx': Problem },
  });
  return {
    raw,
    authorize: guard,
    query(spec) {
      raw.route({
        method: 'GET',
        url: toFastifyUrl(spec.url),
        schema: schemaOf(spec),
        config: { scope: spec.scope },
        onRequest: guard(spec.scope),
        handler: async (request, reply) => {
          const principal = request.principal!;
          const input = { params: request.params, query: request.query, body: undefined, principal, request };
          const answer = await deps.postgres.read(scopeOf(request), (db) => spec.handle(db, input as never));
          return reply
            .status(answer.status)
            .headers(answer.headers ?? {})
            .send(answer.body);
        },
      });
    },
    command(spec) {
      raw.route({
        method: spec.method,
        url: toFastifyUrl(spec.url),
        schema: schemaOf(spec, spec.body),
        config: { scope: spec.scope },
        ...(spec.body_limit ? { bodyLimit: spec.body_limit } : {}),
        onRequest: guard(spec.scope),
        handler: async (request, reply) => {
          const principal = request.principal!;
          const elapsed_ms = () => reply.elapsedTime;
          const input = { params: request.params, query: request.query, body: request.body, principal, request, elapsed_ms };
          const answer = await deps.postgres.transact(scopeOf(request), (tx) =>
            once(
              tx,
              request,
              () =>
                spec.handle(tx, input as never) as Promise<{ status: number; body: unknown; headers?: Record<string, string> }>,
              spec.secret_answer,
            ),
          );
          return reply
            .status(answer.status as 200)
            .headers(answer.headers ?? {})
            .send(answer.body as never);
        },
      });
    },
  };
}

/** What a transaction is told about the request. */
export function scopeOf(request: Asked): Scope {
  const principal = request.principal!;
  const { tenant_id, now, actor } = principal;
  return { tenant_id, now, actor, request_id: request.id, ...correlationOf(request) };
}

/** A caller's trace (W3C traceparent) is the correlation of everything that its request sets off. */
function correlationOf(request: Asked): { correlation_id?: string } {
  const [, trace] = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(String(request.headers.traceparent ?? '')) ?? [];
  if (trace === undefined || /^0+$/.test(trace)) return {};
  return { correlation_id: trace.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') };
}

/** Refuses a principal that lacks `scope` with 403; `*` holds them all. */
export function requireScope(principal: Principal, scope: string): void {
  if (principal.scopes.has(scope) || principal.scopes.has('*')) return;
  throw httpErrors.forbidden({ detail: `The scope ${scope} is needed.` });
}

/** `/v1/invoices/{id}:void` → `/v1/invoices/:id(.+)::void`. The parameter is matched within one segment of the path, decoded. */
export function toFastifyUrl(url: string): string {
  return url
    .replace(/(\/):(\w+)/g, '$1{$2}')
    .replaceAll(':', '::')
    .replace(/\{(\w+)\}(?=[:.])/g, ':$1(.+)')
    .replace(/\{(\w+)\}/g, ':$1');
}

interface Stored {
  method: string;
  path: string;
  body_hash: Buffer;
  status: number;
  body: unknown;
}

/**
 * Runs `effect` once for an `Idempotency-Key`: the same key and request get the first answer, another request is refused, and
 * while the first still runs a copy is told to wait. The key is a row of the effect's own transaction.
 */
export async function once<T extends { status: number; body: unknown }>(
  tx: Tx,
  request: Asked,
  effect: () => Promise<T>,
  secret_answer = false,
): Promise<T> {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return effect();
  if (typeof key !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw httpErrors.idempotency_key_invalid({ detail: 'An idempotency key has 1 to 255 printable ASCII characters.' });
  }
  const path = request.url;
  const place = `idempotency_key ${tx.tenant_id} ${key}`;
  const body_hash = hash('sha256', canonicalJson((request.body ?? null) as JsonValue), 'buffer');
  const lock = hash('sha256', `${tx.tenant_id} ${key}`, 'buffer').readBigInt64BE().toString();
  const { mine } = await tx.one(sql<{ mine: boolean }>`SELECT pg_try_advisory_xact_lock(${lock}::bigint) AS mine`);
  if (!mine) throw httpErrors.idempotency_key_in_use({ headers: { 'retry-after': '1' } });
  const stored = await tx.maybe(
    sql<Stored>`SELECT method, path, body_hash, status, body FROM idempotency_key WHERE key = ${key}`,
  );
  if (stored) {
    if (stored.method !== request.method || stored.path !== path || !stored.body_hash.equals(body_hash))
      throw httpErrors.idempotency_key_reused();
    const body = secret_answer ? JSON.parse(unseal(Buffer.from(stored.body as string, 'base64'), place).toString()) : stored.body;
    return { status: stored.status, body, headers: { 'idempotency-replayed': 'true' } } as unknown as T;
  }
  const answer = await effect();
  const text = JSON.stringify(answer.body ?? null);
  const kept = secret_answer ? JSON.stringify(seal(Buffer.from(text), place).toString('base64')) : text;
  await tx.write(sql`INSERT INTO idempotency_key (tenant_id, key, method, path, body_hash, status, body, created_at)
    VALUES (${tx.tenant_id}, ${key}, ${request.method}, ${path}, ${body_hash}, ${answer.status}, ${kept}::jsonb, now())`);
  return answer;
}
