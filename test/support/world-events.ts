import type { Sample } from './sample.ts';
import type { Answer } from './server.ts';

/** An event of the world, which nothing else refers to. */
export async function findEvent(
  call: (method: string, path: string) => Promise<Answer>,
  ids: Record<string, string>,
): Promise<void> {
  ids.event = (await call('GET', `/v1/events?aggregate_id=${ids.org}&limit=1`)).body.data[0].event_id;
}

/** A request for each operation on events beside the list of them. */
export function eventSamples(ids: Readonly<Record<string, string>>): Record<string, Sample> {
  return {
    'GET /v1/events/{event_id}': { url: `/v1/events/${ids.event}` },
    'GET /v1/events/{event_id}/tree': { url: `/v1/events/${ids.event}/tree` },
    'GET /v1/events/stream': { url: '/v1/events/stream?follow=false&after=0&type=organization.created' },
    'POST /v1/events/{event_id}:redispatch': { url: `/v1/events/${ids.event}:redispatch` },
    'POST /v1/events:redispatch': { url: '/v1/events:redispatch', body: { type: 'organization.created' } },
  };
}
