import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type pg from 'pg';

const folder = fileURLToPath(new URL('../../migrations/', import.meta.url));

export interface Migration {
  number: string;
  name: string;
  up: string;
  down: string;
  checksum: string;
}

/** The migrations in order, each with `up` and `down` as SQL text. */
export async function loadMigrations(): Promise<Migration[]> {
  const files = readdirSync(folder)
    .filter((file) => /^\d{4}_[a-z0-9_]+\.ts$/.test(file))
    .sort();
  return Promise.all(
    files.map(async (file) => {
      const module = (await import(pathToFileURL(`${folder}${file}`).href)) as { up: string; down: string };
      const checksum = createHash('sha256').update(module.up).digest('hex');
      return { number: file.slice(0, 4), name: file.slice(5, -3), up: module.up, down: module.down, checksum };
    }),
  );
}

/** A migration that was applied has since been edited, or is missing: the schema is not what the code expects. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/**
 * Applies what is missing, each migration in a transaction of its own, as the role that owns the tables. One process at a
 * time does it; the others wait. Answers the numbers it applied.
 */
export async function migrateUp(client: pg.ClientBase): Promise<string[]> {
  return locked(client, async () => {
    const applied = await appliedMigrations(client);
    const done: string[] = [];
    for (const migration of await loadMigrations()) {
      const checksum = applied.get(migration.number);
      if (checksum === migration.checksum) continue;
      if (checksum !== undefined) {
        throw new MigrationError(`Migration ${migration.number}_${migration.name} was changed after it had been applied.`);
      }
      await inTransaction(client, async () => {
        await client.query(migration.up);
        await client.query('INSERT INTO tally_meta.migration (number, name, checksum) VALUES ($1, $2, $3)', [
          migration.number,
          migration.name,
          migration.checksum,
        ]);
      });
      done.push(migration.number);
    }
    return done;
  });
}

/** Takes back every migration above `to` ('0000' takes back all), newest first. */
export async function migrateDown(client: pg.ClientBase, to: string): Promise<string[]> {
  return locked(client, async () => {
    const applied = await appliedMigrations(client);
    const done: string[] = [];
    for (const migration of (await loadMigrations()).reverse()) {
      if (migration.number <= to || !applied.has(migration.number)) continue;
      await inTransaction(client, async () => {
        await client.query(migration.down);
        await client.query('DELETE FROM tally_meta.migration WHERE number = $1', [migration.number]);
      });
      done.push(migration.number);
    }
    return done;
  });
}

/** True when the database has every migration that this program knows. */
export async function isMigrated(client: pg.ClientBase): Promise<boolean> {
  const exists = await client.query<{ found: string | null }>("SELECT to_regclass('tally_meta.migration')::text AS found");
  if (!exists.rows[0]?.found) return false;
  const applied = await client.query<{ number: string; checksum: string }>('SELECT number, checksum FROM tally_meta.migration');
  const known = new Map(applied.rows.map((row) => [row.number, row.checksum]));
  return (await loadMigrations()).every((migration) => known.get(migration.number) === migration.checksum);
}

async function locked<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('SELECT pg_advisory_lock(7310002)');
  try {
    await client.query('CREATE SCHEMA IF NOT EXISTS tally_meta AUTHORIZATION tally_owner');
    await client.query('CREATE SCHEMA IF NOT EXISTS tally AUTHORIZATION tally_owner');
    await client.query('CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public');
    await client.query('CREATE EXTENSION IF NOT EXISTS citext SCHEMA public');
    await inTransaction(client, async () => {
      await client.query(`CREATE TABLE IF NOT EXISTS tally_meta.migration (
        number text PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
    });
    return await work();
  } finally {
    await client.query('SELECT pg_advisory_unlock(7310002)');
  }
}

async function appliedMigrations(client: pg.ClientBase): Promise<Map<string, string>> {
  const rows = await client.query<{ number: string; checksum: string }>('SELECT number, checksum FROM tally_meta.migration');
  return new Map(rows.rows.map((row) => [row.number, row.checksum]));
}

async function inTransaction(client: pg.ClientBase, work: () => Promise<void>): Promise<void> {
  await client.query('BEGIN; SET LOCAL search_path = tally, public');
  try {
    const role = await client.query<{ may: boolean }>("SELECT pg_has_role(current_user, 'tally_owner', 'SET') AS may");
    if (role.rows[0]?.may) await client.query('SET LOCAL ROLE tally_owner');
    await work();
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
