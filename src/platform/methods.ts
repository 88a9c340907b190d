import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyInstance {
    /** The methods that some route takes at this path, in alphabetical order. */
    methodsAt(path: string): string[];
  }
}

/** Keeps in mind which methods the routes take, so that a wrong method is told from a wrong path. Called before any route. */
export function rememberMethods(app: FastifyInstance): void {
  const routes: { pattern: RegExp; methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    routes.push({ pattern: new RegExp(`^${patternOf(url)}$`), methods: [method].flat() });
  });
  app.decorate('methodsAt', (path) => {
    const matching = routes.filter(({ pattern }) => pattern.test(path));
    return [...new Set(matching.flatMap(({ methods }) => methods))].sort();
  });
}

/** `/v1/invoices/:id([^/:.]+)::void` → `/v1/invoices/([^/:.]+):void`. */
function patternOf(url: string): string {
  return url.replace(/::|:\w+(\([^)]*\))?|\*|[.+?^${}()|[\]\\]/g, (part, rule: string | undefined) => {
    if (part === '::') return ':';
    if (part === '*') return '.*';
    return part.startsWith(':') ? (rule ?? '[^/]+') : `\\${part}`;
  });
}
