import type { Step } from '../../api/types.ts';
import { cx } from '../../ui/cx.ts';
import { formatDecimal, formatLabel, formatSigned } from '../../ui/format.ts';

interface Total {
  label: string;
  amount: string;
  currency?: string;
  /** A difference: quieter, and with its sign. */
  signed?: boolean;
  strong?: boolean;
}

/** Steps of a price, one beneath the other like the notches of a stick, and what they sum to. */
export function StepsTable({ steps, unit, totals }: { steps: readonly Step[]; unit: string; totals: readonly Total[] }) {
  return (
    <table className="w-full text-sm">
      <caption className="sr-only">Steps that sum to the line</caption>
      <thead>
        <tr className="text-2xs text-ink-3">
          <th scope="col" className="h-7 text-left font-medium">
            Step
          </th>
          <th scope="col" className="px-3 text-right font-medium">
            Quantity
          </th>
          <th scope="col" className="px-3 text-right font-medium">
            Rate
          </th>
          <th scope="col" className="text-right font-medium">
            Amount
          </th>
        </tr>
      </thead>
      <tbody>
        {steps.map((step, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: steps are an ordered list and never change
          <tr key={index} className="border-t border-line">
            <th scope="row" className="h-8 text-left font-normal">
              <span className="inline-flex items-center gap-2">
                <span aria-hidden="true" className="inline-block h-3.5 w-[3px] rounded-full bg-accent" />
                {stepName(step)}
              </span>
            </th>
            <td className="px-3 text-right whitespace-nowrap">
              {step.quantity === undefined ? '' : formatDecimal(step.quantity)}{' '}
              {step.quantity === undefined ? null : (
                <span className="text-xs text-ink-3">{step.kind === 'package' ? 'packages' : unit}</span>
              )}
            </td>
            <td className="px-3 text-right whitespace-nowrap text-ink-2">
              {step.rate === undefined ? '' : `× ${formatDecimal(step.rate)}`}
            </td>
            <td className="text-right whitespace-nowrap">{formatDecimal(step.amount)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        {totals.map((total, index) => (
          <tr key={total.label} className={index === 0 ? 'border-t border-line-strong' : ''}>
            <th
              scope="row"
              colSpan={3}
              className={cx('h-7 pr-3 text-left font-normal', total.signed && 'text-ink-3', total.strong && 'font-semibold')}
            >
              {total.label}
            </th>
            <td className={cx('text-right whitespace-nowrap', total.signed && 'text-ink-3', total.strong && 'font-semibold')}>
              {total.signed ? formatSigned(total.amount) : formatDecimal(total.amount)}
              {total.currency ? <span className="text-xs font-normal text-ink-3"> {total.currency}</span> : null}
            </td>
          </tr>
        ))}
      </tfoot>
    </table>
  );
}

/** "Tier 2", "Included quantity": the kind, with the tier it is about. */
function stepName(step: Step): string {
  if (step.tier === undefined) return formatLabel(step.kind);
  return step.kind === 'tier' ? `Tier ${step.tier}` : `${formatLabel(step.kind)}, tier ${step.tier}`;
}
