import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import compress from '@fastify/compress';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import multipart from '@fastify/multipart';
import fastifyStatic from '@fastify/static';
import swagger from '@fastify/swagger';
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { AssertionError } from '../kernel/assert.ts';
import { JsonFault, parseJson } from '../kernel/json.ts';
import type { Config } from './config.ts';
import { textFaults } from './faults.ts';
import { createHealth, type Readiness } from './health.ts';
import { requestIdOf } from './http.ts';
import { rememberMethods } from './methods.ts';
import { type ConstraintErrors, httpErrors, sendProblem, toCodedError } from './problem.ts';
import type { RateLimiter } from './rate-limit.ts';
import { serveReference } from './reference.ts';
import type { Logger, Metrics } from './telemetry.ts';

export interface WebOptions {
  config: Pick<Config, 'metrics_token' | 'secure_cookies'>;
  limiter: RateLimiter;
  log: Logger;
  metrics: Metrics;
  version: string;
  constraints: ConstraintErrors;
  ready: () => Promise<Readiness>;
}

const max_body = 1024 * 1024;
export const max_upload = 512 * 1024 * 1024;

/** Fastify with all that holds for every route: parsing, limits, headers, problems, health, metrics, OpenAPI. */
export async function createWeb(options: WebOptions): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: options.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: max_body,
    trustProxy: false,
    genReqId: (request) => requestIdOf(request.headers['x-request-id']),
    // A name of 255 characters, each of four bytes that are percent-encoded.
    routerOptions: { maxParamLength: 255 * 12 },
    frameworkErrors: (error, request, reply) => {
      sendProblem(request as FastifyRequest, reply as unknown as FastifyReply, toCodedError(error, options.constraints));
    },
    clientErrorHandler: refuseConnection,
    requestTimeout: 120_000,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest('principal', null);
  strictJson(app);
  rememberMethods(app);
  app.setErrorHandler((error, request, reply) => {
    const coded = toCodedError(error, options.constraints);
    if (error instanceof AssertionError) options.metrics.assertions.inc();
    if (coded.status >= 500)
      request.log.error({ err: coded.details.internal ?? error, http_request_id: request.id, code: coded.code }, coded.title);
    else if (coded.details.internal) request.log.info({ internal: coded.details.internal, code: coded.code }, coded.title);
    return sendProblem(request, reply, coded);
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    if (request.headers.traceparent !== undefined) reply.header('traceparent', request.headers.traceparent);
  });
  // The multipart plugin takes forms everywhere; a route that wants one says so.
  app.addHook('preParsing', async (request) => {
    const { consumes } = (request.routeOptions.schema ?? {}) as { consumes?: readonly string[] };
    const is_form = /^\s*multipart\//i.test(request.headers['content-type'] ?? '');
    if (is_form && !request.is404 && !consumes?.includes('multipart/form-data'))
      throw httpErrors.unsupported_media_type({ detail: 'This route takes no form.' });
  });
  app.addHook('preValidation', async (request) => {
    const errors = textFaults(request);
    if (errors.length > 0) throw httpErrors.validation_failed({ detail: `${errors[0]!.pointer}: ${errors[0]!.detail}`, errors });
  });
  app.addHook('onResponse', async (request, reply) => {
    const labels = { method: request.method, route: request.routeOptions.url ?? 'none', status: String(reply.statusCode) };
    options.metrics.http_seconds.observe(labels, reply.elapsedTime / 1000);
    request.log.debug({ ...labels, ms: Math.round(reply.elapsedTime), http_request_id: request.id }, 'answered');
  });
  await security(app, options);
  await app.register(compress, { global: true, threshold: 2048, encodings: ['gzip'] });
  await app.register(cookie);
  await app.register(multipart, { limits: { fileSize: max_upload, files: 1, fields: 16, fieldSize: 4096, parts: 20 } });
  await openapi(app, options.version);
  health(app, options);
  return app;
}

