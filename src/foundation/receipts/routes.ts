import { z } from 'zod';
import type { Server } from '../../platform/http.ts';
import type { Postgres } from '../../platform/postgres.ts';
import { Id, PageQuery } from '../../platform/schemas.ts';
import { CheckpointPage, ConsistencyBody, JwksBody, ProvenReceipts, ReceiptPage } from './model.ts';
import { consistencyBetween, listCheckpoints, listReceipts, provenReceipts, publishedJwks } from './service.ts';

const Size = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const tags = ['Proof'];

export function routes(server: Server, deps: { postgres: Postgres }): void {
  server.raw.route({
    method: 'GET',
    url: '/.well-known/jwks.json',
    schema: {
      summary: 'The public keys that checkpoints and acknowledgements are signed with, retired ones included',
      tags,
      querystring: z.strictObject({ tenant: Id.optional() }),
      response: { 200: JwksBody },
    },
    handler: async (request, reply) => {
      const { tenant } = request.query as { tenant?: string };
      return reply.header('cache-control', 'public, max-age=60').send(await publishedJwks(deps.postgres, tenant ?? null));
    },
  });

  server.query({
    method: 'GET',
    url: '/v1/checkpoints',
    scope: 'invoices:read',
    summary: 'Signed checkpoints of the proof log, newest first',
    tags,
    querystring: z.strictObject(PageQuery),
    response: { 200: CheckpointPage },
    handle: async (db, { query }) => ({ status: 200, body: await listCheckpoints(db, query) }),
  });

  server.query({
    method: 'GET',
    url: '/v1/checkpoints/consistency',
    scope: 'invoices:read',
    summary: 'Two checkpoints by size, and the proof that the later log begins with the earlier',
    tags,
    querystring: z.strictObject({ from: Size, to: Size }),
    response: { 200: ConsistencyBody },
    handle: async (db, { query }) => ({ status: 200, body: await consistencyBetween(db, query.from, query.to) }),
  });

  server.query({
    method: 'GET',
    url: '/v1/receipts',
    scope: 'audit:read',
    summary: 'Receipts of the proof log, newest first',
    tags,
    querystring: z.strictObject({ kind: z.string().max(63).optional(), ...PageQuery }),
    response: { 200: ReceiptPage },
    handle: async (db, { query }) => ({ status: 200, body: await listReceipts(db, query) }),
  });

  server.query({
    method: 'GET',
    url: '/v1/receipts/{id}',
    scope: 'audit:read',
    summary: 'The receipts of one document, by the document’s id, each with its inclusion proof',
    tags,
    params: z.object({ id: Id }),
    response: { 200: ProvenReceipts },
    handle: async (db, { params }) => ({ status: 200, body: { data: await provenReceipts(db, params.id) } }),
  });
}
