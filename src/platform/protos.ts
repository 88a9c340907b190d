import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';

/** Publishes the .proto files below `folder`, for whoever makes a client: each at `/proto/<its path>`, their names at `/proto`. */
export function serveProtos(app: FastifyInstance, folder: string): void {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.proto'))
    .sort();
  for (const name of names) {
    const text = readFileSync(join(folder, name), 'utf8');
    app.get(`/proto/${name}`, { schema: { hide: true } }, async (_request, reply) =>
      reply.type('text/plain; charset=utf-8').header('cache-control', 'no-cache').send(text),
    );
  }
  const list = names.map((name) => `/proto/${name}\n`).join('');
  app.get('/proto', { schema: { hide: true } }, async (_request, reply) => reply.type('text/plain; charset=utf-8').send(list));
}
