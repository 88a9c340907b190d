import { randomUUID } from 'node:crypto';
import { Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, type RawBuilder } from 'kysely';
import pg from 'pg';
import { assert } from '../kernel/assert.ts';
import { isId } from '../kernel/id.ts';

/** Who acts, as the audit log names them. */
export interface Actor {
  kind: 'user' | 'api_key' | 'system';
  id: string;
  name?: string;
}

/** What a transaction is told once, and cannot change. */
export interface Scope {
  tenant_id: string;
  now: Temporal.Instant;
  actor: Actor;
  correlation_id?: string;
  /** The event whose reaction this is. */
  causation_id?: string | null;
  request_id?: string | null;
}

/** Reads of one tenant, inside one transaction. */
export interface Db {
  readonly tenant_id: string;
  readonly now: Temporal.Instant;
  rows<R>(query: RawBuilder<R>): Promise<R[]>;
  /** Exactly one row, or an AssertionError. */
  one<R>(query: RawBuilder<R>): Promise<R>;
  maybe<R>(query: RawBuilder<R>): Promise<R | undefined>;
}

/** A transaction that may write. A function that takes `Db` cannot be handed the means to write. */
export interface Tx extends Db {
  readonly actor: Actor;
  readonly correlation_id: string;
  readonly causation_id: string | null;
  readonly request_id: string | null;
  write<R = unknown>(query: RawBuilder<R>): Promise<R[]>;
  /** Runs after the commit, in order; never when the transaction rolls back. A failure is logged, not thrown. */
  afterCommit(effect: () => void | Promise<void>): void;
}

export type DatabaseRole = 'app' | 'ingest' | 'relay' | 'due' | 'auth' | 'jobs' | 'auditor';

