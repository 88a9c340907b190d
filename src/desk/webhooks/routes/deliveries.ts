import { z } from 'zod';
import type { Server } from '../../../platform/http.ts';
import { Id, Instant, PageQuery } from '../../../platform/schemas.ts';
import {
  AttemptPage,
  DeadLetterPage,
  DeliveryPage,
  DeliveryWithBody,
  deliveryStatuses,
  Replay,
  ReplayCriteria,
} from '../model.ts';
import { listAttempts, listDeadLetters, listDeliveries, showDelivery } from '../service/deliveries.ts';
import { replayDeliveries, replayDelivery, showReplay } from '../service/replays.ts';
import type { WebhookDeps } from '../service/webhooks.ts';

const tags = ['Webhooks'];
const params = z.object({ id: Id });
const delivery = z.object({ id: Id, delivery_id: Id });

export function deliveryRoutes(server: Server, deps: WebhookDeps): void {
  server.query({
    method: 'GET',
    url: '/v1/webhooks/{id}/deliveries',
    scope: 'webhooks:read',
    summary: 'Deliveries to an endpoint, newest first',
    tags,
    params,
    querystring: z.strictObject({
      status: z.enum(deliveryStatuses).optional(),
      event_type: z.string().max(200).optional(),
      event_id: Id.optional(),
      from: Instant.optional(),
      to: Instant.optional(),
      ...PageQuery,
    }),
    response: { 200: DeliveryPage },
    handle: async (db, { params: { id }, query, principal: { org_ids } }) => ({
      status: 200,
      body: await listDeliveries(db, org_ids, id, query),
    }),
  });
  server.query({
    method: 'GET',
    url: '/v1/webhooks/{id}/deliveries/{delivery_id}',
    scope: 'webhooks:read',
    summary: 'One delivery, with what is sent',
    tags,
    params: delivery,
    response: { 200: DeliveryWithBody },
    handle: async (db, { params: { id, delivery_id }, principal: { org_ids } }) => ({
      status: 200,
      body: await showDelivery(db, org_ids, id, delivery_id),
    }),
  });
  server.query({
    method: 'GET',
    url: '/v1/webhooks/{id}/deliveries/{delivery_id}/attempts',
    scope: 'webhooks:read',
    summary: 'Every attempt of a delivery, first to last, with what was asked and answered',
    tags,
    params: delivery,
    querystring: z.strictObject({ ...PageQuery }),
    response: { 200: AttemptPage },
    handle: async (db, { params: { id, delivery_id }, query, principal: { org_ids } }) => ({
      status: 200,
      body: await listAttempts(db, org_ids, { webhook_id: id, delivery_id }, query),
    }),
  });
  server.query({
    method: 'GET',
    url: '/v1/webhooks/{id}/dead-letters',
    scope: 'webhooks:read',
    summary: 'Deliveries that failed for good, newest first',
    tags,
    params,
    querystring: z.strictObject({ replayed: z.enum(['true', 'false']).default('false'), ...PageQuery }),
    response: { 200: DeadLetterPage },
    handle: async (db, { params: { id }, query, principal: { org_ids } }) => ({
      status: 200,
      body: await listDeadLetters(db, org_ids, id, { ...query, replayed: query.replayed === 'true' }),
    }),
  });
  server.command({
    method: 'POST',
    url: '/v1/webhooks/{id}/deliveries/{delivery_id}:replay',
    scope: 'webhooks:write',
    summary: 'Deliver one event again, under its webhook-id',
    tags,
    params: delivery,
    response: { 202: Replay },
    handle: async (tx, { params: { id, delivery_id }, principal: { org_ids } }) => ({
      status: 202,
      body: await replayDelivery(tx, deps.clock.now(), org_ids, { webhook_id: id, delivery_id }),
    }),
  });
  server.command({
    method: 'POST',
    url: '/v1/webhooks/{id}:replay',
    scope: 'webhooks:write',
    summary: 'Deliver events of a range again, or all that were not delivered',
    tags,
    params,
    body: ReplayCriteria,
    response: { 202: Replay },
    handle: async (tx, { params: { id }, body, principal: { org_ids } }) => ({
      status: 202,
      body: await replayDeliveries(tx, deps.clock.now(), org_ids, id, body),
    }),
  });
  server.query({
    method: 'GET',
    url: '/v1/webhooks/{id}/replays/{replay_id}',
    scope: 'webhooks:read',
    summary: 'How far a replay is',
    tags,
    params: z.object({ id: Id, replay_id: Id }),
    response: { 200: Replay },
    handle: async (db, { params: { id, replay_id }, principal: { org_ids } }) => ({
      status: 200,
      body: await showReplay(db, org_ids, id, replay_id),
    }),
  });
}