/** The console's files, and its page for every path that is not an API's. Called after all routes. */
export async function serveConsole(app: FastifyInstance, console_dir: string): Promise<void> {
  const index = join(console_dir, 'index.html');
  const page = existsSync(index) ? readFileSync(index, 'utf8') : null;
  if (page) {
    // Names under assets/ carry a hash of their content; the few others are asked for again each time.
    await app.register(fastifyStatic, {
      root: console_dir,
      wildcard: false,
      index: false,
      schemaHide: true,
      setHeaders: (reply, path) => {
        reply.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  }
  app.setNotFoundHandler((request, reply) => {
    const wants_page =
      request.method === 'GET' && !request.url.startsWith('/v1/') && (request.headers.accept ?? '').includes('text/html');
    if (page && wants_page) return reply.header('cache-control', 'no-cache').type('text/html; charset=utf-8').send(page);
    const path = request.url.split('?')[0]!;
    const detail = `There is no ${request.method} ${path}.`;
    const allow = app.methodsAt(path).join(', ');
    const error = allow === '' ? httpErrors.not_found({ detail }) : httpErrors.method_not_allowed({ detail, headers: { allow } });
    return sendProblem(request, reply, error);
  });
}

/** What cannot be read as HTTP has no request to answer through: the problem goes out by hand, and the connection ends. */
function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code !== 'ECONNRESET' && socket.writable) {
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
    const { code, title } = httpErrors.malformed_request();
    const type = `https://tallystick.dev/problems/${code}`;
    const problem = JSON.stringify({
      type,
      title,
      status,
      detail: STATUS_CODES[status],
      instance: '/',
      code,
      http_request_id: randomUUID(),
    });
    const headers = [
      `content-type: application/problem+json; charset=utf-8`,
      `content-length: ${Buffer.byteLength(problem)}`,
      'connection: close',
    ];
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers.join('\r\n')}\r\n\r\n${problem}`);
  }
  socket.destroy(error);
}

/** JSON as promises.md wants it read: no duplicate members, no `__proto__`, bounded depth, well-formed text, exact numbers. */
function strictJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, readJson);
}

/** Parses a body that is JSON by another name, for a route that says it takes one. */
export function readJson(request: FastifyRequest, body: Buffer, done: (error: Error | null, value?: unknown) => void): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(request.headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !/^(utf-8|utf8|us-ascii)$/i.test(charset)) {
    done(httpErrors.unsupported_media_type({ detail: 'JSON is sent as UTF-8.' }));
    return;
  }
  if (body.length === 0 && (request.method === 'DELETE' || request.routeOptions.schema?.body === undefined)) {
    done(null, undefined);
    return;
  }
  try {
    done(null, parseJson(body));
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    done(
      httpErrors.malformed_request({
        detail: error.detail,
        errors: [{ pointer: error.pointer, code: error.code, detail: error.detail }],
      }),
    );
  }
}

async function security(app: FastifyInstance, options: WebOptions): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        frameSrc: ["'self'", 'blob:'],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    strictTransportSecurity: options.config.secure_cookies,
    crossOriginEmbedderPolicy: false,
  });
  app.addHook('onRequest', async (request, reply) => {
    const limited = request.routeOptions.config?.limited;
    if (limited === false) return;
    const authorization = limited === 'by address' ? undefined : request.headers.authorization;
    reply.headers(await options.limiter.take({ authorization, address: request.ip }));
  });
}

async function openapi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tallystick',
        version,
        description: 'Meters, prices, bills, settles and proves every cent.',
        license: { name: 'Apache-2.0' },
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      servers: [{ url: '/' }],
    },
    transform: jsonSchemaTransform,
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  serveReference(app);
}

function health(app: FastifyInstance, options: WebOptions): void {
  for (const [path, answer] of Object.entries(createHealth(options))) {
    app.get(path, { schema: { hide: true }, config: { limited: false } }, async (request, reply) => {
      const found = await answer({ address: request.ip, authorization: request.headers.authorization });
      if (found === null) throw httpErrors.forbidden();
      return reply.status(found.status).type(found.type).send(found.body);
    });
  }
}
