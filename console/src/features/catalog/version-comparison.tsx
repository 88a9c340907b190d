import { useState } from 'react';
import type { PriceVersion } from '../../api/types.ts';
import { formatLabel } from '../../ui/format.ts';
import { Card } from '../../ui/page.tsx';
import { Select } from '../../ui/select.tsx';
import { priceDifferences } from './price-differences.ts';

/** Any two versions of a price beside each other: only what differs. */
export function VersionComparison({ versions }: { versions: readonly PriceVersion[] }) {
  const [after, setAfter] = useState(String(versions[0]!.version));
  const [before, setBefore] = useState(String(versions[1]!.version));
  const priceOf = (version: string) => versions.find((one) => String(one.version) === version)!.price;
  const found = priceDifferences(priceOf(before), priceOf(after));
  const choices = versions.map((one) => ({ value: String(one.version), label: `Version ${one.version}` }));
  return (
    <Card
      flush
      title="Differences"
      actions={
        <>
          <Select quiet label="From version" value={before} choices={choices} onChange={setBefore} />
          <span aria-hidden="true" className="text-ink-3">
            →
          </span>
          <Select quiet label="To version" value={after} choices={choices} onChange={setAfter} />
        </>
      }
    >
      {found.length === 0 ? (
        <p className="px-4 pb-4 text-ink-3">None: these are the same price.</p>
      ) : (
        <table className="w-full text-sm">
          <caption className="sr-only">Differences between two versions</caption>
          <thead>
            <tr className="border-b border-line text-2xs text-ink-3">
              <th scope="col" className="h-8 px-4 text-left font-medium">
                Where
              </th>
              <th scope="col" className="h-8 px-4 text-right font-medium">
                Version {before}
              </th>
              <th scope="col" className="h-8 px-4 text-right font-medium">
                Version {after}
              </th>
            </tr>
          </thead>
          <tbody>
            {found.map((one) => (
              <tr key={one.place} className="border-b border-line last:border-b-0">
                <th scope="row" className="h-9 px-4 text-left font-normal text-ink-2">
                  {formatLabel(one.place)}
                </th>
                <td className="px-4 text-right">{one.before ?? '–'}</td>
                <td className="px-4 text-right">{one.after ?? '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}
