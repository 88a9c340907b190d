import { z } from 'zod';
import { Id, Instant, page, Text } from '../../platform/schemas.ts';

/** When a delivery is tried: see `decide/schedule.ts`. */
export const schedules = ['standard', 'extended'] as const;
export type Schedule = (typeof schedules)[number];

export const disabledReasons = ['on_request', 'gone', 'failing', 'deleted'] as const;
export type DisabledReason = (typeof disabledReasons)[number];

export const Webhook = z.object({
  webhook_id: z.string(),
  org_id: z.string().nullable().meta({ description: 'only events of this organization and of those below it; null for all' }),
  managed_by: z.enum(['tenant', 'organization']).meta({ description: 'who keeps it, and by that which events it may have' }),
  url: z.string(),
  event_types: z.array(z.string()).meta({ description: 'or `*` alone for all' }),
  schedule: z.enum(schedules),
  description: z.string().nullable(),
  status: z.enum(['enabled', 'disabled']),
  disabled_reason: z.enum(disabledReasons).nullable(),
  disabled_at: z.string().nullable(),
  version: z.number().int(),
  created_at: z.string(),
  failing_since: z.string().nullable().meta({ description: 'since when no attempt succeeded; null while they do' }),
  paused_until: z.string().nullable().meta({ description: 'until when the endpoint asked to be left alone (Retry-After)' }),
});
export type Webhook = z.infer<typeof Webhook>;

/** How it goes, as a page shows it. Counts of attempts are of the last 24 hours. */
export const Health = z.object({
  attempts_24h: z.number().int(),
  succeeded_24h: z.number().int(),
  success_rate_24h: z.number().nullable().meta({ description: '0 to 1; null without attempts' }),
  last_attempt_at: z.string().nullable(),
  last_status: z.number().int().nullable().meta({ description: 'HTTP status of the last attempt' }),
  last_error: z.string().nullable(),
  pending: z.number().int().meta({ description: 'deliveries that wait; counted up to 1,000' }),
  dead_letters: z.number().int().meta({ description: 'failed for good and not replayed; counted up to 1,000' }),
});
export type Health = z.infer<typeof Health>;

export const WebhookWithHealth = Webhook.extend({ health: Health });
export type WebhookWithHealth = z.infer<typeof WebhookWithHealth>;
export const WebhookPage = page(WebhookWithHealth);

export const WebhookWithSecret = Webhook.extend({
  secret: z.string().meta({ description: '`whsec_` and base64; in this answer and in no other' }),
});
export type WebhookWithSecret = z.infer<typeof WebhookWithSecret>;

/** `whsec_` and the base64 of 24 to 64 bytes (Standard Webhooks, Signature scheme). */
const Secret = z.string().max(200);
const Url = Text(2000);
const EventTypes = z.array(Text(200)).min(1).max(200);

export const NewWebhook = z.strictObject({
  url: Url,
  event_types: EventTypes.default(['*']),
  org_id: Id.optional(),
  schedule: z.enum(schedules).default('standard'),
  description: Text(500).optional(),
  secret: Secret.optional(),
});
export type NewWebhook = z.infer<typeof NewWebhook>;

export const WebhookChanges = z.strictObject({
  url: Url.optional(),
  event_types: EventTypes.optional(),
  schedule: z.enum(schedules).optional(),
  description: Text(500).nullable().optional(),
  version: z.number().int().min(1).optional().meta({ description: 'refused unless the webhook still has this version' }),
});
export type WebhookChanges = z.infer<typeof WebhookChanges>;

export const Rotation = z.strictObject({
  secret: Secret.optional(),
  keep_hours: z.number().int().min(0).max(168).default(24),
});

/** What may be told to whom. */
export interface EventTypes {
  /** Every type that there is. */
  all: readonly string[];
  /** Those that an organization may be told about itself. */
  organizations: readonly string[];
}

export const deliveryStatuses = ['pending', 'delivered', 'failed', 'cancelled'] as const;

