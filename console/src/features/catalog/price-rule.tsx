import type { ReactNode } from 'react';
import type { Price, Tier } from '../../api/types.ts';
import { formatDecimal, formatLabel } from '../../ui/format.ts';

/** A price in words and tiers; what is not drawn here is shown as it is written. */
export function PriceRule({ price, currency, unit }: { price: Price; currency: string; unit: string }) {
  const each = (amount: string | undefined) => `${formatDecimal(amount ?? '0')} ${currency} per ${unit || 'unit'}`;
  return (
    <div className="text-sm">
      <p>
        <span className="font-medium">{modelNames[price.model] ?? formatLabel(price.model)}</span>
        {price.model === 'unit' ? <span className="tabular text-ink-2">: {each(price.unit_amount)}</span> : null}
        {price.model === 'flat' ? (
          <span className="tabular text-ink-2">
            : {formatDecimal(price.amount ?? '0')} {currency} per period
          </span>
        ) : null}
        {price.model === 'package' ? (
          <span className="tabular text-ink-2">
            : {formatDecimal(price.package_amount ?? '0')} {currency} per started {formatDecimal(price.package_size ?? '1')}{' '}
            {unit}
          </span>
        ) : null}
      </p>
      {price.tiers ? <Tiers tiers={price.tiers} currency={currency} unit={unit} /> : null}
      <Extras price={price} currency={currency} unit={unit} />
    </div>
  );
}

const modelNames: Record<string, string> = {
  unit: 'Per unit',
  flat: 'Flat',
  graduated: 'Graduated, each unit at its own tier',
  volume: 'Volume, all units at the tier of the total',
  package: 'Packages',
};

function Tiers({ tiers, currency, unit }: { tiers: readonly Tier[]; currency: string; unit: string }) {
  const flat = tiers.some((tier) => tier.flat_amount !== undefined);
  return (
    <table className="mt-1.5 w-full max-w-md text-xs">
      <caption className="sr-only">Tiers</caption>
      <thead>
        <tr className="text-2xs text-ink-3">
          <th scope="col" className="py-1 text-left font-medium">
            {unit || 'Units'}
          </th>
          <th scope="col" className="py-1 text-right font-medium">
            Each, {currency}
          </th>
          {flat ? (
            <th scope="col" className="py-1 text-right font-medium">
              On entry, {currency}
            </th>
          ) : null}
        </tr>
      </thead>
      <tbody>
        {tiers.map((tier, index) => (
          <tr key={tier.up_to ?? 'rest'} className="border-t border-line">
            <td className="py-1">{tierName(tiers, index)}</td>
            <td className="py-1 text-right">{formatDecimal(tier.unit_amount ?? '0')}</td>
            {flat ? <td className="py-1 text-right">{tier.flat_amount ? formatDecimal(tier.flat_amount) : '–'}</td> : null}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** "first 100", "to 1,000", "above". */
export function tierName(tiers: readonly Tier[], index: number): string {
  const tier = tiers[index]!;
  if (tier.up_to === null) return index === 0 ? 'all' : `above ${formatDecimal(tiers[index - 1]!.up_to ?? '0')}`;
  return index === 0 ? `first ${formatDecimal(tier.up_to)}` : `up to ${formatDecimal(tier.up_to)}`;
}

const drawnKeys = new Set([
  'model',
  'unit_amount',
  'amount',
  'tiers',
  'package_size',
  'package_amount',
  'included_quantity',
  'minimum_amount',
  'maximum_amount',
]);

function Extras({ price, currency, unit }: { price: Price; currency: string; unit: string }) {
  const extras: ReactNode[] = [];
  if (price.included_quantity) extras.push(`${formatDecimal(price.included_quantity)} ${unit} included`);
  if (price.minimum_amount) extras.push(`at least ${formatDecimal(price.minimum_amount)} ${currency}`);
  if (price.maximum_amount) extras.push(`at most ${formatDecimal(price.maximum_amount)} ${currency}`);
  const rest = Object.fromEntries(Object.entries(price).filter(([key]) => !drawnKeys.has(key)));
  return (
    <>
      {extras.length > 0 ? <p className="tabular mt-1 text-xs text-ink-2">{extras.join(' · ')}</p> : null}
      {Object.keys(rest).length > 0 ? (
        <pre className="mt-1.5 overflow-x-auto rounded bg-canvas p-2 font-mono text-2xs text-ink-2">
          {JSON.stringify(rest, null, 1)}
        </pre>
      ) : null}
    </>
  );
}
