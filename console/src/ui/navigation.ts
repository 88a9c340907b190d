import {
  Activity,
  Building2,
  Calculator,
  CalendarClock,
  FilePenLine,
  FileUp,
  FlaskConical,
  Gauge,
  History,
  KeyRound,
  LayoutDashboard,
  ListChecks,
  type LucideIcon,
  MailX,
  ReceiptText,
  RefreshCcwDot,
  ScrollText,
  Tags,
  Webhook,
  Zap,
} from 'lucide-react';

export interface Destination {
  to:
    | '/'
    | '/usage'
    | '/meters'
    | '/reviews'
    | '/imports'
    | '/organizations'
    | '/plans'
    | '/drafts'
    | '/backtests'
    | '/estimator'
    | '/invoices'
    | '/runs'
    | '/events'
    | '/dead-letters'
    | '/webhooks'
    | '/replays'
    | '/scheduler'
    | '/api-keys'
    | '/audit';
  label: string;
  icon: LucideIcon;
  /** What one must be allowed for it to show anything; null for everybody. */
  scope: string | null;
  /** Pressed after `g`. */
  key: string;
}

export interface NavigationGroup {
  title: string | null;
  items: readonly Destination[];
}

/** The rooms of the console in the order of the sidebar, the palette and the shortcuts. */
const groups: readonly NavigationGroup[] = [
  { title: null, items: [{ to: '/', scope: null, label: 'Overview', icon: LayoutDashboard, key: 'o' }] },
  {
    title: 'Metering',
    items: [
      { to: '/usage', scope: 'usage:read', label: 'Usage', icon: Zap, key: 'u' },
      { to: '/meters', scope: 'usage:read', label: 'Meters', icon: Gauge, key: 'd' },
      { to: '/reviews', scope: 'usage:read', label: 'Review queue', icon: ListChecks, key: 'v' },
      { to: '/imports', scope: 'usage:read', label: 'Import', icon: FileUp, key: 'm' },
    ],
  },
  {
    title: 'Customers and offer',
    items: [
      { to: '/organizations', scope: 'orgs:read', label: 'Organizations', icon: Building2, key: 'c' },
      { to: '/plans', scope: 'catalog:read', label: 'Plans and prices', icon: Tags, key: 'p' },
      { to: '/drafts', scope: 'catalog:read', label: 'Price drafts', icon: FilePenLine, key: 'f' },
      { to: '/backtests', scope: 'billing:read', label: 'Backtests', icon: FlaskConical, key: 'b' },
      { to: '/estimator', scope: 'catalog:read', label: 'Estimator', icon: Calculator, key: 'e' },
    ],
  },
  {
    title: 'Billing',
    items: [
      { to: '/invoices', scope: 'invoices:read', label: 'Invoices', icon: ReceiptText, key: 'i' },
      { to: '/runs', scope: 'billing:read', label: 'Billing runs', icon: RefreshCcwDot, key: 'r' },
    ],
  },
  {
    title: 'Operations',
    items: [
      { to: '/events', scope: 'events:read', label: 'Events', icon: Activity, key: 'l' },
      { to: '/dead-letters', scope: 'webhooks:read', label: 'Dead letters', icon: MailX, key: 'x' },
      { to: '/webhooks', scope: 'webhooks:read', label: 'Webhooks', icon: Webhook, key: 'w' },
      { to: '/replays', scope: 'events:read', label: 'Replay', icon: History, key: 'y' },
      { to: '/scheduler', scope: 'billing:read', label: 'Scheduler', icon: CalendarClock, key: 's' },
    ],
  },
  {
    title: 'Settings',
    items: [
      { to: '/api-keys', scope: 'keys:read', label: 'API keys', icon: KeyRound, key: 'k' },
      { to: '/audit', scope: 'audit:read', label: 'Audit log', icon: ScrollText, key: 'a' },
    ],
  },
];

/** Those that show something to whoever holds these scopes. */
export function navigationFor(scopes: readonly string[]): NavigationGroup[] {
  const shown = ({ scope }: Destination) => scope === null || scopes.includes('*') || scopes.includes(scope);
  return groups.map(({ title, items }) => ({ title, items: items.filter(shown) })).filter(({ items }) => items.length > 0);
}

/** The same without their groups. */
export const destinationsFor = (scopes: readonly string[]): Destination[] =>
  navigationFor(scopes).flatMap((group) => group.items);
