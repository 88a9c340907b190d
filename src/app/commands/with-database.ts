import { readConfig } from '../../platform/config.ts';
import { createLogger } from '../../platform/telemetry.ts';
import { type Database, openDatabase } from '../database.ts';

/** A process that exits takes its embedded server along; one that a signal ends by itself would leave it behind. */
const exit_codes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Opens the configured database for one command, beside a running server where there is one, and closes it again, whatever happens. */
export async function withDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  for (const [signal, code] of Object.entries(exit_codes)) process.once(signal, () => process.exit(code));
  const database = await openDatabase(readConfig(), createLogger('warn'), { share: true });
  try {
    return await work(database);
  } finally {
    await database.stop();
  }
}
