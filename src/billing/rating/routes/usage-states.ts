import { z } from 'zod';
import type { Server } from '../../../platform/http.ts';
import { Id, PageQuery, Text } from '../../../platform/schemas.ts';
import { USAGE_STATES, UsageStatePage } from '../model/lifecycle.ts';
import { listUsageStates } from '../service/lifecycle.ts';

export function usageStateRoutes(server: Server): void {
  server.query({
    method: 'GET',
    url: '/v1/metering/usage-states',
    scope: 'usage:read',
    summary: 'How far the usage of each organization, SKU and period has come, newest first',
    tags: ['Usage'],
    querystring: z.strictObject({
      ...PageQuery,
      org_id: Id.optional(),
      sku: Text(128).optional(),
      state: z.enum(USAGE_STATES).optional(),
    }),
    response: { 200: UsageStatePage },
    handle: async (db, { query, principal }) => ({
      status: 200,
      body: await listUsageStates(db, { ...query, org_ids: principal.org_ids }),
    }),
  });
}