export const Delivery = z.object({
  delivery_id: z.string(),
  webhook_id: z.string(),
  event_id: z.string().meta({ description: 'the `webhook-id` of every attempt' }),
  event_type: z.string(),
  event_at: z.string(),
  kind: z.enum(['event', 'replay', 'test']),
  replay_id: z.string().nullable(),
  status: z.enum(deliveryStatuses).meta({ description: '`cancelled`: the endpoint was disabled' }),
  attempts: z.number().int(),
  next_attempt_at: z.string().nullable(),
  last_status: z.number().int().nullable(),
  last_error: z.string().nullable(),
  created_at: z.string(),
  finished_at: z.string().nullable(),
});
export type Delivery = z.infer<typeof Delivery>;
export const DeliveryPage = page(Delivery);

export const Attempt = z.object({
  delivery_id: z.string(),
  number: z.number().int(),
  url: z.string(),
  address: z.string().nullable().meta({ description: 'where the request went; null where none was made' }),
  request_headers: z.record(z.string(), z.string()),
  status: z.number().int().nullable(),
  response_headers: z.record(z.string(), z.string()).nullable(),
  response_body: z.string().nullable().meta({ description: 'the first 64 KiB as text; null where compressed' }),
  response_cut: z.boolean(),
  error_code: z.string().nullable(),
  error_detail: z.string().nullable(),
  started_at: z.string(),
  duration_ms: z.number().int(),
});
export type Attempt = z.infer<typeof Attempt>;
export const AttemptPage = page(Attempt);

export const DeliveryWithBody = Delivery.extend({
  body: z.string().meta({ description: 'the bytes of every attempt, as text' }),
});
export type DeliveryWithBody = z.infer<typeof DeliveryWithBody>;

export const DeadLetter = z.object({
  delivery_id: z.string(),
  webhook_id: z.string(),
  event_id: z.string(),
  event_type: z.string(),
  event_at: z.string(),
  reason: z.enum(['attempts_exhausted', 'endpoint_gone']),
  attempts: z.number().int(),
  last_status: z.number().int().nullable(),
  last_error: z.string().nullable(),
  created_at: z.string(),
  replayed_at: z.string().nullable(),
});
export type DeadLetter = z.infer<typeof DeadLetter>;
export const DeadLetterPage = page(DeadLetter);

/** Which deliveries are made again: of events from `from` until before `to`. */
export const ReplayCriteria = z.strictObject({
  from: Instant.optional(),
  to: Instant.optional(),
  types: EventTypes.optional(),
  status: z.enum(['failed', 'cancelled', 'undelivered', 'delivered', 'any']).default('undelivered').meta({
    description: '`undelivered`: failed or cancelled, and not replayed since; `failed` and `cancelled` likewise',
  }),
});
export type ReplayCriteria = z.infer<typeof ReplayCriteria>;

export const Replay = z.object({
  replay_id: z.string(),
  webhook_id: z.string(),
  status: z.enum(['running', 'completed']),
  deliveries: z.number().int().meta({ description: 'made so far' }),
  created_at: z.string(),
  finished_at: z.string().nullable(),
});
export type Replay = z.infer<typeof Replay>;

/** An attempt as it went, before it is on record. */
export interface Outcome {
  url: string;
  /** Where the request went; null where none was made. */
  address: string | null;
  request_headers: Record<string, string>;
  status: number | null;
  response_headers: Record<string, string> | null;
  response_body: string | null;
  response_cut: boolean;
  error: { code: AttemptError; detail: string } | null;
  /** RFC 3339. */
  started_at: string;
  duration_ms: number;
}

/** Why an attempt did not succeed, beside the status that was answered. */
export type AttemptError =
  | 'url_refused'
  | 'address_refused'
  | 'name_unresolved'
  | 'connection_refused'
  | 'connection_failed'
  | 'connection_reset'
  | 'tls_failed'
  | 'timeout'
  | 'redirect_refused'
  | 'answer_invalid'
  | 'secret_unreadable';
