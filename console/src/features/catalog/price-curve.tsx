import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { priceCurve } from '../../api/catalog.ts';
import type { Price } from '../../api/types.ts';
import { Curve } from '../../ui/chart.tsx';
import { TextField } from '../../ui/field.tsx';
import { formatAmount, formatAmountCompact, formatCompact, formatDecimal } from '../../ui/format.ts';
import { Card } from '../../ui/page.tsx';
import { ProblemBox, Skeleton } from '../../ui/state.tsx';

const points = 25;

/** The amount against the quantity, each point asked of the engine that bills. */
export function PriceCurve({ price, currency, unit }: { price: Price; currency: string; unit: string }) {
  const [until, setUntil] = useState(() => usefulRange(price));
  const valid = /^[1-9]\d{0,11}$/.test(until);
  const tiers = (price.tiers ?? []).map((tier) => tier.up_to).filter((up_to) => up_to !== null);
  const quantities = valid ? spread(until, tiers) : [];
  const curve = useQuery({ ...priceCurve({ currency, price, quantities }), enabled: valid, placeholderData: (before) => before });
  return (
    <Card
      title="Amount against quantity"
      lead="one period, from the engine that bills"
      actions={
        <div className="flex items-center gap-2 text-xs text-ink-3">
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
      {curve.error ? (
        <ProblemBox error={curve.error} onRetry={curve.refetch} />
      ) : !valid ? (
        <p className="py-8 text-center text-ink-3">Enter a whole number above zero.</p>
      ) : !curve.data ? (
        <Skeleton className="h-56 w-full" />
      ) : (
        <Curve
          label={`Amount in ${currency} against ${unit}`}
          points={curve.data.map((one) => ({ at: one.quantity, values: { amount: one.amount } }))}
          series={[{ key: 'amount', name: `Amount, ${currency}` }]}
          marks={tiers
            .filter((up_to) => whole(up_to) < BigInt(until))
            .map((up_to) => ({ at: up_to, label: formatCompact(up_to) }))}
          formatAt={(quantity) => `${formatDecimal(quantity)} ${unit}`}
          formatTick={formatCompact}
          formatValue={(amount) => formatAmount({ amount, currency })}
          formatAxis={(amount) => formatAmountCompact(amount, currency)}
        />
      )}
    </Card>
  );
}

/** Half as far again as the last tier begins, or ten times what is included, or a thousand. */
function usefulRange(price: Price): string {
  const edges = (price.tiers ?? []).map((tier) => tier.up_to).filter((up_to) => up_to !== null);
  const last = edges.at(-1)?.split('.')[0];
  if (last) return ((BigInt(last) * 3n + 1n) / 2n).toString();
  const included = price.included_quantity?.split('.')[0];
  if (included && included !== '0') return (BigInt(included) * 5n).toString();
  return '1000';
}

/** Whole quantities from zero to the last, evenly, and those on either side of a tier's end, so that kinks and jumps show. */
function spread(until: string, tiers: readonly string[]): string[] {
  const last = BigInt(until);
  const even = Array.from({ length: points }, (_, index) => (last * BigInt(index)) / BigInt(points - 1));
  const edges = tiers.flatMap((up_to) => [whole(up_to), whole(up_to) + 1n]).filter((edge) => edge < last);
  return [...new Set([...even, ...edges])].sort((a, b) => (a < b ? -1 : 1)).map(String);
}

const whole = (decimal: string): bigint => BigInt(decimal.split('.')[0] ?? '0');
