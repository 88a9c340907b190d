import { z } from 'zod';
import { Id, Instant, Text } from '../../../platform/schemas.ts';
import { sources } from '../model.ts';

export const DeprecationBody = z.strictObject({
  org_id: Id,
  sku: Text(128),
  from: Instant,
  to: Instant.meta({ description: 'exclusive' }),
  reason: Text(500).meta({ description: 'why; it is part of each counter-event, and so of the proof' }),
  source: z.enum(sources).default('manual'),
});
export type DeprecationBody = z.output<typeof DeprecationBody>;

const Count = z.number().int();

export const Deprecation = z.object({
  deprecation_id: Id,
  org_id: Id,
  sku: z.string(),
  from: z.string(),
  to: z.string(),
  reason: z.string(),
  source: z.enum(sources),
  status: z.enum(['running', 'completed']),
  reached: z.string().nullable().meta({ description: 'time of the last event that was looked at' }),
  voided: Count.meta({ description: 'events that it took back' }),
  corrected_before: Count.meta({ description: 'events that had been taken back before' }),
  refused: Count.meta({ description: 'events of a closed period whose SKU rejects what comes late' }),
  created_at: z.string(),
  finished_at: z.string().nullable(),
});
export type Deprecation = z.infer<typeof Deprecation>;
