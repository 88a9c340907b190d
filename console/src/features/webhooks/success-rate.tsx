import { Meter } from '@base-ui/react/meter';
import type { Webhook } from '../../api/types.ts';
import { cx } from '../../ui/cx.ts';
import { formatCount } from '../../ui/format.ts';

/** How many of the attempts of the last day were taken, as a bar and in words. */
export function SuccessRate({ health }: { health: Webhook['health'] }) {
  const { attempts_24h: attempts, succeeded_24h: taken, success_rate_24h: rate } = health;
  if (rate === null) return <span className="text-xs text-ink-3">No attempts</span>;
  const percent = Math.floor(rate * 100);
  return (
    <Meter.Root value={percent} aria-label="Share of attempts that were taken" className="grid w-32 gap-1">
      <span className="tabular text-xs whitespace-nowrap text-ink-2">
        {percent} % <span className="text-ink-3">of {formatCount(attempts)}</span>
      </span>
      <Meter.Track className="h-1 overflow-hidden rounded-full bg-line">
        <Meter.Indicator
          className={cx('block h-full rounded-full', taken === attempts ? 'bg-good' : percent >= 90 ? 'bg-warn' : 'bg-bad')}
        />
      </Meter.Track>
    </Meter.Root>
  );
}
