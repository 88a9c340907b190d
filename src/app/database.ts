import pg from 'pg';
import { keepCheckpointsIn } from '../foundation/receipts/adapters/checkpoint-folder.ts';
import { checkCatalog } from '../platform/catalog-check.ts';
import type { Config } from '../platform/config.ts';
import { startEmbeddedPostgres } from '../platform/embedded-postgres.ts';
import { prepareJobs } from '../platform/jobs.ts';
import { loadMasterKey } from '../platform/keys.ts';
import { isMigrated, migrateUp } from '../platform/migrate.ts';
import { createPostgres, type Postgres } from '../platform/postgres.ts';
import { ensureRoles } from '../platform/roles.ts';
import type { Logger } from '../platform/telemetry.ts';

export interface Database {
  postgres: Postgres;
  /** May make roles and tables; for migrations alone. */
  admin: pg.PoolConfig;
  /** Closes the pools, and stops the embedded server where there is one. */
  stop(): Promise<void>;
}

/**
 * Starts or reaches the database, and brings it to what this program expects. With `share` a command may work
 * beside a running server on the same folder. Refuses a catalog that breaks a rule.
 */
export async function openDatabase(config: Config, log: Logger, options: { share?: boolean } = {}): Promise<Database> {
  loadMasterKey(config.data_dir, config.master_key);
  keepCheckpointsIn(config.data_dir);
  const embedded =
    config.database_url === null
      ? await startEmbeddedPostgres({ data_dir: config.data_dir, share: options.share ?? false })
      : null;
  const admin: pg.PoolConfig = embedded?.admin ?? { connectionString: config.database_url! };
  try {
    const client = new pg.Client(admin);
    await client.connect();
    try {
      const login = embedded ? embedded.login : { name: await currentUser(client), password: null };
      if (!(await isMigrated(client))) await ensureRoles(client, login);
      const applied = await migrateUp(client);
      if (applied.length > 0) {
        log.info({ migrations: applied }, 'the schema was brought up to date');
        await prepareJobs(admin);
      }
      await checkCatalog(client);
    } finally {
      await client.end();
    }
    const connection: pg.PoolConfig = embedded
      ? { ...admin, user: embedded.login.name, password: embedded.login.password }
      : admin;
    const postgres = createPostgres({ connection, onAfterCommitError: (error) => log.error({ err: error }, 'after a commit') });
    return {
      postgres,
      admin,
      async stop() {
        await postgres.close();
        await embedded?.stop();
      },
    };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}

async function currentUser(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>('SELECT current_user AS name');
  return rows[0]!.name;
}
