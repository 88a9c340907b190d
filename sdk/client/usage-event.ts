import type { Api } from './api.ts';
import { nowText } from './clock.ts';
import type { QueuedEvent } from './queue.ts';
import { newRequestId } from './request-id.ts';

type Report = Api['POST /v1/metering/events'];
/** A usage event as the server takes it. */
export type ReportedEvent = Extract<Report['body'], readonly unknown[]>[number];
export type Taken = Report['answer'];
export type Rejection = Taken['rejected'][number];

/** A usage event. Without a request id it gets one that rises with time; without a time it was used now. */
export type TrackedEvent = Omit<ReportedEvent, 'request_id' | 'time' | 'quantity' | 'amount'> & {
  request_id?: string;
  time?: string;
  /** Decimal text, or a number of at most 15 digits. */
  quantity?: string | number;
  amount?: string | number;
};

/** An event on its way, and what it takes of a body and of memory. */
export interface Entry extends QueuedEvent {
  bytes: number;
}

/** Throws a `TypeError` when the event is no JSON. */
export function trackedEntry(event: TrackedEvent): Entry {
  const request_id = event.request_id ?? newRequestId();
  return entryOf({ request_id, json: JSON.stringify({ ...event, request_id, time: event.time ?? nowText() }) });
}

export function entryOf({ request_id, json }: QueuedEvent): Entry {
  return { request_id, json, bytes: new TextEncoder().encode(json).length + 1 };
}

export function reported({ json }: Entry): ReportedEvent {
  return JSON.parse(json) as ReportedEvent;
}
