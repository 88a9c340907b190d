import { z } from 'zod';
import { Decimal, Id, Instant, Text } from '../../../platform/schemas.ts';
import { Quality, readingOutcomes, registerName } from './readings.ts';

/** What sends readings by itself: a concentrator, a meter operator's system. */
export const Gateway = z.object({
  gateway_id: Id,
  name: z.string(),
  /** Until when the secret before the present one is good; null where there is none. */
  old_secret_until: z.string().nullable(),
  revoked_at: z.string().nullable(),
  created_at: z.string(),
});
export type Gateway = z.infer<typeof Gateway>;

/** Told once. `whsec_` and base64, as Standard Webhooks has it. */
export const GatewayWithSecret = Gateway.extend({ secret: z.string() });
export type GatewayWithSecret = z.infer<typeof GatewayWithSecret>;

/** What became of a message; the same message again is answered the same. */
export const GatewayAnswer = z.object({
  readings: z.array(z.object({ index: z.number().int(), reading_id: Id, outcome: z.enum(readingOutcomes) })),
  rejected: z.array(z.object({ index: z.number().int(), code: z.string(), detail: z.string() })),
});
export type GatewayAnswer = z.infer<typeof GatewayAnswer>;

/** What a message holds. `meter` is an id or an identifier. */
export const SentReadings = z.strictObject({
  readings: z
    .array(
      z.strictObject({
        meter: Text(64),
        register: registerName.optional(),
        time: Instant,
        value: Decimal,
        quality: Quality.default('actual'),
        unit: Text(32).optional(),
      }),
    )
    .min(1)
    .max(1000),
});
export type SentReadings = z.infer<typeof SentReadings>;
