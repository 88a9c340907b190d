import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleAlert, CircleCheck } from 'lucide-react';
import { explanationOf } from '../../api/billing.ts';
import type { Explanation, Invoice, InvoiceLine } from '../../api/types.ts';
import { formatMoment } from '../../ui/dates.ts';
import { compareDecimals, sumDecimals } from '../../ui/decimal.ts';
import { formatCount, formatDecimal, formatLabel } from '../../ui/format.ts';
import { Hash } from '../../ui/hash.tsx';
import { ProblemBox, Skeleton } from '../../ui/state.tsx';
import { PriceRule } from '../catalog/price-rule.tsx';
import { StepsTable } from '../rating/steps-table.tsx';

/** What made a line: the steps that sum to it, the price they follow, the rounding, the usage behind it. */
export function LineExplanation({ invoice, line }: { invoice: Invoice; line: InvoiceLine }) {
  const explanation = useQuery(explanationOf(invoice.invoice_id, line.line_id));
  return (
    <section
      id={`explanation-${line.line_id}`}
      aria-label={`How ${line.description} was made`}
      className="px-4 pt-1 pb-5 sm:pl-8"
    >
      {explanation.error ? (
        <ProblemBox error={explanation.error} onRetry={explanation.refetch} />
      ) : explanation.data ? (
        <Explained explanation={explanation.data} line={line} currency={invoice.currency} />
      ) : (
        <div role="status" aria-label="Loading the explanation" className="grid gap-2">
          <Skeleton className="h-24 w-full" />
          <Skeleton className="h-4 w-1/2" />
        </div>
      )}
    </section>
  );
}

function Explained({ explanation, line, currency }: { explanation: Explanation; line: InvoiceLine; currency: string }) {
  const { steps, amount_exact, rounding, price_version, usage } = explanation;
  const adds_up =
    same(sumDecimals(steps.map((step) => step.amount)), amount_exact) &&
    same(sumDecimals([amount_exact, rounding.amount]), line.amount.amount);
  return (
    <>
      <StepsTable
        steps={steps}
        unit={line.unit ?? ''}
        totals={[
          { label: 'Exact sum', amount: amount_exact },
          { label: `Rounding, ${formatLabel(rounding.mode).toLowerCase()}`, amount: rounding.amount, signed: true },
          { label: 'On the invoice', amount: line.amount.amount, currency, strong: true },
        ]}
      />
      <p className={`mt-2 flex items-center gap-1.5 text-xs ${adds_up ? 'text-good' : 'text-bad'}`}>
        {adds_up ? <CircleCheck size={13} aria-hidden="true" /> : <CircleAlert size={13} aria-hidden="true" />}
        {adds_up
          ? 'Added up again here: the steps sum to the line, to the last digit.'
          : 'The steps do not sum to the line. Please report this.'}
      </p>
      <div className="mt-5 grid gap-x-8 gap-y-5 md:grid-cols-2">
        <div>
          <h3 className="mb-1.5 text-xs font-medium text-ink-3">
            {price_version.version === null ? 'Price' : `Price, version ${price_version.version}`}
          </h3>
          <PriceRule price={price_version.price} currency={currency} unit={line.unit ?? ''} />
        </div>
        {usage ? <UsageBehind usage={usage} line={line} /> : null}
      </div>
    </>
  );
}

const same = (a: string, b: string) => compareDecimals(a, b) === 0;

function UsageBehind({ usage, line }: { usage: NonNullable<Explanation['usage']>; line: InvoiceLine }) {
  return (
    <div className="min-w-0">
      <h3 className="mb-1.5 text-xs font-medium text-ink-3">Usage</h3>
      <p className="tabular">
        {formatCount(usage.count)} events, {formatDecimal(usage.sum)} {line.unit}
      </p>
      <p className="mt-0.5 flex items-center gap-1.5 text-ink-3">
        Merkle root <Hash value={usage.root} label="Merkle root" />
      </p>
      {usage.events.length > 0 ? (
        <table className="mt-2 w-full text-xs">
          <caption className="sr-only">The first events</caption>
          <thead className="sr-only">
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Request id</th>
              <th scope="col">Quantity</th>
            </tr>
          </thead>
          <tbody>
            {usage.events.slice(0, 5).map((event) => (
              <tr key={event.request_id} className="border-t border-line">
                <td className="py-1 pr-3 whitespace-nowrap text-ink-2">{formatMoment(event.time)}</td>
                <td className="max-w-0 w-full truncate py-1 pr-3 font-mono text-2xs text-ink-3" title={event.request_id}>
                  {event.request_id}
                </td>
                <td className="py-1 text-right">{event.quantity ? formatDecimal(event.quantity) : '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
      {line.sku ? (
        <Link
          to="/usage"
          search={{ sku: line.sku, from: line.period.from.slice(0, 10), to: line.period.to.slice(0, 10) }}
          className="mt-1.5 inline-block rounded-sm text-xs text-accent hover:underline"
        >
          {line.sku} in the usage explorer
        </Link>
      ) : null}
    </div>
  );
}
