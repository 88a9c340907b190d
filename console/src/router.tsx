import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import type { EventSearch } from './features/events/event-filters.tsx';
import type { UsageSearch } from './features/metering/usage-search.ts';
import { sessionQuery } from './features/session/session.ts';
import { Signed } from './features/session/signed.tsx';
import type { DeliverySearch } from './features/webhooks/deliveries.tsx';
import type { DeadLettersSearch } from './pages/dead-letters.tsx';
import { Missing, PageProblem } from './pages/missing.tsx';
import type { SchedulerSearch } from './pages/scheduler.tsx';
import type { WebhooksSearch } from './pages/webhooks.tsx';

interface Context {
  queries: QueryClient;
}

const root = createRootRouteWithContext<Context>()({
  component: Outlet,
  notFoundComponent: Missing,
  errorComponent: PageProblem,
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search): { next?: string } => pick(search, ['next']),
  component: lazyRouteComponent(() => import('./pages/sign-in.tsx'), 'SignInPage'),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: lazyRouteComponent(() => import('./pages/setup.tsx'), 'SetupPage'),
});

/** Everything below wants a session, and asks for one where there is none. */
const signed = createRoute({
  getParentRoute: () => root,
  id: 'signed',
  component: Signed,
  beforeLoad: async ({ context, location }) => {
    const session = await context.queries.ensureQueryData(sessionQuery);
    if (!session) throw redirect({ to: '/sign-in', search: location.href === '/' ? {} : { next: location.href } });
  },
});

const under = () => signed;

const overview = createRoute({
  getParentRoute: under,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/overview.tsx'), 'OverviewPage'),
});

const usage = createRoute({
  getParentRoute: under,
  path: '/usage',
  validateSearch: (search): UsageSearch => pick(search, ['org_id', 'sku', 'from', 'to', 'window']),
  component: lazyRouteComponent(() => import('./pages/usage.tsx'), 'UsagePage'),
});

const meters = createRoute({
  getParentRoute: under,
  path: '/meters',
  validateSearch: (search): { q?: string } => pick(search, ['q']),
  component: lazyRouteComponent(() => import('./pages/meters.tsx'), 'MetersPage'),
});

const meter = createRoute({
  getParentRoute: under,
  path: '/meters/$meter_id',
  validateSearch: (search): { register?: string; from?: string; to?: string } => pick(search, ['register', 'from', 'to']),
  component: lazyRouteComponent(() => import('./pages/meter.tsx'), 'MeterPage'),
});

const reviews = createRoute({
  getParentRoute: under,
  path: '/reviews',
  validateSearch: (search): { status?: string } => pick(search, ['status']),
  component: lazyRouteComponent(() => import('./pages/reviews.tsx'), 'ReviewsPage'),
});

const imports = createRoute({
  getParentRoute: under,
  path: '/imports',
  validateSearch: (search): { import_id?: string } => pick(search, ['import_id']),
  component: lazyRouteComponent(() => import('./pages/imports.tsx'), 'ImportsPage'),
});

const organizations = createRoute({
  getParentRoute: under,
  path: '/organizations',
  validateSearch: (search): { q?: string } => pick(search, ['q']),
  component: lazyRouteComponent(() => import('./pages/organizations.tsx'), 'OrganizationsPage'),
});

const organization = createRoute({
  getParentRoute: under,
  path: '/organizations/$org_id',
  component: lazyRouteComponent(() => import('./pages/organization.tsx'), 'OrganizationPage'),
});

const plans = createRoute({
  getParentRoute: under,
  path: '/plans',
  component: lazyRouteComponent(() => import('./pages/plans.tsx'), 'PlansPage'),
});

const plan = createRoute({
  getParentRoute: under,
  path: '/plans/$plan_id',
  validateSearch: (search): { sku?: string } => pick(search, ['sku']),
  component: lazyRouteComponent(() => import('./pages/plan.tsx'), 'PlanPage'),
});

const drafts = createRoute({
  getParentRoute: under,
  path: '/drafts',
  component: lazyRouteComponent(() => import('./pages/drafts.tsx'), 'DraftsPage'),
});

const draft = createRoute({
  getParentRoute: under,
  path: '/drafts/$draft_id',
  validateSearch: (search): { sku?: string } => pick(search, ['sku']),
  component: lazyRouteComponent(() => import('./pages/draft.tsx'), 'DraftPage'),
});

const backtests = createRoute({
  getParentRoute: under,
  path: '/backtests',
  component: lazyRouteComponent(() => import('./pages/backtests.tsx'), 'BacktestsPage'),
});

const backtest = createRoute({
  getParentRoute: under,
  path: '/backtests/$backtest_id',
  component: lazyRouteComponent(() => import('./pages/backtest.tsx'), 'BacktestPage'),
});

const estimator = createRoute({
  getParentRoute: under,
  path: '/estimator',
  component: lazyRouteComponent(() => import('./pages/estimator.tsx'), 'EstimatorPage'),
});

