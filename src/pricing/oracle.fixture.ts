import { Decimal } from 'decimal.js';
import type {
  Band,
  GraduatedPercentagePrice,
  GraduatedPrice,
  PackagePrice,
  PercentagePrice,
  Price,
  TotalTerms,
  UnitPrice,
  VolumePrice,
} from './language.ts';
import type { EventInput } from './usage.ts';

export type QuantityPrice = UnitPrice | GraduatedPrice | VolumePrice | PackagePrice;

const Wide = Decimal.clone({ precision: 300, toExpNeg: -1000, toExpPos: 1000 });
const NOTHING = new Wide(0);

/**
 * The test's own answer for a quantity not below zero, from the words of the price language and not from the engine: every tier
 * is looked at with max and min, nothing is walked, aligned or remembered.
 */
export function oracle(price: QuantityPrice, given: string): Decimal {
  return afterTerms(price, ofQuantity(price, new Wide(given)));
}

/** The same for any price over events, summed: whole numbers and clocks come from Date and Intl, not from Temporal. */
export function oracleOfEvents(price: Price, given: readonly EventInput[]): Decimal {
  const events = [...given].sort((a, b) => momentOf(a) - momentOf(b));
  return afterTerms(price, ofEvents(price, events));
}

function ofEvents(price: Price, events: readonly EventInput[]): Decimal {
  switch (price.model) {
    case 'flat':
      return new Wide(price.amount);
    case 'percentage':
      return ofPercentage(price, events);
    case 'graduated_percentage':
      return ofTiers({ ...price, model: 'graduated', tiers: asUnits(price) }, sumOf(events, 'amount'));
    case 'dynamic':
      return sumOf(events, 'amount').times(price.multiplier ?? '1');
    case 'matrix':
    case 'time_of_use':
      return ofParts(price, events);
    default: {
      const { bucket } = price;
      if (bucket === undefined) return ofQuantity(price, sumOf(events, 'quantity'));
      const groups = Map.groupBy(events, (event) => bucketOf(bucket, event));
      return sum([...groups.values()].map((group) => ofQuantity(price, sumOf(group, 'quantity'))));
    }
  }
}

/** Percentages, amounts, maximum, minimum. */
function afterTerms({ discounts = [], maximum_amount, minimum_amount }: TotalTerms, before: Decimal): Decimal {
  let total = before;
  for (const one of discounts) if ('percent' in one) total = total.times(new Wide(100).minus(one.percent)).dividedBy(100);
  for (const one of discounts) if ('amount' in one && total.isPositive()) total = Wide.max(0, total.minus(one.amount));
  if (maximum_amount !== undefined) total = Wide.min(total, maximum_amount);
  return minimum_amount === undefined ? total : Wide.max(total, minimum_amount);
}

function ofQuantity(price: QuantityPrice, given: Decimal): Decimal {
  const quantity = allowancesOf(price).reduce((rest, one) => Wide.max(0, rest.minus(one)), transformed(price, given));
  if (price.model === 'unit') return quantity.times(price.unit_amount);
  if (price.model === 'package') return packagesOf(quantity, price.package_size).times(price.package_amount);
  return ofTiers(price, quantity);
}

