import { Decimal } from 'decimal.js';
import type { GraduatedPrice, PackagePrice, UnitPrice, VolumePrice } from './language.ts';

export type QuantityPrice = UnitPrice | GraduatedPrice | VolumePrice | PackagePrice;

const Wide = Decimal.clone({ precision: 300, toExpNeg: -1000, toExpPos: 1000 });

/**
 * The test's own answer for a quantity not below zero, from the words of the price language and not from the engine: every tier
 * is looked at with max and min, nothing is walked, aligned or remembered.
 */
export function oracle(price: QuantityPrice, given: string): Decimal {
  const taken = [
    price.included_quantity ?? '0',
    ...(price.discounts ?? []).flatMap((one) => ('quantity' in one ? [one.quantity] : [])),
  ];
  const quantity = taken.reduce((rest, one) => Wide.max(0, rest.minus(one)), transformed(price, new Wide(given)));
  let total = ofModel(price, quantity);
  for (const one of price.discounts ?? [])
    if ('percent' in one) total = total.times(new Wide(100).minus(one.percent)).dividedBy(100);
  for (const one of price.discounts ?? [])
    if ('amount' in one && total.isPositive()) total = Wide.max(0, total.minus(one.amount));
  if (price.maximum_amount !== undefined) total = Wide.min(total, price.maximum_amount);
  return price.minimum_amount === undefined ? total : Wide.max(total, price.minimum_amount);
}

function transformed({ transform }: QuantityPrice, quantity: Decimal): Decimal {
  if (!transform) return quantity;
  const { multiply = '1', divide, round, precision } = transform;
  const quotient = quantity.times(multiply).dividedBy(divide ?? 1);
  if (round === undefined && precision === undefined)
    return divide === undefined ? quotient : quotient.toDecimalPlaces(18, Decimal.ROUND_HALF_EVEN);
  const sense = { up: Decimal.ROUND_UP, down: Decimal.ROUND_DOWN, half_up: Decimal.ROUND_HALF_UP }[round ?? 'half_up'];
  return quotient.toDecimalPlaces(precision ?? 0, sense);
}

function ofModel(price: QuantityPrice, quantity: Decimal): Decimal {
  if (price.model === 'unit') return quantity.times(price.unit_amount);
  if (price.model === 'package') return packagesOf(quantity, price.package_size).times(price.package_amount);
  const starts = price.tiers.map((_, index) => new Wide(price.tiers[index - 1]?.up_to ?? 0));
  const ends = price.tiers.map(({ up_to }) => new Wide(up_to ?? Number.POSITIVE_INFINITY));
  const amounts = price.tiers.map((tier, index) => {
    const first = index === 0 && quantity.isZero();
    const graduated = price.model === 'graduated';
    const inside = quantity.greaterThan(starts[index]!) && (graduated || quantity.lessThanOrEqualTo(ends[index]!));
    const part = graduated ? Wide.max(0, Wide.min(quantity, ends[index]!).minus(starts[index]!)) : quantity;
    if (!inside && !first) return new Wide(0);
    const count = tier.package_size === undefined ? part : packagesOf(part, tier.package_size);
    const flat = inside || price.first_tier_flat_at_zero ? (tier.flat_amount ?? '0') : '0';
    const both = count.times(tier.unit_amount ?? '0').plus(flat);
    return tier.maximum_amount === undefined ? both : Wide.min(both, tier.maximum_amount);
  });
  return amounts.reduce((sum, amount) => sum.plus(amount), new Wide(0));
}

/** Started packages, from the whole quotient and what is left of it. */
function packagesOf(quantity: Decimal, size: string): Decimal {
  const whole = quantity.divToInt(size);
  return quantity.minus(whole.times(size)).isZero() ? whole : whole.plus(1);
}
