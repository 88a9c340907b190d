import { hash } from 'node:crypto';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { httpErrors } from './problem.ts';

/** The API reference under /docs. Its megabytes are loaded when somebody first opens it: at rest nobody does. */
export function serveReference(app: FastifyInstance): void {
  let loading: Promise<FastifyInstance> | null = null;
  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    loading ??= load();
    const reference = await loading;
    const { statusCode, headers, rawPayload } = await reference.inject({ method: 'GET', url: request.url });
    if (statusCode === 404) throw httpErrors.not_found({ detail: `There is no GET ${request.url.split('?')[0]}.` });
    const type = headers['content-type'];
    if (type?.startsWith('text/html')) reply.header('content-security-policy', policy(rawPayload.toString()));
    if (headers.location !== undefined) reply.header('location', headers.location);
    return reply
      .status(statusCode)
      .type(type ?? 'text/plain')
      .send(rawPayload);
  };
  app.get('/docs', { schema: { hide: true } }, answer);
  app.get('/docs/*', { schema: { hide: true } }, answer);
}

async function load(): Promise<FastifyInstance> {
  const docs = fastify();
  const { default: reference } = await import('@scalar/fastify-api-reference');
  await docs.register(reference, { routePrefix: '/docs', configuration });
  return docs;
}

/** The reference as it is served: nothing in it asks another machine. */
const configuration = {
  url: '/openapi.json',
  withDefaultFonts: false,
  hideClientButton: true,
  showDeveloperTools: 'never' as const,
  agent: { disabled: true },
  mcp: { disabled: true },
  telemetry: false,
};

/** The reference's page starts by a script of its own in the page: that script, by its hash, and no other. */
function policy(page: string): string {
  const inline = [...page.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/script>/g)];
  const hashes = inline.map(([, script = '']) => `'sha256-${hash('sha256', script, 'base64')}'`);
  return `default-src 'none'; script-src 'self' ${hashes.join(' ')}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'`;
}
