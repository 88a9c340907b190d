import { Select as Base } from '@base-ui/react/select';
import { Check, ChevronsUpDown } from 'lucide-react';
import { cx } from './cx.ts';
import { popupClass } from './popup.ts';

export interface Choice<V extends string> {
  value: V;
  label: string;
}

interface SelectProps<V extends string> {
  label: string;
  value: V;
  choices: readonly Choice<V>[];
  onChange: (value: V) => void;
  /** The label is read out and not shown. */
  quiet?: boolean;
  className?: string;
  disabled?: boolean;
}

/** One of a few. For many, use a combobox. */
export function Select<V extends string>({
  label,
  value,
  choices,
  onChange,
  quiet = false,
  className,
  disabled,
}: SelectProps<V>) {
  return (
    <Base.Root items={choices} value={value} disabled={disabled} onValueChange={(next) => next !== null && onChange(next)}>
      <div className={cx('flex min-w-0 flex-col gap-1', className)}>
        <Base.Label className={quiet ? 'sr-only' : 'text-xs font-medium text-ink-2'}>{label}</Base.Label>
        <Base.Trigger className="flex h-8 w-full min-w-28 items-center justify-between gap-2 rounded-md border border-line-strong bg-surface pr-2 pl-2.5 text-sm text-ink hover:bg-sunken">
          <Base.Value className="truncate" />
          <Base.Icon>
            <ChevronsUpDown size={13} className="text-ink-3" aria-hidden="true" />
          </Base.Icon>
        </Base.Trigger>
      </div>
      <Base.Portal>
        <Base.Positioner sideOffset={4} alignItemWithTrigger={false} className="z-50 outline-none">
          <Base.Popup className={cx(popupClass, 'min-w-(--anchor-width)')}>
            <Base.List className="max-h-(--available-height) overflow-y-auto p-1">
              {choices.map((choice) => (
                <Base.Item
                  key={choice.value}
                  value={choice.value}
                  className="grid cursor-default grid-cols-[1fr_1rem] items-center gap-3 rounded px-2 py-1 text-sm outline-none select-none data-highlighted:bg-sunken"
                >
                  <Base.ItemText>{choice.label}</Base.ItemText>
                  <Base.ItemIndicator>
                    <Check size={13} className="text-accent" aria-hidden="true" />
                  </Base.ItemIndicator>
                </Base.Item>
              ))}
            </Base.List>
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
