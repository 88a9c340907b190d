/** The client of the Tallystick API. Nothing here needs Node; `node.ts` and `browser.ts` keep things on disk. */
export { type AckedEvent, type AckRecord, type AckStore, memoryAcks } from './acks.ts';
export type { Api } from './api.ts';
export { createUsageBuffer, type UsageBuffer, type UsageBufferOptions } from './buffer.ts';
export { type Answer, type Call, type Client, type ClientOptions, createClient, type Operation } from './client.ts';
export { ConnectionError, type Problem, ProblemError } from './errors.ts';
export { type EventQueue, memoryQueue, type QueuedEvent } from './queue.ts';
export { newRequestId } from './request-id.ts';
export type { Rejection, ReportedEvent, TrackedEvent } from './usage-event.ts';
