import { z } from 'zod';
import type { Server } from '../../../platform/http.ts';
import { Id } from '../../../platform/schemas.ts';
import { Deprecation, DeprecationBody } from '../model/deprecations.ts';
import { deprecationById, startDeprecation } from '../service/deprecations.ts';

const tags = ['Usage'];

export function deprecationRoutes(server: Server): void {
  server.command({
    method: 'POST',
    url: '/v1/metering/deprecations',
    scope: 'usage:write',
    summary: 'Take back all usage of a range that was reported so far; the answer is a job',
    tags,
    body: DeprecationBody,
    response: { 202: Deprecation },
    handle: async (tx, { body, principal }) => {
      const started = await startDeprecation(tx, body, principal.org_ids);
      return { status: 202, body: started, headers: { location: `/v1/metering/deprecations/${started.deprecation_id}` } };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/metering/deprecations/{id}',
    scope: 'usage:read',
    summary: 'One deprecation and how far it has come',
    tags,
    params: z.object({ id: Id }),
    response: { 200: Deprecation },
    handle: async (db, { params: { id }, principal }) => ({
      status: 200,
      body: await deprecationById(db, id, principal.org_ids),
    }),
  });
}
