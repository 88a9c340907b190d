import { Autocomplete } from '@base-ui/react/autocomplete';
import { Dialog } from '@base-ui/react/dialog';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Building2, type LucideIcon, Moon, ReceiptText, Search, Sun, SunMoon } from 'lucide-react';
import { useMemo } from 'react';
import { recentInvoices } from '../api/billing.ts';
import { orgSearch } from '../api/orgs.ts';
import { formatAmount } from './format.ts';
import { Kbd } from './kbd.tsx';
import type { Destination } from './navigation.ts';
import { useOverlay } from './shortcuts.ts';
import { type ThemeChoice, useTheme } from './theme.ts';

interface Command {
  value: string;
  label: string;
  about: string;
  icon: LucideIcon;
  run: () => void;
}

interface CommandGroup {
  value: string;
  items: Command[];
}

/** ⌘K: everywhere one can go and the few things one can do from anywhere. */
export function Palette({ destinations }: { destinations: readonly Destination[] }) {
  const open = useOverlay((state) => state.open === 'palette');
  const show = useOverlay((state) => state.show);
  return (
    <Dialog.Root open={open} onOpenChange={(next) => show(next ? 'palette' : null)}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-shade" />
        <Dialog.Popup
          aria-label="Command palette"
          className="fixed top-[12vh] left-1/2 z-50 flex max-h-[60vh] w-[calc(100vw-2rem)] max-w-lg -translate-x-1/2 flex-col overflow-hidden rounded-xl bg-raised text-ink shadow-high outline-none"
        >
          <Commands destinations={destinations} onDone={() => show(null)} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Commands({ destinations, onDone }: { destinations: readonly Destination[]; onDone: () => void }) {
  const groups = useCommands(destinations);
  return (
    <Autocomplete.Root
      open
      inline
      items={groups}
      autoHighlight="always"
      keepHighlight
      itemToStringValue={(item: Command) => `${item.label} ${item.about}`}
    >
      <div className="flex items-center gap-2.5 border-b border-line px-4">
        <Search size={15} className="text-ink-3" aria-hidden="true" />
        <Autocomplete.Input
          aria-label="Search pages, organizations and invoices"
          placeholder="Go to a page, an organization, an invoice…"
          className="h-12 min-w-0 flex-1 bg-transparent text-base outline-none placeholder:text-ink-3"
        />
        <Kbd>esc</Kbd>
      </div>
      <Dialog.Close className="sr-only">Close</Dialog.Close>
      <Autocomplete.Empty>
        <div className="px-4 py-8 text-center text-sm text-ink-3">Nothing here goes by that name.</div>
      </Autocomplete.Empty>
      <Autocomplete.List className="min-h-0 overflow-y-auto p-1.5 data-empty:p-0">
        {(group: CommandGroup) => (
          <Autocomplete.Group key={group.value} items={group.items} className="pb-1">
            <Autocomplete.GroupLabel className="px-2.5 pt-2 pb-1 text-2xs font-medium text-ink-3">
              {group.value}
            </Autocomplete.GroupLabel>
            <Autocomplete.Collection>
              {(item: Command) => (
                <Autocomplete.Item
                  key={item.value}
                  value={item}
                  onClick={() => {
                    onDone();
                    item.run();
                  }}
                  className="flex h-9 cursor-default items-center gap-2.5 rounded-md px-2.5 text-sm select-none data-highlighted:bg-accent-soft"
                >
                  <item.icon size={15} className="shrink-0 text-ink-3" aria-hidden="true" />
                  <span className="truncate">{item.label}</span>
                  <span className="tabular ml-auto shrink-0 pl-4 text-xs text-ink-3">{item.about}</span>
                </Autocomplete.Item>
              )}
            </Autocomplete.Collection>
          </Autocomplete.Group>
        )}
      </Autocomplete.List>
    </Autocomplete.Root>
  );
}

const themes: readonly [ThemeChoice, string, LucideIcon][] = [
  ['light', 'Use the light theme', Sun],
  ['dark', 'Use the dark theme', Moon],
  ['system', 'Follow the system’s theme', SunMoon],
];

function useCommands(destinations: readonly Destination[]): CommandGroup[] {
  const navigate = useNavigate();
  const choose = useTheme((state) => state.choose);
  const orgs = useQuery(orgSearch('')).data?.data;
  const invoices = useQuery(recentInvoices({}, 1)).data?.invoices;
  return useMemo(
    () =>
      [
        {
          value: 'Pages',
          items: destinations.map((one) => ({
            value: one.to,
            label: one.label,
            about: `g ${one.key}`,
            icon: one.icon,
            run: () => navigate({ to: one.to }),
          })),
        },
        {
          value: 'Organizations',
          items: (orgs ?? []).map((org) => ({
            value: org.org_id,
            label: org.legal_name,
            about: org.org_slug,
            icon: Building2,
            run: () => navigate({ to: '/organizations/$org_id', params: { org_id: org.org_id } }),
          })),
        },
        {
          value: 'Invoices',
          items: (invoices ?? []).map((invoice) => ({
            value: invoice.invoice_id,
            label: `${invoice.number} · ${invoice.org_name}`,
            about: formatAmount(invoice.total),
            icon: ReceiptText,
            run: () => navigate({ to: '/invoices/$invoice_id', params: { invoice_id: invoice.invoice_id } }),
          })),
        },
        {
          value: 'Theme',
          items: themes.map(([choice, label, icon]) => ({ value: choice, label, about: '', icon, run: () => choose(choice) })),
        },
      ].filter((group) => group.items.length > 0),
    [navigate, choose, destinations, orgs, invoices],
  );
}
