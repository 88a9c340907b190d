import { z } from 'zod';
import type { Server } from '../../platform/http.ts';
import { PageQuery } from '../../platform/schemas.ts';
import { EventPage } from './model.ts';
import { listEvents } from './service.ts';

export function routes(server: Server): void {
  server.query({
    method: 'GET',
    url: '/v1/events',
    scope: 'events:read',
    summary: 'What happened, newest first, with the state of its delivery',
    tags: ['Events'],
    querystring: z.strictObject({
      type: z.string().max(200).optional(),
      aggregate_id: z.string().max(500).optional(),
      correlation_id: z.string().max(200).optional(),
      ...PageQuery,
    }),
    response: { 200: EventPage },
    handle: async (db, { query, principal }) => ({
      status: 200,
      body: await listEvents(db, { ...query, org_ids: principal.org_ids }),
    }),
  });
}
