import { readConfig } from '../../platform/config.ts';
import { createLogger } from '../../platform/telemetry.ts';
import { type Database, openDatabase } from '../database.ts';

/** Opens the configured database for one command, beside a running server where there is one, and closes it again, whatever happens. */
export async function withDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(readConfig(), createLogger('warn'), { share: true });
  try {
    return await work(database);
  } finally {
    await database.stop();
  }
}
