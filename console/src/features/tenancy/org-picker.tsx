import { Combobox } from '@base-ui/react/combobox';
import { useQuery } from '@tanstack/react-query';
import { Check, ChevronsUpDown, X } from 'lucide-react';
import { useDeferredValue, useMemo, useState } from 'react';
import { orgById, orgSearch } from '../../api/orgs.ts';
import type { Organization } from '../../api/types.ts';
import { cx } from '../../ui/cx.ts';
import { Field, inputClass } from '../../ui/field.tsx';
import { popupClass } from '../../ui/popup.ts';

interface OrgPickerProps {
  label: string;
  /** An org_id, or "" for none. */
  value: string;
  onChange: (org_id: string, org: Organization | null) => void;
  placeholder?: string;
  quiet?: boolean;
  hint?: string;
  error?: string | undefined;
  className?: string;
}

/** One organization out of many, found by name or slug as one types. */
export function OrgPicker({
  label,
  value,
  onChange,
  placeholder = 'Any organization',
  quiet,
  hint,
  error,
  className,
}: OrgPickerProps) {
  const [typed, setTyped] = useState('');
  const search = useDeferredValue(typed.trim());
  const chosen = useQuery({ ...orgById(value), enabled: value !== '' }).data ?? null;
  const named = chosen !== null && search === chosen.legal_name;
  const found = useQuery({ ...orgSearch(named ? '' : search), placeholderData: (before) => before });
  const items = useMemo(() => {
    const list = found.data?.data ?? [];
    return chosen && !list.some((org) => org.org_id === chosen.org_id) ? [...list, chosen] : list;
  }, [found.data, chosen]);
  return (
    <Combobox.Root
      items={items}
      value={value === '' ? null : chosen}
      onValueChange={(org: Organization | null) => onChange(org?.org_id ?? '', org)}
      onInputValueChange={setTyped}
      itemToStringLabel={(org: Organization) => org.legal_name}
      isItemEqualToValue={(item, other) => item.org_id === other.org_id}
      filter={(org: Organization, query) => matches(org, named ? '' : query)}
    >
      <Field label={label} quiet={quiet} hint={hint} error={error} className={className}>
        {(ids) => (
          <Combobox.InputGroup className="relative">
            <Combobox.Input {...ids} placeholder={placeholder} className={cx(inputClass, 'pr-14')} />
            <span className="absolute inset-y-0 right-1 flex items-center text-ink-3">
              <Combobox.Clear
                aria-label={`Clear ${label.toLowerCase()}`}
                className="flex size-6 items-center justify-center rounded hover:text-ink"
              >
                <X size={13} aria-hidden="true" />
              </Combobox.Clear>
              <Combobox.Trigger
                aria-label={`Choose ${label.toLowerCase()}`}
                className="flex size-6 items-center justify-center rounded hover:text-ink"
              >
                <ChevronsUpDown size={13} aria-hidden="true" />
              </Combobox.Trigger>
            </span>
          </Combobox.InputGroup>
        )}
      </Field>
      <Combobox.Portal>
        <Combobox.Positioner sideOffset={4} className="z-50 outline-none">
          <Combobox.Popup className={cx(popupClass, 'w-(--anchor-width) min-w-64')}>
            <Combobox.Empty>
              <div className="px-3 py-3 text-sm text-ink-3 empty:hidden">
                {found.isPending ? 'Looking…' : 'No organization goes by that name.'}
              </div>
            </Combobox.Empty>
            <Combobox.List className="max-h-[min(20rem,var(--available-height))] overflow-y-auto p-1 data-empty:p-0">
              {(org: Organization) => (
                <Combobox.Item
                  key={org.org_id}
                  value={org}
                  className="grid cursor-default grid-cols-[minmax(0,1fr)_1rem] items-center gap-2 rounded px-2 py-1 text-sm outline-none select-none data-highlighted:bg-sunken"
                >
                  <span className="truncate">
                    {org.legal_name} <span className="text-xs text-ink-3">{org.org_slug}</span>
                  </span>
                  <Combobox.ItemIndicator>
                    <Check size={13} className="text-accent" aria-hidden="true" />
                  </Combobox.ItemIndicator>
                </Combobox.Item>
              )}
            </Combobox.List>
          </Combobox.Popup>
        </Combobox.Positioner>
      </Combobox.Portal>
    </Combobox.Root>
  );
}

function matches(org: Organization, query: string): boolean {
  const wanted = query.trim().toLowerCase();
  return org.legal_name.toLowerCase().includes(wanted) || org.org_slug.includes(wanted);
}
