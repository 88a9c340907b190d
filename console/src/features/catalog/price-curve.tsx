import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { priceCurve } from '../../api/catalog.ts';
import type { Price } from '../../api/types.ts';
import { Curve, Legend } from '../../ui/chart.tsx';
import { TextField } from '../../ui/field.tsx';
import { formatAmount, formatAmountCompact, formatCompact, formatDecimal } from '../../ui/format.ts';
import { Card } from '../../ui/page.tsx';
import { ProblemBox, Skeleton } from '../../ui/state.tsx';

const points = 25;

interface PriceCurveProps {
  price: Price;
  currency: string;
  unit: string;
  /** A price to draw beside it: the plan's own, where a draft is edited. */
  live?: Price | null;
}

/** The amount against the quantity, each point asked of the engine that bills. */
export function PriceCurve({ price, currency, unit, live = null }: PriceCurveProps) {
  const [until, setUntil] = useState(() => usefulRange(price));
  const valid = /^[1-9]\d{0,11}$/.test(until);
  const ends = tierEnds(price);
  const over_events = isOverEvents(price);
  const quantities = valid ? spread(until, live ? [...ends, ...tierEnds(live)] : ends) : [];
  const curve = useQuery({
    ...priceCurve({ currency, price, quantities }),
    enabled: valid && !over_events,
    placeholderData: (before) => before,
  });
  const beside = useQuery({
    ...priceCurve({ currency, price: live ?? price, quantities }),
    enabled: valid && live !== null && !isOverEvents(live) && !over_events,
    placeholderData: (before) => before,
  });
  const series = live
    ? [
        { key: 'amount', name: `Draft, ${currency}` },
        { key: 'live', name: `Live, ${currency}` },
      ]
    : [{ key: 'amount', name: `Amount, ${currency}` }];
  const livePoints = new Map(beside.data?.map((one) => [one.quantity, one.amount]));
  return (
    <Card
      title="Amount against quantity"
      lead="one period, from the engine that bills"
      actions={
        <div className="flex items-center gap-2 text-xs text-ink-3">
          <Legend series={series} />
          <span aria-hidden="true">up to</span>
          <TextField
            quiet
            label={`Largest ${unit}`}
            inputMode="decimal"
            value={until}
            className="w-24"
            onChange={(event) => setUntil(event.target.value.trim())}
          />
        </div>
      }
    >
      {over_events ? (
        <p className="py-8 text-center text-ink-3">
          A price over single events has no curve over one quantity: a backtest shows it.
        </p>
      ) : curve.error ? (
        <ProblemBox error={curve.error} onRetry={curve.refetch} />
      ) : !valid ? (
        <p className="py-8 text-center text-ink-3">Enter a whole number above zero.</p>
      ) : !curve.data ? (
        <Skeleton className="h-56 w-full" />
      ) : (
        <Curve
          label={`Amount in ${currency} against ${unit}`}
          points={curve.data.map(({ quantity, amount }) => {
            const there = live ? livePoints.get(quantity) : undefined;
            return { at: quantity, values: { amount, ...(there === undefined ? {} : { live: there }) } };
          })}
          series={series}
          marks={ends.filter((end) => end < BigInt(until)).map((end) => ({ at: String(end), label: formatCompact(String(end)) }))}
          formatAt={(quantity) => `${formatDecimal(quantity)} ${unit}`}
          formatTick={formatCompact}
          formatValue={(amount) => formatAmount({ amount, currency })}
          formatAxis={(amount) => formatAmountCompact(amount, currency)}
        />
      )}
    </Card>
  );
}

/** What one quantity does not say enough for. */
const isOverEvents = ({ model, bucket }: Price): boolean =>
  bucket !== undefined || ['percentage', 'dynamic', 'matrix', 'time_of_use'].includes(model);

/** The quantities at which a tier ends, with what is included taken before the tiers begin. */
function tierEnds(price: Price): bigint[] {
  const included = whole(price.included_quantity ?? '0');
  return (price.tiers ?? []).flatMap((tier) => (tier.up_to === null ? [] : [whole(tier.up_to) + included]));
}

/** Half as far again as the last tier begins, or five times what is included, or a thousand. */
function usefulRange(price: Price): string {
  const last = tierEnds(price).at(-1);
  if (last) return rounded((last * 3n + 1n) / 2n);
  const included = whole(price.included_quantity ?? '0');
  return included > 0n ? (included * 5n).toString() : '1000';
}

/** Up to two digits and zeros: 75,750 → 76,000. */
function rounded(quantity: bigint): string {
  const unit = 10n ** BigInt(Math.max(0, quantity.toString().length - 2));
  return (((quantity + unit - 1n) / unit) * unit).toString();
}

/** Whole quantities from zero to the last, evenly, and those on either side of a tier's end, so that kinks and jumps show. */
function spread(until: string, ends: readonly bigint[]): string[] {
  const last = BigInt(until);
  const even = Array.from({ length: points }, (_, index) => (last * BigInt(index)) / BigInt(points - 1));
  const edges = ends.flatMap((end) => [end, end + 1n]).filter((edge) => edge < last);
  return [...new Set([...even, ...edges])].sort((a, b) => (a < b ? -1 : 1)).map(String);
}

const whole = (decimal: string): bigint => BigInt(decimal.split('.')[0] ?? '0');
