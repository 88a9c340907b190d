import pg from 'pg';
import { keepCheckpointsIn } from '../foundation/receipts/adapters/checkpoint-folder.ts';
import { checkCatalog } from '../platform/catalog-check.ts';
import { type Config, ConfigError } from '../platform/config.ts';
import { keepDocumentsIn } from '../platform/documents.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../platform/embedded-postgres.ts';
import { armFailpoint } from '../platform/failpoint.ts';
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
  /** Closes the pools, and stops the embedded server where nobody else uses it. */
  stop(): Promise<void>;
}

const oldest_version = 18;

/**
 * Starts or reaches the database, and brings it to what this program expects. With `share` a command may work
 * beside a running server on the same folder. Refuses a catalog that breaks a rule.
 */
export async function openDatabase(config: Config, log: Logger, options: { share?: boolean } = {}): Promise<Database> {
  const embedded = config.database_url === null ? await startEmbedded(config.data_dir, log, options.share ?? false) : null;
  try {
    armFailpoint(config.failpoint);
    loadMasterKey(config.data_dir, config.master_key);
    keepCheckpointsIn(config.data_dir);
    keepDocumentsIn(config.data_dir);
    const admin: pg.PoolConfig = embedded?.admin ?? { connectionString: config.database_url! };
    await bringUpToDate(admin, embedded, log);
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

function startEmbedded(data_dir: string, log: Logger, share: boolean): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({
    data_dir,
    share,
    onRestart: ({ error }) => {
      if (error === undefined) log.warn('PostgreSQL had died and was started again');
      else log.error({ err: error }, 'PostgreSQL has died and does not start; trying again');
    },
  });
}

async function bringUpToDate(admin: pg.PoolConfig, embedded: EmbeddedPostgres | null, log: Logger): Promise<void> {
  const client = await connect(admin);
  try {
    const login = embedded ? embedded.login : { name: await currentUser(client), password: null };
    if (!(await isMigrated(client))) await ensureRoles(client, login);
    const applied = await migrateUp(client);
    if (applied.length > 0) log.info({ migrations: applied }, 'the schema was brought up to date');
    // Asked for itself: a process may have been killed between the one and the other.
    if (applied.length > 0 || !(await hasQueue(client))) await prepareJobs(admin);
    await checkCatalog(client);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code !== '42501' || embedded) throw error;
    throw new ConfigError(
      `DATABASE_URL: the login may not do what setting up takes (${message}). It needs CREATEROLE, BYPASSRLS and to own the database.`,
    );
  } finally {
    await client.end();
  }
}

/** Throws a ConfigError that says why a database that somebody else runs is of no use. */
async function connect(admin: pg.PoolConfig): Promise<pg.Client> {
  const client = new pg.Client(admin);
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    await client.end();
    if (admin.connectionString === undefined) throw error;
    const causes = error instanceof AggregateError ? (error.errors as Error[]) : [error as Error];
    throw new ConfigError(`DATABASE_URL: no connection: ${causes.map((cause) => cause.message).join('; ')}`, { cause: error });
  }
  const { rows } = await client.query<{ number: number; name: string }>(
    "SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS name",
  );
  const version = rows[0]!;
  if (version.number >= oldest_version * 10_000) return client;
  await client.end();
  throw new ConfigError(`DATABASE_URL: PostgreSQL ${oldest_version} or newer is needed; that is ${version.name}.`);
}

/** Looked up in the catalog, which everybody may read. */
async function hasQueue(client: pg.ClientBase): Promise<boolean> {
  const { rowCount } = await client.query(
    "SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'tally_queue' AND p.proname = 'enqueue'",
  );
  return rowCount !== 0;
}

async function currentUser(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ name: string }>('SELECT current_user AS name');
  return rows[0]!.name;
}
