import { fileURLToPath } from 'node:url';
import { routes as actionRoutes } from '../billing/actions/routes.ts';
import { constraints as invoicingConstraints } from '../billing/invoicing/errors.ts';
import { routes as invoicingRoutes } from '../billing/invoicing/routes.ts';
import { constraints as ledgerConstraints } from '../billing/ledger/errors.ts';
import { routes as ledgerRoutes } from '../billing/ledger/routes.ts';
import { constraints as partnerConstraints } from '../billing/partners/errors.ts';
import { routes as partnerRoutes } from '../billing/partners/routes.ts';
import { constraints as ratingConstraints } from '../billing/rating/errors.ts';
import { routes as ratingRoutes } from '../billing/rating/routes.ts';
import { constraints as subscriptionConstraints } from '../billing/subscriptions/errors.ts';
import { routes as subscriptionRoutes } from '../billing/subscriptions/routes.ts';
import { constraints as reconciliationConstraints } from '../desk/reconciliation/errors.ts';
import { replayService } from '../desk/reconciliation/routes/grpc.ts';
import { routes as reconciliationRoutes } from '../desk/reconciliation/routes.ts';
import { routes as webhookRoutes } from '../desk/webhooks/routes.ts';
import { routes as auditRoutes } from '../foundation/audit/routes.ts';
import { eventService } from '../foundation/events/routes/grpc.ts';
import { routes as eventRoutes } from '../foundation/events/routes.ts';
import { constraints as identityConstraints } from '../foundation/identity/errors.ts';
import { routes as identityRoutes } from '../foundation/identity/routes.ts';
import { createAuthenticator } from '../foundation/identity/service/authenticate.ts';
import { constraints as providerConstraints } from '../foundation/providers/errors.ts';
import { routes as providerRoutes } from '../foundation/providers/routes.ts';
import { createInboundMetrics } from '../foundation/providers/service/metrics.ts';
import { createInbound } from '../foundation/providers/service/receive.ts';
import { routes as receiptRoutes } from '../foundation/receipts/routes.ts';
import { signAck } from '../foundation/receipts/service.ts';
import { constraints as tenancyConstraints } from '../foundation/tenancy/errors.ts';
import { routes as tenancyRoutes } from '../foundation/tenancy/routes.ts';
import type { AckStatement } from '../kernel/proof.ts';
import { constraints as catalogConstraints } from '../offer/catalog/errors.ts';
import { routes as catalogRoutes } from '../offer/catalog/routes.ts';
import { clock } from '../platform/clock.ts';
import type { Config } from '../platform/config.ts';
import { answers, type Readiness } from '../platform/health.ts';
import { bindRoutes } from '../platform/http.ts';
import type { Postgres } from '../platform/postgres.ts';
import { serveProtos } from '../platform/protos.ts';
import { createRateLimiter } from '../platform/rate-limit.ts';
import type { SharedStore } from '../platform/redis.ts';
import { createRpc } from '../platform/rpc.ts';
import { schedulerRoutes } from '../platform/scheduler/routes.ts';
import type { Logger, Metrics } from '../platform/telemetry.ts';
import { createWeb, serveConsole } from '../platform/web.ts';
import { constraints as meteringConstraints } from '../usage/metering/errors.ts';
import type { Ingest } from '../usage/metering/model.ts';
import { usageService } from '../usage/metering/routes/grpc.ts';
import { routes as meteringRoutes } from '../usage/metering/routes.ts';
import { constraints as meterConstraints } from '../usage/meters/errors.ts';
import { routes as meterRoutes } from '../usage/meters/routes.ts';
import { inboundKinds } from './inbound.ts';
import { allEvents, eventsForOrganizations, foreseenBy } from './reactions.ts';

export const version = '0.1.0';

export interface ServerParts {
  config: Config;
  log: Logger;
  metrics: Metrics;
  postgres: Postgres;
  ingest: Ingest;
  /** What the processes share beside the database; absent where they share nothing. */
  shared?: SharedStore | null;
  /** How far the process is; absent where there is no process around the server. */
  readiness?: () => Promise<Readiness>;
}

/** Which constraint of the database is which error. */
const constraints = {
  ...tenancyConstraints,
  ...identityConstraints,
  ...providerConstraints,
  ...catalogConstraints,
  ...meteringConstraints,
  ...meterConstraints,
  ...ledgerConstraints,
  ...partnerConstraints,
  ...subscriptionConstraints,
  ...ratingConstraints,
  ...invoicingConstraints,
  ...reconciliationConstraints,
};

/** The HTTP server with every room's routes, not yet listening. */
export async function createServer({
  config,
  log,
  metrics,
  postgres,
  ingest,
  shared = null,
  readiness = async () => ({ database: await answers(postgres), roles: {} }),
}: ServerParts) {
  const limiter = createRateLimiter({ limit: config.rate_limit_per_minute, shared });
  const web = await createWeb({
    config,
    limiter,
    log,
    metrics,
    version,
    constraints,
    ready: readiness,
  });
  const deps = { postgres, clock, secure_cookies: config.secure_cookies, shared };
  const authenticator = createAuthenticator(deps);
  const { authenticate, onRevocation } = authenticator;
  const server = bindRoutes(web, { postgres, authenticate });
  const kinds = inboundKinds({ postgres, ingest });
  const inbound = createInbound({ postgres, clock, log, kinds, metrics: createInboundMetrics(metrics.registry) });
  web.addHook('onClose', () => inbound.close());
  auditRoutes(server);
  eventRoutes(server, { postgres });
  tenancyRoutes(server);
  identityRoutes(server, { ...deps, authenticator });
  receiptRoutes(server, { postgres });
  providerRoutes(server, { clock, inbound, kinds });
  catalogRoutes(server);
  const metering = {
    postgres,
    ingest,
    signAck: (tenant_id: string, statement: AckStatement) => signAck(postgres, { ...statement, tenant_id }),
  };
  meteringRoutes(server, metering);
  meterRoutes(server, { postgres, ingest, clock, inbound, data_dir: config.data_dir, max_bytes: config.import_max_bytes });
  ledgerRoutes(server);
  partnerRoutes(server);
  subscriptionRoutes(server);
  ratingRoutes(server, { postgres });
  actionRoutes(server);
  invoicingRoutes(server, { postgres, clock });
  schedulerRoutes(server, { clock });
  webhookRoutes(server, {
    clock,
    event_types: { all: Object.keys(allEvents), organizations: eventsForOrganizations },
    allowed: config.webhooks_allow_private,
  });
  const foreseen = { reactionsTo: foreseenBy(postgres) };
  reconciliationRoutes(server, foreseen);
  const rpc = createRpc({ authenticate, onRevocation, limiter, constraints, log, metrics });
  usageService(rpc, metering);
  eventService(rpc, { postgres });
  replayService(rpc, { postgres, ...foreseen });
  rpc.mount(web);
  serveProtos(web, fileURLToPath(new URL('../../proto', import.meta.url)));
  await serveConsole(web, fileURLToPath(new URL('../../console/dist', import.meta.url)));
  return web;
}
