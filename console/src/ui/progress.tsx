import { Progress } from '@base-ui/react/progress';

/** How far something is. Counts are shown as a share; an unknown total shows as work without an end. */
export function ProgressBar({ label, done, total }: { label: string; done: number; total: number }) {
  const share = total > 0 ? Math.min(100, Math.floor((done / total) * 100)) : null;
  return (
    <Progress.Root value={share} className="grid grid-cols-[1fr_auto] gap-y-1.5 text-xs">
      <Progress.Label className="text-ink-2">{label}</Progress.Label>
      <Progress.Value className="tabular text-ink-3">{(text) => (share === null ? '' : text)}</Progress.Value>
      <Progress.Track className="col-span-2 h-1.5 overflow-hidden rounded-full bg-line">
        <Progress.Indicator className="block h-full rounded-full bg-accent transition-[width] duration-300 data-indeterminate:skeleton data-indeterminate:w-full" />
      </Progress.Track>
    </Progress.Root>
  );
}
