import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { type DescService, type Message, toJson } from '@bufbuild/protobuf';
import {
  Code,
  ConnectError,
  createConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
  type Interceptor,
  type ServiceImpl,
} from '@connectrpc/connect';
import { compressionGzip, universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node';
import type { FastifyInstance } from 'fastify';
import { speakHttp2Too } from './h2c.ts';
import { type Asked, type Authenticate, type Principal, requestIdOf, requireScope } from './http.ts';
import { type ConstraintErrors, httpErrors } from './problem.ts';
import type { RateLimiter } from './rate-limit.ts';
import { refuseUnknownFields, strictJsonBody, toConnectError } from './rpc-errors.ts';
import { createRpcMetrics } from './rpc-metrics.ts';
import type { Logger, Metrics } from './telemetry.ts';

/** A call, in the form that everything below routes knows a request by. */
export interface Call extends Asked {
  principal: Principal;
  /** Aborted when the call is to end: the caller left, its time is up, its key was revoked, the server drains. */
  signal: AbortSignal;
  /** Since `principal.now`. */
  elapsed_ms(): number;
  /** Who asks at this moment: for streams, whose principal grows old. Throws where the key no longer holds. */
  again(): Promise<Pick<Call, 'principal' | 'elapsed_ms'>>;
}

/** Where rooms register services, as they do routes. */
export interface Rpc {
  /** `scopes` names what each method demands of the principal. Implementations get the call by `callOf`. */
  serve<S extends DescService>(service: S, scopes: Record<keyof S['method'], string>, implementation: ServiceImpl<S>): void;
}

/** The call within an implementation. */
export function callOf(context: HandlerContext): Call {
  const call = context.values.get(callKey);
  if (call === null) throw new ConnectError('The call was not let in.', Code.Internal);
  return call;
}

export interface RpcOptions {
  authenticate: Authenticate;
  /** Calls `listener` whenever any key was revoked, so that streams ask again. Answers how to stop listening. */
  onRevocation(listener: () => void): () => void;
  limiter: RateLimiter;
  constraints: ConstraintErrors;
  log: Logger;
  metrics: Metrics;
  drain_ms?: number;
}

/** As large as the largest body of `POST /v1/metering/events`. */
const most_message_bytes = 16 * 1024 * 1024;
/** How often a stream asks whether its key still holds, should nobody have told it. */
const recheck_ms = 5000;

const callKey = createContextKey<Call | null>(null);
const arrivalKey = createContextKey<Arrival | null>(null);

interface Arrival {
  id: string;
  address: string;
  began_ms: number;
}

/**
 * Services over gRPC, gRPC-Web and Connect, with what holds for routes too: the same keys, scopes, limits, errors and ids. gRPC comes over
 * HTTP/2 on the port of `web`, the two others over HTTP/1 as well.
 */
export function createRpc(options: RpcOptions): Rpc & { mount(web: FastifyInstance): void } {
  const { log } = options;
  const metrics = createRpcMetrics(options.metrics.registry);
  const draining = new AbortController();
  const scopes = new Map<string, string>();
  const failureOf = (error: unknown, id: string) => {
    const { failure, coded } = toConnectError(error, id, options.constraints);
    if (coded && coded.status >= 500)
      log.error({ err: coded.details.internal ?? error, http_request_id: id, code: coded.code }, coded.title);
    return failure;
  };

  /** Before any message is read: who asks, how often, and may they? */
  const letIn = async (context: HandlerContext) => {
    const { id, address, began_ms } = context.values.get(arrivalKey)!;
    const headers = Object.fromEntries(context.requestHeader);
    context.responseHeader.set('x-request-id', id);
    if (headers.traceparent !== undefined) context.responseHeader.set('traceparent', headers.traceparent);
    const { pathname } = new URL(context.url);
    const asked: Asked = { id, method: 'POST', url: pathname, headers, body: undefined, principal: null };
    try {
      const standing = await options.limiter.take({ authorization: headers.authorization, address });
      for (const [name, value] of Object.entries(standing)) context.responseHeader.set(name, value);
      const scope = scopes.get(pathname)!;
      const authenticate = async () => {
        const principal = await options.authenticate({ ...asked, cookies: {} });
        requireScope(principal, scope);
        return principal;
      };
      const again = async () => {
        const asked_ms = performance.now();
        return { principal: await authenticate(), elapsed_ms: () => performance.now() - asked_ms };
      };
      const principal = await authenticate();
      const elapsed_ms = () => performance.now() - began_ms;
      const is_stream = context.method.methodKind !== 'unary';
      const signal = is_stream ? endOfStream(context.signal, principal, authenticate) : context.signal;
      context.values.set(callKey, Object.assign(asked, { principal, signal, elapsed_ms, again }));
    } catch (error) {
      const failure = failureOf(error, id);
      metrics.seconds.observe({ method: pathname, code: Code[failure.code] }, 0);
      throw failure;
    }
  };

  /** A stream ends when its caller leaves, when its key no longer holds or shows other things, and when the server drains. */
  const endOfStream = (gone: AbortSignal, principal: Principal, authenticate: () => Promise<Principal>): AbortSignal => {
    const revoked = new AbortController();
    const stillSees = ({ org_ids }: Principal) => {
      if (JSON.stringify(org_ids) !== JSON.stringify(principal.org_ids))
        revoked.abort(new ConnectError('The organizations that the key may see have changed; ask again.', Code.Aborted));
    };
    const recheck = () => {
      authenticate().then(stillSees, (error: unknown) => {
        const refusal = toConnectError(error, '', options.constraints).failure;
        // A database that is away for a moment takes nobody's rights.
        if (refusal.code === Code.Unauthenticated || refusal.code === Code.PermissionDenied) revoked.abort(refusal);
      });
    };
    const timer = setInterval(recheck, recheck_ms).unref();
    const forget = options.onRevocation(recheck);
    gone.addEventListener('abort', () => {
      clearInterval(timer);
      forget();
    });
    return AbortSignal.any([gone, revoked.signal, draining.signal]);
  };

  const around: Interceptor = (next) => async (request) => {
    const call = request.contextValues.get(callKey)!;
    const ended = (failure: ConnectError | null) => {
      const code = failure === null ? 'OK' : Code[failure.code];
      metrics.seconds.observe({ method: call.url, code }, call.elapsed_ms() / 1000);
    };
    try {
      if (!request.stream) {
        refuseUnknownFields(request.message as Message);
        Object.defineProperty(call, 'body', { get: () => toJson(request.method.input, request.message) });
        const answer = await orDeadline(request.signal, next(request));
        ended(null);
        return answer;
      }
      metrics.streams.inc();
      request.signal.addEventListener('abort', () => metrics.streams.dec(), { once: true });
      const answer = await next({ ...request, message: sentUntil(call.signal, request.message as AsyncIterable<Message>) });
      if (!answer.stream) return answer;
      return { ...answer, message: answered(answer.message as AsyncIterable<Message>, call, failureOf, ended) };
    } catch (error) {
      const failure = failureOf(error, call.id);
      ended(failure);
      throw failure;
    }
  };

  const router = createConnectRouter({
    requestGate: letIn,
    interceptors: [around],
    acceptCompression: [compressionGzip],
    readMaxBytes: most_message_bytes,
    // What a caller meant to say and this program does not know must not be passed over.
    jsonOptions: { ignoreUnknownFields: false },
  });

  const serveCall = (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
    id: string,
  ) => {
    const path = (request.url ?? '').split('?', 1)[0]!;
    const handler = router.handlers.find(({ requestPath }) => requestPath === path)!;
    const arrival = { id, address: request.socket?.remoteAddress ?? '', began_ms: performance.now() };
    const values = createContextValues().set(arrivalKey, arrival);
    Promise.try(async () => {
      const asked = universalRequestFromNodeRequest(request, response, undefined, values);
      dropEndlessDeadline(asked.header);
      // A call that is refused in the middle of its message is still answered: to leave off reading must not cut the connection.
      const sent = request.iterator({ destroyOnReturn: false });
      const body = strictJsonBody({ header: asked.header, body: sent }, most_message_bytes, id);
      await universalResponseToNodeResponse(await handler({ ...asked, body }), response);
    }).catch((error: unknown) => {
      // Who went away in the middle is nobody's failure; the rest is worth a line.
      if (ConnectError.from(error).code !== Code.Aborted) log.debug({ err: error, http_request_id: id }, 'a call broke off');
      if (!response.headersSent) response.statusCode = 400;
      response.end();
    });
  };

  return {
    serve(service, needed, implementation) {
      for (const method of service.methods) scopes.set(`/${service.typeName}/${method.name}`, needed[method.localName]!);
      router.service(service, implementation);
    },
    mount(web) {
      const paths = new Set(router.handlers.map(({ requestPath }) => requestPath));
      void web.register(async (raw) => {
        raw.removeAllContentTypeParsers();
        raw.addContentTypeParser('*', (_request, _payload, done) => done(null));
        for (const url of paths) {
          const config = { limited: false, compress: false, decompress: false } as const;
          raw.route({
            method: 'POST',
            url,
            schema: { hide: true },
            config,
            compress: false,
            decompress: false,
            handler: (request, reply) => {
              reply.hijack();
              serveCall(request.raw, reply.raw, request.id);
            },
          } as Parameters<typeof raw.route>[0]);
        }
      });
      const h2c = speakHttp2Too(web.server as Parameters<typeof speakHttp2Too>[0], {
        onRequest: (request, response) => {
          const id = requestIdOf(request.headers['x-request-id']);
          if (paths.has(request.url.split('?', 1)[0]!)) serveCall(request, response, id);
          else refuseOther(request, response, id);
        },
        ...(options.drain_ms === undefined ? {} : { drain_ms: options.drain_ms }),
      });
      web.addHook('preClose', async () => {
        draining.abort(toConnectError(httpErrors.shutting_down(), '', {}).failure);
        h2c.close();
      });
    },
  };
}

/** What is not a call: an unknown method for a gRPC client, a problem for any other. */
function refuseOther(request: Http2ServerRequest, response: Http2ServerResponse, id: string): void {
  request.resume();
  if ((request.headers['content-type'] ?? '').startsWith('application/grpc')) {
    response.writeHead(200, { 'content-type': 'application/grpc', 'x-request-id': id });
    response.addTrailers({ 'grpc-status': '12', 'grpc-message': 'There is no such method.' });
    response.end();
    return;
  }
  const { code, title, status } = httpErrors.not_found();
  const detail = 'Over HTTP/2 this port speaks gRPC; the rest of the API is there over HTTP/1.1.';
  const instance = request.url.split('?', 1)[0];
  response.writeHead(status, { 'content-type': 'application/problem+json; charset=utf-8', 'x-request-id': id });
  response.end(
    JSON.stringify({
      type: `https://tallystick.dev/problems/${code}`,
      title,
      status,
      detail,
      instance,
      code,
      http_request_id: id,
    }),
  );
}

const ms_of: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 };
const longest_timer_ms = 2 ** 31 - 1;

