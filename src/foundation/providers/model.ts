import { z } from 'zod';
import { Id, page } from '../../platform/schemas.ts';

/** How a message is signed: as standardwebhooks.com says, or as Stripe does. */
export type Scheme = 'standard_webhooks' | 'stripe';

/** A secret of an endpoint, without itself. */
export const InboundSecret = z.object({
  secret_id: Id,
  created_at: z.string(),
  good_until: z.string().nullable().meta({ description: 'null for the present one; the others are on their way out' }),
});

/** Where others send messages to: `POST /v1/webhooks/in/{endpoint_id}`. */
export const InboundEndpoint = z.object({
  endpoint_id: Id,
  kind: z.string().meta({ description: 'whose messages these are: `generic`, `stripe`, `meter_gateway`' }),
  name: z.string(),
  reference: z.string().nullable().meta({ description: 'what it belongs to, as its owner calls it' }),
  enabled: z.boolean(),
  revoked_at: z.string().nullable(),
  created_at: z.string(),
  secrets: z.array(InboundSecret).meta({ description: 'newest first' }),
});
export type InboundEndpoint = z.infer<typeof InboundEndpoint>;

/** The secret is told once, and null where the caller brought it. */
export const InboundEndpointWithSecret = InboundEndpoint.extend({ secret: z.string().nullable() });
export type InboundEndpointWithSecret = z.infer<typeof InboundEndpointWithSecret>;

export const InboundEndpointPage = page(InboundEndpoint);

/**
 * `received`: stored, not processed yet. `processed`: had its effect, once. `ignored`: refused for what it says; had none. `failed`: is tried again.
 * `dead`: is not tried again unless somebody asks.
 */
export const webhookStatuses = ['received', 'processed', 'ignored', 'failed', 'dead'] as const;
export type WebhookStatus = (typeof webhookStatuses)[number];

/** Why a message was refused or failed; what its sender was answered, where it waited for it. */
export const Refusal = z.object({
  code: z.string(),
  status: z.number().int(),
  title: z.string(),
  detail: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string(), code: z.string(), detail: z.string() })).optional(),
});
export type Refusal = z.infer<typeof Refusal>;

/** A message that was verified and stored. */
export const InboundWebhook = z.object({
  inbound_webhook_id: Id,
  endpoint_id: Id,
  kind: z.string(),
  message_id: z.string().meta({ description: 'what it counts once by: the sender’s id of it' }),
  type: z.string().nullable(),
  status: z.enum(webhookStatuses),
  attempts: z.number().int(),
  next_attempt_at: z.string().nullable(),
  received_at: z.string(),
  signed_at: z.string(),
  secret_id: Id.nullable().meta({ description: 'which secret of the endpoint signed it' }),
  finished_at: z.string().nullable(),
  last_error: Refusal.nullable(),
  body_bytes: z.number().int().nullable().meta({ description: 'null once the body was let go' }),
});
export type InboundWebhook = z.infer<typeof InboundWebhook>;

export const InboundWebhookPage = page(InboundWebhook);

/** With what was sent. */
export const InboundWebhookWithBody = InboundWebhook.extend({
  headers: z.record(z.string(), z.string()),
  body_sha256: z.string().meta({ description: 'hexadecimal' }),
  body_base64: z.string().nullable(),
  body_text: z.string().nullable().meta({ description: 'the same where it is UTF-8' }),
  answer: z.unknown().meta({ description: 'what the sender was answered, where it waited for it' }),
});
export type InboundWebhookWithBody = z.infer<typeof InboundWebhookWithBody>;

/** What a sender is told that does not wait for what becomes of its message. */
export const Accepted = z.object({ inbound_webhook_id: Id });
