import { z } from 'zod';
import type { Lifecycle } from '../../../kernel/lifecycle.ts';
import { page } from '../../../platform/schemas.ts';

export const USAGE_STATES = ['reported', 'rated', 'billed', 'voided'] as const;
export type UsageState = (typeof USAGE_STATES)[number];

/**
 * How far the usage of an organization, SKU and period has come; never a single event's. Usage is `reported` when a run closes its period,
 * and stays so where it cannot be rated. What is voided may be rated again.
 */
export const lifecycle: Lifecycle<UsageState> = {
  noun: 'usage',
  begins: ['reported'],
  transitions: { reported: ['rated'], rated: ['billed'], billed: ['voided'], voided: ['rated'] },
};

/** The period of an organization's SKU: RFC 3339 in UTC, half-open. */
export interface UsagePeriod {
  readonly org_id: string;
  readonly sku: string;
  readonly from: string;
  readonly to: string;
}

/** Usage that could not be rated, and why. */
export interface UsageProblem extends UsagePeriod {
  readonly subscription_id: string;
  readonly problem: { readonly code: string; readonly detail: string };
}

export const UsageStateEntry = z.object({
  usage_state_id: z.string(),
  org_id: z.string(),
  sku: z.string(),
  subscription_id: z.string(),
  period: z.object({ from: z.string(), to: z.string() }).meta({ description: 'half-open: a service period of the subscription' }),
  state: z.enum(USAGE_STATES),
  charge_id: z.string().nullable().meta({ description: 'the charge that rated it last' }),
  invoice_id: z.string().nullable().meta({ description: 'the invoice that billed it last' }),
  problem: z
    .object({ code: z.string(), detail: z.string() })
    .nullable()
    .meta({ description: 'why it could not be rated, or not again' }),
  changed_at: z.string(),
});
export type UsageStateEntry = z.infer<typeof UsageStateEntry>;
export const UsageStatePage = page(UsageStateEntry);