export interface Postgres {
  read<T>(scope: Pick<Scope, 'tenant_id' | 'now'>, work: (db: Db) => Promise<T>): Promise<T>;
  /** The same, where all reads see one moment: what others commit meanwhile is in none of them. */
  readSnapshot<T>(scope: Pick<Scope, 'tenant_id' | 'now'>, work: (db: Db) => Promise<T>): Promise<T>;
  transact<T>(scope: Scope, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Connections that act as one database role; for the few rooms that work across tenants. */
  pool(role: DatabaseRole): pg.Pool;
  /** Where to connect, for libraries that bring their own pool. */
  connection(role: DatabaseRole): pg.PoolConfig;
  close(): Promise<void>;
}

export interface PostgresOptions {
  connection: pg.PoolConfig;
  /** Connections of the app role at the most; the others have a few each. */
  max_connections?: number;
  onAfterCommitError?: (error: unknown) => void;
}

const compiler = new Kysely<unknown>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => ({
      init: async () => undefined,
      acquireConnection: async () => assert(false, 'this Kysely only compiles') as never,
      beginTransaction: async () => undefined,
      commitTransaction: async () => undefined,
      rollbackTransaction: async () => undefined,
      releaseConnection: async () => undefined,
      destroy: async () => undefined,
    }),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

/** The text and the values of a query, for the code that holds a raw client. */
export function compile(query: RawBuilder<unknown>): { text: string; values: unknown[] } {
  const compiled = query.compile(compiler);
  return { text: compiled.sql, values: [...compiled.parameters] };
}

type Access = 'READ ONLY' | 'ISOLATION LEVEL REPEATABLE READ READ ONLY' | 'READ WRITE';

export function createPostgres(options: PostgresOptions): Postgres {
  const pools = new Map<DatabaseRole, pg.Pool>();
  const connection = (role: DatabaseRole): pg.PoolConfig => ({
    ...options.connection,
    options: `-c role=tally_${role} -c search_path=tally,public -c timezone=UTC -c datestyle=ISO`,
    application_name: `tallystick-${role}`,
    types: typeParsers,
  });
  const pool = (role: DatabaseRole): pg.Pool => {
    const known = pools.get(role);
    if (known) return known;
    const made = new pg.Pool({
      ...connection(role),
      max: role === 'app' ? (options.max_connections ?? 10) : 3,
      idleTimeoutMillis: 10_000,
      connectionTimeoutMillis: 10_000,
      statement_timeout: role === 'auditor' ? 0 : 60_000,
      idle_in_transaction_session_timeout: 60_000,
    });
    // A connection that breaks tells whoever waits for its answer, and the pool replaces it. One that breaks between two statements of a
    // transaction has nobody to tell: without a listener that would end the process.
    made.on('error', () => undefined);
    made.on('connect', (client) => client.on('error', () => undefined));
    pools.set(role, made);
    return made;
  };

  async function attempt<T>(scope: Scope, access: Access, work: (tx: Tx) => Promise<T>): Promise<T> {
    assert(isId(scope.tenant_id), 'a transaction names a tenant');
    const client = await pool('app').connect();
    const effects: (() => void | Promise<void>)[] = [];
    let broken: Error | undefined;
    try {
      await client.query(`BEGIN ${access}; SELECT set_config('tally.tenant_id', '${scope.tenant_id}', true)`);
      const result = await work(bind(client, scope, effects));
      const ended = await client.query('COMMIT');
      // A transaction in which a statement failed answers COMMIT with ROLLBACK, and no error: nothing was kept.
      assert(ended.command === 'COMMIT', 'a failed statement was passed over, and its transaction rolled back');
      client.release();
      for (const effect of effects) {
        try {
          await effect();
        } catch (error) {
          options.onAfterCommitError?.(error);
        }
      }
      return result;
    } catch (error) {
      try {
        await client.query('ROLLBACK');
      } catch (failure) {
        broken = failure instanceof Error ? failure : new Error(String(failure));
      }
      client.release(broken);
      throw error;
    }
  }

  return {
    pool,
    connection,
    read: (scope, work) => attempt({ ...scope, actor: reader }, 'READ ONLY', work),
    readSnapshot: (scope, work) => attempt({ ...scope, actor: reader }, 'ISOLATION LEVEL REPEATABLE READ READ ONLY', work),
    async transact(scope, work) {
      for (let tries = 1; ; tries += 1) {
        try {
          return await attempt(scope, 'READ WRITE', work);
        } catch (error) {
          if (tries >= 4 || !mayRepeat(error)) throw error;
        }
      }
    },
    async close() {
      await Promise.all([...pools.values()].map((each) => each.end()));
      pools.clear();
    },
  };
}

const reader: Actor = { kind: 'system', id: 'reader' };

/** Deadlock and serialization failure: nothing was done, and the same work may succeed. */
function mayRepeat(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '40P01' || error.code === '40001');
}

function bind(client: pg.PoolClient, scope: Scope, effects: (() => void | Promise<void>)[]): Tx {
  const rows = async <R>(query: RawBuilder<R>): Promise<R[]> => {
    const { text, values } = compile(query);
    const result = await client.query({ text, values });
    return result.rows as R[];
  };
  return {
    tenant_id: scope.tenant_id,
    now: scope.now,
    actor: scope.actor,
    correlation_id: scope.correlation_id ?? randomUUID(),
    causation_id: scope.causation_id ?? null,
    request_id: scope.request_id ?? null,
    rows,
    write: rows as Tx['write'],
    async one(query) {
      const found = await rows(query);
      assert(found.length === 1, `expected one row, found ${found.length}`);
      return found[0]!;
    },
    async maybe(query) {
      const found = await rows(query);
      assert(found.length <= 1, `expected at most one row, found ${found.length}`);
      return found[0];
    },
    afterCommit: (effect) => {
      effects.push(effect);
    },
  };
}

const timestamptz = 1184;
const date = 1082;
const intervalType = 1186;

/** Times come as RFC 3339 text in UTC with the database's microseconds; decimals and bigints as text (pg's own default). */
export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === timestamptz) return (text: string) => `${text.slice(0, 10)}T${text.slice(11).replace('+00', 'Z')}`;
    if (oid === date || oid === intervalType) return (text: string) => text;
    return pg.types.getTypeParser(oid, format as 'text');
  }) as pg.CustomTypesConfig['getTypeParser'],
};
