import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, inject } from 'vitest';
import { loadMasterKey } from '../../src/platform/keys.ts';
import { createPostgres, type Db, type Postgres, type Scope, type Tx, typeParsers } from '../../src/platform/postgres.ts';

export interface TestDatabase {
  postgres: Postgres;
  tenant_id: string;
  other_tenant_id: string;
  scope(over?: Partial<Scope>): Scope;
  read<T>(work: (db: Db) => Promise<T>, over?: Partial<Scope>): Promise<T>;
  transact<T>(work: (tx: Tx) => Promise<T>, over?: Partial<Scope>): Promise<T>;
  /** SQL past every policy, to plant what the program never would. */
  superuser<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<R[]>;
  /** Where the database is, for a second process. */
  url: string;
  close(): Promise<void>;
}

/** A fresh copy of the migrated template with two tenants, dropped when the file is done. */
export async function testDatabase(): Promise<TestDatabase> {
  loadMasterKey('', Buffer.alloc(32, 7).toString('base64'));
  const admin = inject('admin');
  const login = inject('login');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const maintenance = new pg.Client({ ...admin, database: 'postgres' });
  await maintenance.connect();
  await maintenance.query(`CREATE DATABASE ${name} TEMPLATE ${inject('template')} STRATEGY FILE_COPY`);
  const superuser = new pg.Pool({
    ...admin,
    database: name,
    max: 2,
    types: typeParsers,
    options: '-c search_path=tally,public -c timezone=UTC',
  });
  superuser.on('error', () => undefined);
  const postgres = createPostgres({
    connection: { host: admin.host, port: admin.port, user: login.name, password: login.password, database: name },
  });
  const tenant_id = randomUUID();
  const other_tenant_id = randomUUID();
  const query = async <R extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
    (await superuser.query<R>(text, values)).rows;
  for (const [id, label] of [
    [tenant_id, 'one'],
    [other_tenant_id, 'two'],
  ]) {
    await query("INSERT INTO tenant (tenant_id, name, slug, mode, created_at) VALUES ($1, $2::text, $2::text, 'test', now())", [
      id,
      `tenant-${label}`,
    ]);
  }
  const scope = (over: Partial<Scope> = {}): Scope => ({
    tenant_id,
    now: Temporal.Instant.from('2026-03-01T00:00:00Z'),
    actor: { kind: 'system', id: 'test' },
    ...over,
  });
  let open = true;
  const close = async () => {
    if (!open) return;
    open = false;
    await postgres.close();
    await superuser.end();
    await maintenance.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await maintenance.end();
  };
  afterAll(close);
  return {
    postgres,
    tenant_id,
    other_tenant_id,
    scope,
    read: (work, over) => postgres.read(scope(over), work),
    transact: (work, over) => postgres.transact(scope(over), work),
    superuser: query,
    url: `postgresql://${admin.user}:${admin.password}@${admin.host}:${admin.port}/${name}`,
    close,
  };
}
