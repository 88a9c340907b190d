import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { EventStatus } from '../../api/types.ts';
import { eventTypes } from '../../api/webhooks.ts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { Select } from '../../ui/select.tsx';
import { useMay } from '../session/may.ts';

/** What the address of the explorer holds. Moments as `datetime-local` fields have them. */
export interface EventSearch {
  type?: string;
  aggregate_id?: string;
  correlation_id?: string;
  status?: string;
  from?: string;
  to?: string;
}

const statuses = [
  { value: '', label: 'Any state' },
  { value: 'pending', label: 'Pending' },
  { value: 'published', label: 'Published' },
  { value: 'routed', label: 'Routed' },
  { value: 'dead', label: 'Dead' },
] as const;

export function statusOf(search: EventSearch): EventStatus | undefined {
  return statuses.find((one) => one.value !== '' && one.value === search.status)?.value || undefined;
}

interface EventFiltersProps {
  search: EventSearch;
  onChange: (change: EventSearch) => void;
}

export function EventFilters({ search, onChange }: EventFiltersProps) {
  const may_list = useMay('webhooks:read');
  const types = useQuery({ ...eventTypes, enabled: may_list }).data ?? [];
  const listed = search.type && !types.includes(search.type) ? [search.type, ...types] : types;
  const filtered = Object.values(search).some((value) => value !== undefined);
  return (
    <form
      aria-label="Filter events"
      onSubmit={(event) => event.preventDefault()}
      className="mb-4 grid grid-cols-1 items-end gap-3 sm:grid-cols-2 lg:grid-cols-4"
    >
      <Select
        label="Type"
        value={search.type ?? ''}
        choices={[{ value: '', label: 'Any type' }, ...listed.map((type) => ({ value: type, label: type }))]}
        onChange={(type) => onChange({ type })}
      />
      <Select label="State" value={statusOf(search) ?? ''} choices={statuses} onChange={(status) => onChange({ status })} />
      <TextField
        label="From"
        type="datetime-local"
        value={search.from ?? ''}
        onChange={(event) => onChange({ from: event.target.value })}
      />
      <TextField
        label="Before"
        type="datetime-local"
        value={search.to ?? ''}
        onChange={(event) => onChange({ to: event.target.value })}
      />
      <TypedField
        key={`aggregate ${search.aggregate_id}`}
        label="About, by its id"
        value={search.aggregate_id ?? ''}
        onType={(aggregate_id) => onChange({ aggregate_id })}
      />
      <TypedField
        key={`correlation ${search.correlation_id}`}
        label="Correlation"
        value={search.correlation_id ?? ''}
        onType={(correlation_id) => onChange({ correlation_id })}
      />
      <div className="flex gap-2">
        {filtered ? (
          <Button
            look="ghost"
            onClick={() => onChange({ type: '', aggregate_id: '', correlation_id: '', status: '', from: '', to: '' })}
          >
            Clear the filter
          </Button>
        ) : null}
      </div>
    </form>
  );
}

/** A field that is asked for as a whole: on leaving it, or by Enter. */
function TypedField({ label, value, onType }: { label: string; value: string; onType: (value: string) => void }) {
  const [typed, setTyped] = useState(value);
  const ask = () => typed.trim() !== value && onType(typed.trim());
  return (
    <TextField
      label={label}
      value={typed}
      autoComplete="off"
      spellCheck={false}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={ask}
      onKeyDown={(event) => event.key === 'Enter' && ask()}
    />
  );
}
