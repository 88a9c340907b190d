import type { Amount } from '../api/types.ts';
import { cx } from './cx.ts';
import { formatDecimal } from './format.ts';

/** An amount with its currency small beside it, so that columns of digits line up. */
export function Money({ value, className }: { value: Amount; className?: string }) {
  return (
    <span className={cx('tabular whitespace-nowrap', className)}>
      {formatDecimal(value.amount)} <span className="text-[0.8em] font-normal text-ink-3">{value.currency}</span>
    </span>
  );
}
