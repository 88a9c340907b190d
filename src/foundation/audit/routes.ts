import { z } from 'zod';
import type { Server } from '../../platform/http.ts';
import { Instant, PageQuery } from '../../platform/schemas.ts';
import { AuditPage } from './model.ts';
import { listAuditEntries } from './service.ts';

export function routes(server: Server): void {
  server.query({
    method: 'GET',
    url: '/v1/audit-entries',
    scope: 'audit:read',
    summary: 'Who did what, newest first',
    tags: ['Audit'],
    querystring: z.strictObject({
      target_type: z.string().max(100).optional(),
      target_id: z.string().max(500).optional(),
      action: z.string().max(200).optional(),
      from: Instant.optional(),
      to: Instant.optional(),
      ...PageQuery,
    }),
    response: { 200: AuditPage },
    handle: async (db, { query, principal }) => ({
      status: 200,
      body: await listAuditEntries(db, { ...query, org_ids: principal.org_ids }),
    }),
  });
}
