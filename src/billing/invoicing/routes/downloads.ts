import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { sealCheckpoint } from '../../../foundation/receipts/service.ts';
import { CodedError } from '../../../kernel/errors.ts';
import { requireScope, type Server, scopeOf, toFastifyUrl } from '../../../platform/http.ts';
import type { Db, Postgres } from '../../../platform/postgres.ts';
import { Id } from '../../../platform/schemas.ts';
import type { Sight } from '../service/invoices.ts';

interface Download<Read> {
  /** An OpenAPI template over `{id}`. */
  url: string;
  summary: string;
  tags: string[];
  /** What is needed of the database; throws where the asker may not see it. */
  read: (db: Db, id: string, org_ids: Sight) => Promise<Read>;
}

/** A PDF to read, rendered after its transaction has ended. */
export function pdfDownload<Read extends { number: string }>(
  server: Server,
  deps: { postgres: Postgres },
  download: Download<Read> & { render: (read: Read) => Promise<Buffer> },
): void {
  route(server, download, async (request, id) => {
    const { org_ids } = request.principal!;
    const read = await deps.postgres.read(scopeOf(request), (db) => download.read(db, id, org_ids));
    return {
      type: 'application/pdf',
      disposition: `inline; filename="${read.number}.pdf"`,
      content: await download.render(read),
    };
  });
}

/** A bundle to verify. A run that is under way has issued documents that its checkpoint does not cover yet: then one is sealed now. */
export function bundleDownload<Bundle extends object>(
  server: Server,
  deps: { postgres: Postgres },
  download: Download<Bundle> & { numberOf: (bundle: Bundle) => string },
): void {
  route(server, download, async (request, id) => {
    const { org_ids } = request.principal!;
    const read = () => deps.postgres.read(scopeOf(request), (db) => download.read(db, id, org_ids));
    const bundle = await read().catch(async (error: unknown) => {
      if (!(error instanceof CodedError) || error.code !== 'receipt_not_sealed') throw error;
      await deps.postgres.transact(scopeOf(request), sealCheckpoint);
      return read();
    });
    const disposition = `attachment; filename="${download.numberOf(bundle)}.bundle.json"`;
    return { type: 'application/json; charset=utf-8', disposition, content: JSON.stringify(bundle) };
  });
}

function route(
  server: Server,
  { url, summary, tags }: Omit<Download<never>, 'read'>,
  make: (request: FastifyRequest, id: string) => Promise<{ type: string; disposition: string; content: Buffer | string }>,
): void {
  server.raw.route<{ Params: { id: string } }>({
    method: 'GET',
    url: toFastifyUrl(url),
    schema: { summary, tags, params: z.object({ id: Id }), querystring: z.strictObject({}), security: [{ bearer: [] }] },
    config: { scope: 'invoices:read' },
    onRequest: server.authorize('invoices:read'),
    handler: async (request, reply) => {
      requireScope(request.principal!, 'invoices:read');
      const { type, disposition, content } = await make(request, request.params.id);
      return reply.header('content-disposition', disposition).type(type).send(content);
    },
  });
}
