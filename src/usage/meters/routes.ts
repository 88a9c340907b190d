import type { Clock } from '../../platform/clock.ts';
import type { Server } from '../../platform/http.ts';
import type { Postgres } from '../../platform/postgres.ts';
import type { Ingest } from '../metering/model.ts';
import { csvMappingRoutes } from './routes/csv-mappings.ts';
import { importRoutes } from './routes/imports.ts';
import { meterRoutes, siteRoutes } from './routes/places.ts';

/** `data_dir`: absolute path of the data folder, where uploads wait. */
export function routes(
  server: Server,
  deps: { postgres: Postgres; clock: Clock; ingest: Ingest; data_dir: string; max_bytes?: number },
): void {
  siteRoutes(server);
  meterRoutes(server, deps);
  importRoutes(server, deps);
  csvMappingRoutes(server);
}
