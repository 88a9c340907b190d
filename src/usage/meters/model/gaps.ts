import { z } from 'zod';
import { DecimalText } from '../../../platform/schemas.ts';
import { readingQualities } from './readings.ts';

/** Where a register has fewer readings than it should. Of a counter it reaches from the read before to the read after. */
export const Gap = z.object({
  register: z.string(),
  from: z.string(),
  to: z.string(),
  /** How many readings are missing. */
  missing: z.number().int(),
});
export type Gap = z.infer<typeof Gap>;

/** What was used of a register: in a local day of the site (interval), or between two reads (cumulative); in the register's unit. */
export const Consumption = z.object({
  from: z.string(),
  to: z.string(),
  quantity: DecimalText,
  by_quality: z.array(z.object({ quality: z.enum(readingQualities), quantity: DecimalText })),
  /** How many readings are missing in it, where it is known how many there should be. */
  missing: z.number().int(),
});
export type Consumption = z.infer<typeof Consumption>;
