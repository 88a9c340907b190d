import {
  Building2,
  Calculator,
  FilePenLine,
  FileUp,
  FlaskConical,
  Gauge,
  KeyRound,
  LayoutDashboard,
  ListChecks,
  type LucideIcon,
  ReceiptText,
  RefreshCcwDot,
  ScrollText,
  Tags,
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
    | '/api-keys'
    | '/audit';
  label: string;
  icon: LucideIcon;
  /** Pressed after `g`. */
  key: string;
}

/** The rooms of the console in the order of the sidebar, the palette and the shortcuts. */
export const navigation: readonly { title: string | null; items: readonly Destination[] }[] = [
  { title: null, items: [{ to: '/', label: 'Overview', icon: LayoutDashboard, key: 'o' }] },
  {
    title: 'Metering',
    items: [
      { to: '/usage', label: 'Usage', icon: Zap, key: 'u' },
      { to: '/meters', label: 'Meters', icon: Gauge, key: 'd' },
      { to: '/reviews', label: 'Review queue', icon: ListChecks, key: 'v' },
      { to: '/imports', label: 'Import', icon: FileUp, key: 'm' },
    ],
  },
  {
    title: 'Customers and offer',
    items: [
      { to: '/organizations', label: 'Organizations', icon: Building2, key: 'c' },
      { to: '/plans', label: 'Plans and prices', icon: Tags, key: 'p' },
      { to: '/drafts', label: 'Price drafts', icon: FilePenLine, key: 'd' },
      { to: '/backtests', label: 'Backtests', icon: FlaskConical, key: 'b' },
      { to: '/estimator', label: 'Estimator', icon: Calculator, key: 'e' },
    ],
  },
  {
    title: 'Billing',
    items: [
      { to: '/invoices', label: 'Invoices', icon: ReceiptText, key: 'i' },
      { to: '/runs', label: 'Billing runs', icon: RefreshCcwDot, key: 'r' },
    ],
  },
  {
    title: 'Settings',
    items: [
      { to: '/api-keys', label: 'API keys', icon: KeyRound, key: 'k' },
      { to: '/audit', label: 'Audit log', icon: ScrollText, key: 'a' },
    ],
  },
];

export const destinations: readonly Destination[] = navigation.flatMap((group) => group.items);