const invoices = createRoute({
  getParentRoute: under,
  path: '/invoices',
  validateSearch: (search): { org_id?: string; status?: string } => pick(search, ['org_id', 'status']),
  component: lazyRouteComponent(() => import('./pages/invoices.tsx'), 'InvoicesPage'),
});

const invoice = createRoute({
  getParentRoute: under,
  path: '/invoices/$invoice_id',
  validateSearch: (search): { line?: string } => pick(search, ['line']),
  component: lazyRouteComponent(() => import('./pages/invoice.tsx'), 'InvoicePage'),
});

const creditNote = createRoute({
  getParentRoute: under,
  path: '/credit-notes/$credit_note_id',
  component: lazyRouteComponent(() => import('./pages/credit-note.tsx'), 'CreditNotePage'),
});

const runs = createRoute({
  getParentRoute: under,
  path: '/runs',
  component: lazyRouteComponent(() => import('./pages/runs.tsx'), 'RunsPage'),
});

const events = createRoute({
  getParentRoute: under,
  path: '/events',
  validateSearch: (search): EventSearch => pick(search, ['type', 'aggregate_id', 'correlation_id', 'status', 'from', 'to']),
  component: lazyRouteComponent(() => import('./pages/events.tsx'), 'EventsPage'),
});

const event = createRoute({
  getParentRoute: under,
  path: '/events/$event_id',
  component: lazyRouteComponent(() => import('./pages/event.tsx'), 'EventPage'),
});

const deadLetters = createRoute({
  getParentRoute: under,
  path: '/dead-letters',
  validateSearch: (search): DeadLettersSearch => pick(search, ['tab', 'webhook_id']),
  component: lazyRouteComponent(() => import('./pages/dead-letters.tsx'), 'DeadLettersPage'),
});

const webhooks = createRoute({
  getParentRoute: under,
  path: '/webhooks',
  validateSearch: (search): WebhooksSearch => pick(search, ['tab', 'org_id', 'status']),
  component: lazyRouteComponent(() => import('./pages/webhooks.tsx'), 'WebhooksPage'),
});

const webhook = createRoute({
  getParentRoute: under,
  path: '/webhooks/$webhook_id',
  validateSearch: (search): DeliverySearch => pick(search, ['status', 'event_type', 'from', 'to']),
  component: lazyRouteComponent(() => import('./pages/webhook.tsx'), 'WebhookPage'),
});

const inboundEndpoint = createRoute({
  getParentRoute: under,
  path: '/webhooks/in/$endpoint_id',
  validateSearch: (search): { status?: string } => pick(search, ['status']),
  component: lazyRouteComponent(() => import('./pages/inbound-endpoint.tsx'), 'InboundEndpointPage'),
});

const replays = createRoute({
  getParentRoute: under,
  path: '/replays',
  validateSearch: (search): { tab?: string } => pick(search, ['tab']),
  component: lazyRouteComponent(() => import('./pages/replays.tsx'), 'ReplaysPage'),
});

const replay = createRoute({
  getParentRoute: under,
  path: '/replays/$replay_id',
  component: lazyRouteComponent(() => import('./pages/replay.tsx'), 'ReplayPage'),
});

const verification = createRoute({
  getParentRoute: under,
  path: '/verifications/$verification_id',
  component: lazyRouteComponent(() => import('./pages/verification.tsx'), 'VerificationPage'),
});

const scheduler = createRoute({
  getParentRoute: under,
  path: '/scheduler',
  validateSearch: (search): SchedulerSearch => pick(search, ['tab', 'org_id', 'name']),
  component: lazyRouteComponent(() => import('./pages/scheduler.tsx'), 'SchedulerPage'),
});

const apiKeys = createRoute({
  getParentRoute: under,
  path: '/api-keys',
  component: lazyRouteComponent(() => import('./pages/api-keys.tsx'), 'ApiKeysPage'),
});

const audit = createRoute({
  getParentRoute: under,
  path: '/audit',
  component: lazyRouteComponent(() => import('./pages/audit.tsx'), 'AuditPage'),
});

const tree = root.addChildren([
  signIn,
  setup,
  signed.addChildren([
    overview,
    usage,
    meters,
    meter,
    reviews,
    imports,
    organizations,
    organization,
    plans,
    plan,
    drafts,
    draft,
    backtests,
    backtest,
    estimator,
    invoices,
    invoice,
    creditNote,
    runs,
    events,
    event,
    deadLetters,
    webhooks,
    webhook,
    inboundEndpoint,
    replays,
    replay,
    verification,
    scheduler,
    apiKeys,
    audit,
  ]),
]);

export const makeRouter = (queries: QueryClient) =>
  createRouter({ routeTree: tree, context: { queries }, defaultPreload: 'intent', scrollRestoration: true });

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}

/** The named parts of an address's query that are text, and nothing else of it. */
function pick<K extends string>(search: Record<string, unknown>, names: readonly K[]): { [N in K]?: string } {
  const found: { [N in K]?: string } = {};
  for (const name of names) {
    const value = search[name];
    if (typeof value === 'string' && value !== '') found[name] = value;
    else if (typeof value === 'number') found[name] = String(value);
  }
  return found;
}
