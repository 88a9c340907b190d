import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { eventTypes } from '../../api/webhooks.ts';
import { Button } from '../../ui/button.tsx';
import { inputClass } from '../../ui/field.tsx';
import { formatCount } from '../../ui/format.ts';
import { ScrollRegion } from '../../ui/scroll.tsx';
import { ProblemBox, Skeleton } from '../../ui/state.tsx';

interface TypePickerProps {
  /** `*` alone for all. */
  value: readonly string[];
  onChange: (types: string[]) => void;
  error?: string | undefined;
}

/** Which events an endpoint is told of: all, those to come too, or some. */
export function TypePicker({ value, onChange, error }: TypePickerProps) {
  const id = useId();
  const all = value.includes('*');
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1.5 text-xs font-medium text-ink-2">Events</legend>
      <div className="flex flex-col gap-1.5">
        <label className="flex items-center gap-2">
          <input type="radio" name={id} checked={all} onChange={() => onChange(['*'])} className="size-3.5 accent-(--accent)" />
          All, those of later versions too
        </label>
        <label className="flex items-center gap-2">
          <input type="radio" name={id} checked={!all} onChange={() => onChange([])} className="size-3.5 accent-(--accent)" />
          Only these
        </label>
      </div>
      {all ? null : <Choices value={value} onChange={onChange} />}
      {error ? (
        <p role="alert" className="mt-1 text-xs text-bad">
          {error}
        </p>
      ) : null}
    </fieldset>
  );
}

function Choices({ value, onChange }: Pick<TypePickerProps, 'value' | 'onChange'>) {
  const types = useQuery(eventTypes);
  const [sought, setSought] = useState('');
  if (types.error) return <ProblemBox error={types.error} onRetry={types.refetch} className="mt-2" />;
  if (!types.data) return <Skeleton className="mt-2 h-44 w-full" />;
  const wanted = sought.trim().toLowerCase();
  const shown = types.data.filter((type) => type.includes(wanted));
  const toggle = (type: string, on: boolean) => onChange(on ? [...value, type] : value.filter((one) => one !== type));
  return (
    <div className="mt-2 rounded-lg border border-line">
      <div className="flex items-center gap-2 border-b border-line p-2">
        <input
          aria-label="Find a type"
          placeholder="Find a type"
          value={sought}
          onChange={(event) => setSought(event.target.value)}
          className={inputClass}
        />
        <span role="status" className="tabular shrink-0 text-xs text-ink-3">
          {formatCount(value.length)} chosen
        </span>
        <Button size="small" look="ghost" onClick={() => onChange([...new Set([...value, ...shown])])}>
          {wanted === '' ? 'Every one' : 'These'}
        </Button>
        <Button size="small" look="ghost" disabled={value.length === 0} onClick={() => onChange([])}>
          None
        </Button>
      </div>
      <ScrollRegion label="Types" className="max-h-48">
        <ul className="grid gap-x-4 p-2 sm:grid-cols-2">
          {shown.map((type) => (
            <li key={type}>
              <label className="flex items-center gap-2 py-0.5">
                <input
                  type="checkbox"
                  checked={value.includes(type)}
                  onChange={(event) => toggle(type, event.target.checked)}
                  className="size-3.5 shrink-0 accent-(--accent)"
                />
                <span className="truncate font-mono text-xs">{type}</span>
              </label>
            </li>
          ))}
          {shown.length === 0 ? <li className="text-ink-3">No type goes by that name.</li> : null}
        </ul>
      </ScrollRegion>
    </div>
  );
}
