import { z } from 'zod';
import type { Server } from '../../../platform/http.ts';
import { Id, Instant, PageQuery, Text } from '../../../platform/schemas.ts';
import { EventDetail, EventPage, EventStatus, EventTree } from '../model.ts';
import { redispatchEvent, redispatchMatching } from '../service/redispatch.ts';
import { eventDetail, eventTree, listEvents } from '../service.ts';

const tags = ['Events'];
const params = z.object({ event_id: Id });

const filter = {
  type: Text(200).optional(),
  aggregate_id: z.string().max(500).optional(),
  correlation_id: z.string().max(200).optional(),
  status: EventStatus.optional(),
  from: Instant.optional(),
  to: Instant.optional(),
};

export function eventRoutes(server: Server): void {
  server.query({
    method: 'GET',
    url: '/v1/events',
    scope: 'events:read',
    summary: 'What happened, newest first, with the state of its delivery',
    tags,
    querystring: z.strictObject({ ...filter, ...PageQuery }),
    response: { 200: EventPage },
    handle: async (db, { query, principal }) => ({
      status: 200,
      body: await listEvents(db, { ...query, org_ids: principal.org_ids }),
    }),
  });
  server.query({
    method: 'GET',
    url: '/v1/events/{event_id}',
    scope: 'events:read',
    summary: 'One event, with the reactions that had their effect and what it caused',
    tags,
    params,
    response: { 200: EventDetail },
    handle: async (db, { params: { event_id }, principal }) => ({
      status: 200,
      body: await eventDetail(db, event_id, principal.org_ids),
    }),
  });
  server.query({
    method: 'GET',
    url: '/v1/events/{event_id}/tree',
    scope: 'events:read',
    summary: "Everything of the event's correlation, oldest first",
    tags,
    params,
    response: { 200: EventTree },
    handle: async (db, { params: { event_id }, principal }) => ({
      status: 200,
      body: await eventTree(db, event_id, principal.org_ids),
    }),
  });
  server.command({
    method: 'POST',
    url: '/v1/events/{event_id}:redispatch',
    scope: 'events:write',
    summary: 'Send an event through the router again; what had its effect has no second one',
    tags,
    params,
    response: { 200: z.object({ redispatched: z.number().int() }) },
    handle: async (tx, { params: { event_id }, principal }) => ({
      status: 200,
      body: await redispatchEvent(tx, event_id, principal.org_ids),
    }),
  });
  server.command({
    method: 'POST',
    url: '/v1/events:redispatch',
    scope: 'events:write',
    summary: 'The same for all that match: the dead ones, unless another status is asked for',
    tags,
    body: z.strictObject({
      ...filter,
      aggregate_id: Text(500).optional(),
      correlation_id: Text(200).optional(),
      status: z.enum(['published', 'routed', 'dead']).default('dead'),
      limit: z.number().int().min(1).max(1000).default(1000),
    }),
    response: { 200: z.object({ redispatched: z.number().int(), more: z.boolean() }) },
    handle: async (tx, { body, principal }) => ({
      status: 200,
      body: await redispatchMatching(tx, { ...body, org_ids: principal.org_ids }),
    }),
  });
}
