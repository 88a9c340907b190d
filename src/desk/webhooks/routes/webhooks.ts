import { z } from 'zod';
import { requireVisible } from '../../../foundation/tenancy/service.ts';
import type { Server } from '../../../platform/http.ts';
import { Id, PageQuery } from '../../../platform/schemas.ts';
import {
  Delivery,
  NewWebhook,
  Rotation,
  Webhook,
  WebhookChanges,
  WebhookPage,
  WebhookWithHealth,
  WebhookWithSecret,
} from '../model.ts';
import { testWebhook } from '../service/deliveries.ts';
import {
  changeWebhook,
  createWebhook,
  deleteWebhook,
  disableWebhook,
  enableWebhook,
  listWebhooks,
  rotateSecret,
  showWebhook,
  type WebhookDeps,
} from '../service/webhooks.ts';

const tags = ['Webhooks'];
const params = z.object({ id: Id });
const read = 'webhooks:read';
const write = 'webhooks:write';

export function webhookRoutes(server: Server, deps: WebhookDeps): void {
  server.command({
    method: 'POST',
    url: '/v1/webhooks',
    scope: write,
    summary: 'Make an endpoint that events are delivered to; its secret is in this answer and in no other',
    tags,
    body: NewWebhook,
    response: { 201: WebhookWithSecret },
    secret_answer: true,
    handle: async (tx, { body, principal: { org_ids } }) => {
      if (body.org_id !== undefined) requireVisible(org_ids, body.org_id);
      return { status: 201, body: await createWebhook(tx, deps, org_ids, body) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/webhooks',
    scope: read,
    summary: 'Endpoints and how each goes, newest first',
    tags,
    querystring: z.strictObject({ org_id: Id.optional(), status: z.enum(['enabled', 'disabled']).optional(), ...PageQuery }),
    response: { 200: WebhookPage },
    handle: async (db, { query, principal: { org_ids } }) => ({
      status: 200,
      body: await listWebhooks(db, { ...query, org_ids }),
    }),
  });
  server.query({
    method: 'GET',
    url: '/v1/webhook-event-types',
    scope: read,
    summary: 'The types of events that an endpoint can be subscribed to',
    tags,
    response: { 200: z.object({ event_types: z.array(z.string()) }) },
    handle: async (_db, { principal: { org_ids } }) => {
      const types = org_ids === null ? deps.event_types.all : deps.event_types.organizations;
      return { status: 200, body: { event_types: types.toSorted() } };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/webhooks/{id}',
    scope: read,
    summary: 'One endpoint and how it goes',
    tags,
    params,
    response: { 200: WebhookWithHealth },
    handle: async (db, { params: { id }, principal: { org_ids } }) => ({ status: 200, body: await showWebhook(db, org_ids, id) }),
  });
  server.command({
    method: 'PATCH',
    url: '/v1/webhooks/{id}',
    scope: write,
    summary: 'Change an endpoint',
    tags,
    params,
    body: WebhookChanges,
    response: { 200: Webhook },
    handle: async (tx, { params: { id }, body, principal: { org_ids } }) => ({
      status: 200,
      body: await changeWebhook(tx, deps, org_ids, id, body),
    }),
  });
  server.command({
    method: 'DELETE',
    url: '/v1/webhooks/{id}',
    scope: write,
    summary: 'Take an endpoint away; its deliveries stay on record',
    tags,
    params,
    response: { 200: Webhook },
    handle: async (tx, { params: { id }, principal: { org_ids } }) => ({
      status: 200,
      body: await deleteWebhook(tx, org_ids, id),
    }),
  });
  actions(server, deps);
}

function actions(server: Server, deps: WebhookDeps): void {
  server.command({
    method: 'POST',
    url: '/v1/webhooks/{id}:rotate-secret',
    scope: write,
    summary: 'Give an endpoint another secret, told in this answer alone; those before sign beside it for a while',
    tags,
    params,
    body: Rotation,
    response: { 200: WebhookWithSecret },
    secret_answer: true,
    handle: async (tx, { params: { id }, body, principal: { org_ids } }) => ({
      status: 200,
      body: await rotateSecret(tx, deps, org_ids, id, body),
    }),
  });
  server.command({
    method: 'POST',
    url: '/v1/webhooks/{id}:test',
    scope: write,
    summary: 'Send a test event, once',
    tags,
    params,
    response: { 202: Delivery },
    handle: async (tx, { params: { id }, principal: { org_ids } }) => ({
      status: 202,
      body: await testWebhook(tx, deps.clock.now(), org_ids, id),
    }),
  });
  server.command({
    method: 'POST',
    url: '/v1/webhooks/{id}:enable',
    scope: write,
    summary: 'Deliver events again that happen from now on',
    tags,
    params,
    response: { 200: Webhook },
    handle: async (tx, { params: { id }, principal: { org_ids } }) => ({
      status: 200,
      body: await enableWebhook(tx, org_ids, id),
    }),
  });
  server.command({
    method: 'POST',
    url: '/v1/webhooks/{id}:disable',
    scope: write,
    summary: 'Deliver nothing more; what waits is cancelled and can be replayed',
    tags,
    params,
    response: { 200: Webhook },
    handle: async (tx, { params: { id }, principal: { org_ids } }) => ({
      status: 200,
      body: await disableWebhook(tx, org_ids, id, 'on_request'),
    }),
  });
}
