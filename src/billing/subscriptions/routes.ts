import { z } from 'zod';
import { requireVisible } from '../../foundation/tenancy/service.ts';
import type { Server } from '../../platform/http.ts';
import { Id, PageQuery } from '../../platform/schemas.ts';
import {
  AssignmentAnswer,
  AssignmentResult,
  Entitlement,
  EntitlementPage,
  NewAssignment,
  NewEntitlement,
  SubscriptionEnd,
} from './model.ts';
import { assignBusinessModel, currentAssignment } from './service/assignment.ts';
import * as subscriptions from './service.ts';

const tags = ['Subscriptions'];
const params = z.object({ id: Id });

export function routes(server: Server): void {
  server.command({
    method: 'POST',
    url: '/v1/orgs/{id}/entitlements',
    scope: 'billing:write',
    summary: 'Put an organization on a plan',
    tags,
    params,
    body: NewEntitlement,
    response: { 201: Entitlement },
    handle: async (tx, { params, body, principal }) => {
      requireVisible(principal.org_ids, params.id);
      return { status: 201, body: await subscriptions.createEntitlement(tx, params.id, body) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/orgs/{id}/entitlements',
    scope: 'billing:read',
    summary: 'Subscriptions of an organization, newest first',
    tags,
    params,
    querystring: z.strictObject(PageQuery),
    response: { 200: EntitlementPage },
    handle: async (db, { params, query, principal }) => {
      requireVisible(principal.org_ids, params.id);
      return { status: 200, body: await subscriptions.listEntitlements(db, params.id, query) };
    },
  });
  server.command({
    method: 'POST',
    url: '/v1/subscriptions/{subscription_id}:end',
    scope: 'billing:write',
    summary: 'End a subscription, now or at a moment',
    tags,
    params: z.object({ subscription_id: Id }),
    body: SubscriptionEnd,
    response: { 200: Entitlement },
    handle: async (tx, { params, body, principal }) => ({
      status: 200,
      body: await subscriptions.endEntitlement(tx, params.subscription_id, {
        ended_at: body.ended_at,
        org_ids: principal.org_ids,
      }),
    }),
  });
  server.command({
    method: 'PUT',
    url: '/v1/orgs/{id}/business-model',
    scope: 'billing:write',
    summary: 'Move an organization to a business model and plan; with preview=true only show the differences',
    tags,
    params,
    querystring: z.strictObject({ preview: z.enum(['true', 'false']).optional() }),
    body: NewAssignment,
    response: { 200: AssignmentResult },
    handle: async (tx, { params, query, body, principal }) => {
      requireVisible(principal.org_ids, params.id);
      const preview = query.preview === 'true';
      return { status: 200, body: await assignBusinessModel(tx, params.id, body, { preview }) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/orgs/{id}/business-model',
    scope: 'billing:read',
    summary: 'The business model and plan of an organization',
    tags,
    params,
    response: { 200: AssignmentAnswer },
    handle: async (db, { params, principal }) => {
      requireVisible(principal.org_ids, params.id);
      const { replaced_at: _, ...current } = await currentAssignment(db, params.id);
      return { status: 200, body: current };
    },
  });
}