/** A deadline beyond what a timer holds (24.8 days) would be over at once; whoever allows as much has none in mind. */
function dropEndlessDeadline(header: Headers): void {
  const [, digits = '', unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(header.get('grpc-timeout') ?? '') ?? [];
  if (Number.parseInt(digits, 10) * ms_of[unit]! > longest_timer_ms) header.delete('grpc-timeout');
  const connect_ms = header.get('connect-timeout-ms') ?? '';
  if (/^\d{1,10}$/.test(connect_ms) && Number.parseInt(connect_ms, 10) > longest_timer_ms) header.delete('connect-timeout-ms');
}

/** What the work answers, unless its time is up before. What it does then still comes to its end. */
async function orDeadline<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => {
    if (ConnectError.from(signal.reason).code === Code.DeadlineExceeded) reject(signal.reason);
  };
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The messages of a caller, up to the end of the call: whoever waits for the next is told why there is none. */
async function* sentUntil<M extends Message>(signal: AbortSignal, messages: AsyncIterable<M>): AsyncGenerator<M> {
  const { promise, reject } = Promise.withResolvers<never>();
  // Nobody may be waiting when it ends.
  promise.catch(() => undefined);
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop);
  const sent = messages[Symbol.asyncIterator]();
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await Promise.race([sent.next(), promise]);
      if (done) return;
      refuseUnknownFields(value);
      yield value;
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The messages of an implementation. One that stops because the call is to end has not said why: the signal does. */
async function* answered<M extends Message>(
  messages: AsyncIterable<M>,
  call: Call,
  failureOf: (error: unknown, id: string) => ConnectError,
  ended: (failure: ConnectError | null) => void,
): AsyncGenerator<M> {
  let failure: ConnectError | null = null;
  try {
    for await (const message of messages) yield message;
    call.signal.throwIfAborted();
  } catch (error) {
    failure = failureOf(error, call.id);
    throw failure;
  } finally {
    ended(failure);
  }
}