function allowancesOf({ included_quantity, discounts = [] }: { included_quantity?: string } & TotalTerms): string[] {
  return [included_quantity ?? '0', ...discounts.flatMap((one) => ('quantity' in one ? [one.quantity] : []))];
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

function ofTiers(price: GraduatedPrice | VolumePrice, quantity: Decimal): Decimal {
  const starts = price.tiers.map((_, index) => new Wide(price.tiers[index - 1]?.up_to ?? 0));
  const ends = price.tiers.map(({ up_to }) => new Wide(up_to ?? Number.POSITIVE_INFINITY));
  const amounts = price.tiers.map((tier, index) => {
    const first = index === 0 && quantity.isZero();
    const graduated = price.model === 'graduated';
    const inside = quantity.greaterThan(starts[index]!) && (graduated || quantity.lessThanOrEqualTo(ends[index]!));
    const part = graduated ? Wide.max(0, Wide.min(quantity, ends[index]!).minus(starts[index]!)) : quantity;
    if (!inside && !first) return NOTHING;
    const count = tier.package_size === undefined ? part : packagesOf(part, tier.package_size);
    const flat = inside || price.first_tier_flat_at_zero ? (tier.flat_amount ?? '0') : '0';
    const both = count.times(tier.unit_amount ?? '0').plus(flat);
    return tier.maximum_amount === undefined ? both : Wide.min(both, tier.maximum_amount);
  });
  return sum(amounts);
}

/** A percentage of money is a unit amount of a hundredth of it. */
function asUnits({ tiers }: GraduatedPercentagePrice): GraduatedPrice['tiers'] {
  return tiers.map(({ rate, ...tier }) => ({ ...tier, unit_amount: new Wide(rate).dividedBy(100).toString() }));
}

/** Each event on its own: how much of it lies beyond the free part, found from the sums before and after it. */
function ofPercentage(price: PercentagePrice, events: readonly EventInput[]): Decimal {
  const amounts = events.map(({ amount }) => new Wide(amount!));
  const byCount = limitOf(price.free_events)?.toNumber();
  const bySum = limitOf(price.free_amount);
  const sumTo = (end: number) => sum(amounts.slice(0, end));
  // The first event that is not free ends the free part for all after it.
  const isFree = (index: number) =>
    (byCount === undefined || index < byCount) && (bySum === undefined || sumTo(index + 1).lessThanOrEqualTo(bySum));
  const any = byCount !== undefined || bySum !== undefined;
  let end = 0;
  while (any && end < amounts.length && isFree(end)) end += 1;
  const fees = amounts.slice(end).map((amount, offset) => {
    const index = end + offset;
    const crossing = offset === 0 && bySum !== undefined && (byCount === undefined || index < byCount);
    const charged = crossing ? sumTo(index + 1).minus(bySum) : amount;
    let fee = charged
      .times(price.rate)
      .dividedBy(100)
      .plus(price.fixed_amount ?? 0);
    if (price.min_per_event !== undefined) fee = Wide.max(fee, price.min_per_event);
    return price.max_per_event === undefined ? fee : Wide.min(fee, price.max_per_event);
  });
  return sum(fees);
}

/** Absent where zero. */
function limitOf(text: string | undefined): Decimal | undefined {
  return text === undefined || new Wide(text).isZero() ? undefined : new Wide(text);
}

/** Every event goes to a part, less what is still included when its turn comes. */
function ofParts(price: Extract<Price, { model: 'matrix' | 'time_of_use' }>, events: readonly EventInput[]): Decimal {
  let left = sum(allowancesOf(price).map((one) => new Wide(one)));
  const groups = new Map<Price, EventInput[]>();
  for (const event of events) {
    const part = partOf(price, event);
    const taken = Wide.min(left, event.quantity!);
    left = left.minus(taken);
    groups.set(part, [...(groups.get(part) ?? []), { ...event, quantity: new Wide(event.quantity!).minus(taken).toString() }]);
  }
  return sum([...groups].map(([part, group]) => afterTerms(part, ofEvents(part, group))));
}

function partOf(price: Extract<Price, { model: 'matrix' | 'time_of_use' }>, event: EventInput): Price {
  if (price.model === 'matrix') {
    const matches = (match: Readonly<Record<string, string>>) =>
      Object.entries(match).every(([key, text]) => String(event.properties?.[key]) === text);
    return (price.cells.find(({ match }) => matches(match)) ?? { price: price.default! }).price;
  }
  const local = clockOf(price.time_zone, event);
  return (price.bands.find((band) => fits(band, local)) ?? { price: price.default }).price;
}

function fits(
  { months, days, from = '00:00', to = '24:00' }: Band,
  local: { month: number; day: string; time: string },
): boolean {
  if (months && !months.includes(local.month)) return false;
  if (days && !days.some((day) => day === local.day)) return false;
  // Texts of one length are in the order of the clock.
  const [after, before] = [local.time >= from, local.time < to];
  return from < to ? after && before : after || before;
}

function clockOf(timeZone: string, { time }: EventInput): { month: number; day: string; time: string } {
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('en-GB', { timeZone, ...CLOCK });
  formats.set(timeZone, format);
  const parts = new Map(format.formatToParts(Date.parse(time!)).map(({ type, value }) => [type, value]));
  return {
    month: Number.parseInt(parts.get('month')!, 10),
    day: parts.get('weekday')!.toLowerCase(),
    time: `${parts.get('hour')}:${parts.get('minute')}`,
  };
}

const CLOCK = { month: 'numeric', weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
const formats = new Map<string, Intl.DateTimeFormat>();

/** The bucket that an event lies in, in UTC, by whatever name. */
function bucketOf(bucket: string, event: EventInput): string {
  const minutes = Math.floor(momentOf(event) / 60_000);
  if (bucket === 'PT15M') return `${Math.floor(minutes / 15)}`;
  if (bucket === 'PT6H') return `${Math.floor(minutes / 360)}`;
  // 1 January 1970 was a Thursday: its week began three days before.
  if (bucket === 'P1W') return `${Math.floor((Math.floor(minutes / 1440) + 3) / 7)}`;
  return event.time!.slice(0, { P1D: 10, P1M: 7, P1Y: 4 }[bucket]);
}

function momentOf({ time }: EventInput): number {
  return Date.parse(time!);
}

/** Started packages, from the whole quotient and what is left of it. */
function packagesOf(quantity: Decimal, size: string): Decimal {
  const whole = quantity.divToInt(size);
  return quantity.minus(whole.times(size)).isZero() ? whole : whole.plus(1);
}

function sumOf(events: readonly EventInput[], field: 'quantity' | 'amount'): Decimal {
  return sum(events.map((event) => new Wide(event[field]!)));
}

function sum(values: readonly Decimal[]): Decimal {
  return values.reduce((total, value) => total.plus(value), NOTHING);
}
