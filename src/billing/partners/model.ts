import { z } from 'zod';
import { assert } from '../../kernel/assert.ts';
import { divideRounded, parseDecimal, type Rounding, unitsAt } from '../../kernel/decimal.ts';
import { SkuCode } from '../../offer/catalog/model.ts';
import { DecimalText, Id, Instant, page, Text } from '../../platform/schemas.ts';

export const PARTNER_STATUSES = ['active', 'expired', 'disputed'] as const;

/** Who earns on an organization's lines during `[start_at, end_at)`. */
export const PartnerOfRecord = z.object({
  partner_of_record_id: z.string(),
  org_id: z.string(),
  partner_id: z.string().meta({ description: 'an organization with a partner tier' }),
  start_at: z.string(),
  end_at: z.string().nullable(),
  status: z.enum(PARTNER_STATUSES),
  created_at: z.string(),
});
export type PartnerOfRecord = z.infer<typeof PartnerOfRecord>;
export const PartnerOfRecordPage = page(PartnerOfRecord);

export const NewPartnerOfRecord = z.strictObject({
  org_id: Id.optional(),
  billing_account_id: Id.optional(),
  partner_id: Id,
  start_at: Instant,
  end_at: Instant.optional(),
});
export type NewPartnerOfRecord = z.output<typeof NewPartnerOfRecord>;

export const PartnerOfRecordEnd = z.strictObject({ end_at: Instant });

/** What partners of a tier earn on a SKU, in percent. */
export const CommissionRate = z.object({
  partner_tier: z.string(),
  sku: z.string(),
  pct: DecimalText,
  updated_at: z.string(),
});
export type CommissionRate = z.infer<typeof CommissionRate>;
export const CommissionRatePage = page(CommissionRate);

export const NewCommissionRate = z.strictObject({
  partner_tier: Text(50),
  sku: SkuCode,
  pct: z.union([z.string(), z.number()]).meta({ description: '0 to 100, at most two decimals' }),
});
export type NewCommissionRate = z.output<typeof NewCommissionRate>;

/** The partner of an organization at some time, with the tier that it has now. */
export interface Partner {
  readonly partner_id: string;
  readonly partner_tier: string;
}

/** What a tier earns on a SKU: percent as shortest text, '0' where there is no rate. */
export type RateOf = (partner_tier: string, sku: string | null) => string;

/**
 * Splits a gross amount: the partner's share is `pct` percent of it, rounded once (half away from zero unless told), and the net
 * is the rest, so that share + net is always the gross. Minor units; exact for amounts below zero too. `pct`: 0 to 100, at most two
 * decimals.
 */
export function splitGross({
  gross_minor,
  pct,
  rounding = 'half_up',
}: {
  gross_minor: bigint;
  pct: string;
  rounding?: Rounding;
}): {
  partner_minor: bigint;
  net_minor: bigint;
} {
  const percent = parseDecimal(pct);
  assert(percent.scale <= 2, 'a commission rate has at most two decimals');
  const hundredths = unitsAt(percent, 2);
  assert(hundredths >= 0n && hundredths <= 10_000n, 'a commission rate is from 0 to 100');
  const partner_minor = divideRounded(gross_minor * hundredths, 10_000n, rounding);
  return { partner_minor, net_minor: gross_minor - partner_minor };
}
