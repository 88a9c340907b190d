import type { Inbound } from '../../foundation/providers/service/receive.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Server } from '../../platform/http.ts';
import type { Postgres } from '../../platform/postgres.ts';
import type { Ingest } from '../metering/model.ts';
import { csvMappingRoutes } from './routes/csv-mappings.ts';
import { gatewayRoutes } from './routes/gateways.ts';
import { importRoutes } from './routes/imports.ts';
import { photoRoutes } from './routes/photos.ts';
import { meterRoutes, siteRoutes } from './routes/places.ts';
import { readingRoutes, reviewRoutes } from './routes/readings.ts';
import { meteringCorrections } from './service/corrections.ts';

/** `data_dir`: absolute path of the data folder, where uploads wait. */
export function routes(
  server: Server,
  deps: { postgres: Postgres; clock: Clock; ingest: Ingest; inbound: Inbound; data_dir: string; max_bytes?: number },
): void {
  const usage = { ...deps, corrections: meteringCorrections(deps) };
  siteRoutes(server);
  meterRoutes(server, usage);
  readingRoutes(server, usage);
  reviewRoutes(server, usage);
  gatewayRoutes(server, deps);
  photoRoutes(server, deps);
  importRoutes(server, deps);
  csvMappingRoutes(server);
}
