import pg from 'pg';
import { expect, inject, it } from 'vitest';
import { migrateDown, migrateUp } from '../../src/platform/migrate.ts';

const shape = `
  SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull AS line
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
   WHERE c.relnamespace = 'tally'::regnamespace AND c.relkind IN ('r', 'p', 'v')
  UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'tally'::regnamespace
  UNION ALL SELECT tgrelid::regclass || ' ' || tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND c.relnamespace = 'tally'::regnamespace
  UNION ALL SELECT tablename || ' ' || policyname || ' ' || roles::text || coalesce(qual, '') FROM pg_policies WHERE schemaname = 'tally'
  UNION ALL SELECT p.proname || ' ' || md5(prosrc) FROM pg_proc p WHERE pronamespace = 'tally'::regnamespace
  ORDER BY 1`;

it('goes down to nothing and up again to the same schema', async () => {
  const admin = inject('admin');
  const name = `migrate_${process.pid}`;
  const maintenance = new pg.Client({ ...admin, database: 'postgres' });
  await maintenance.connect();
  await maintenance.query(`CREATE DATABASE ${name} TEMPLATE ${inject('template')}`);
  const client = new pg.Client({ ...admin, database: name });
  await client.connect();
  const lines = async () => (await client.query<{ line: string }>(shape)).rows.map((row) => row.line);
  const before = await lines();
  expect(before.length).toBeGreaterThan(300);
  const undone = await migrateDown(client, '0000');
  expect(await lines()).toEqual([]);
  expect((await migrateUp(client)).reverse()).toEqual(undone);
  expect(await lines()).toEqual(before);
  await client.end();
  await maintenance.query(`DROP DATABASE ${name}`);
  await maintenance.end();
});
