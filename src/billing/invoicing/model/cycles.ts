import { z } from 'zod';
import { LocalDate, page } from '../../../platform/schemas.ts';
import { BillingRun } from '../model.ts';

/** The longest that automatic billing waits after the end of a cycle. */
const most_grace_s = 14 * 86_400;

/** How long after the end of a cycle it is closed: an ISO 8601 duration of days, hours and minutes, at most 14 days; comes out in seconds. */
const Grace = z
  .string()
  .max(40)
  .transform((text, context) => {
    const seconds = /^P(?=.)(\d{1,2}D)?(T(?=.)(\d{1,3}H)?(\d{1,5}M)?)?$/.test(text)
      ? Temporal.Duration.from(text).total({ unit: 'seconds', relativeTo: '2000-01-01' })
      : Number.POSITIVE_INFINITY;
    if (seconds <= most_grace_s) return seconds;
    context.addIssue({ code: 'custom', message: 'must be an ISO 8601 duration of days, hours and minutes of at most P14D' });
    return z.NEVER;
  });

export const NewBillingSettings = z.strictObject({
  automatic: z.boolean(),
  grace: Grace.optional().meta({ description: 'PT6H unless given' }),
  from: LocalDate.optional().meta({
    description:
      'nothing before this date is billed automatically; unless given, the cycle in which it is switched on is the first',
  }),
});
export type NewBillingSettings = z.output<typeof NewBillingSettings>;

export const BillingSettings = z.object({
  automatic: z.boolean(),
  grace: z.string().meta({ description: 'ISO 8601 duration: how long after its end a cycle is closed' }),
  from: z.string().nullable(),
  switched_on_at: z.string().nullable(),
});
export type BillingSettings = z.infer<typeof BillingSettings>;

export const BillingCycle = z.object({
  cycle_id: z.string(),
  org_id: z.string(),
  from: z.string().meta({ description: 'local date' }),
  to: z.string().meta({ description: 'local date, exclusive' }),
  time_zone: z.string(),
  from_at: z.string(),
  to_at: z.string(),
  closed_at: z.string(),
  closed_by: z.enum(['scheduler', 'run']).meta({ description: 'by itself when it ended, or by a run that was asked for' }),
  run: z
    .object({ run_id: z.string(), status: BillingRun.shape.status, invoices: z.number().int(), errors: z.number().int() })
    .nullable(),
  refusal: z.object({ code: z.string(), detail: z.string() }).nullable().meta({ description: 'why no run could be requested' }),
});
export type BillingCycle = z.infer<typeof BillingCycle>;
export const BillingCyclePage = page(BillingCycle);

export const UpcomingCycle = z.object({
  org_id: z.string(),
  from: z.string(),
  to: z.string(),
  time_zone: z.string(),
  ends_at: z.string(),
  closes_at: z.string().meta({ description: 'its end and the grace' }),
  failures: z.number().int().meta({ description: 'how often it could not be closed since it was due' }),
});
export type UpcomingCycle = z.infer<typeof UpcomingCycle>;
export const UpcomingCyclePage = page(UpcomingCycle);
