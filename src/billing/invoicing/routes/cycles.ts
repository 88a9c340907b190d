import { z } from 'zod';
import type { Server } from '../../../platform/http.ts';
import { Id, PageQuery } from '../../../platform/schemas.ts';
import { BillingCycle, BillingCyclePage, BillingSettings, NewBillingSettings, UpcomingCyclePage } from '../model/cycles.ts';
import { billingSettings, changeBillingSettings, listCycles, listUpcoming, retryCycle } from '../service/cycles.ts';

const tags = ['Billing cycles'];
const querystring = z.strictObject({ ...PageQuery, org_id: Id.optional() });

/** When periods are closed and billed without being asked for. */
export function cycleRoutes(server: Server): void {
  server.query({
    method: 'GET',
    url: '/v1/billing/settings',
    scope: 'billing:read',
    summary: 'Whether cycles are closed and billed automatically',
    tags,
    response: { 200: BillingSettings },
    handle: async (db) => ({ status: 200, body: await billingSettings(db) }),
  });
  server.command({
    method: 'PUT',
    url: '/v1/billing/settings',
    scope: 'billing:write',
    summary: 'Have cycles closed and billed automatically, or not',
    tags,
    body: NewBillingSettings,
    response: { 200: BillingSettings },
    handle: async (tx, { body }) => ({ status: 200, body: await changeBillingSettings(tx, body) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/billing/cycles',
    scope: 'billing:read',
    summary: 'Closed billing cycles with the run that bills each, newest first',
    tags,
    querystring,
    response: { 200: BillingCyclePage },
    handle: async (db, { query }) => ({ status: 200, body: await listCycles(db, query) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/billing/cycles/upcoming',
    scope: 'billing:read',
    summary: 'Billing cycles that will be closed automatically, soonest first',
    tags,
    querystring,
    response: { 200: UpcomingCyclePage },
    handle: async (db, { query }) => ({ status: 200, body: await listUpcoming(db, query) }),
  });
  server.command({
    method: 'POST',
    url: '/v1/billing/cycles/{id}:retry',
    scope: 'billing:write',
    summary: 'Bill a closed cycle again, of which something is not billed',
    tags,
    params: z.object({ id: Id }),
    response: { 202: BillingCycle },
    handle: async (tx, { params }) => ({ status: 202, body: await retryCycle(tx, params.id) }),
  });
}
