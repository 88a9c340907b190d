import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { TestDatabase } from './database.ts';

export interface HeldTable {
  /** Resolves when somebody waits for the table. */
  waitedFor(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Lets nobody write to a table until released: a way to stop a transaction at a place of one's choice. Readers pass, and the lock
 * has no transaction id, so that no watermark waits for it.
 */
export async function holdTable(t: Pick<TestDatabase, 'url' | 'superuser'>, table: string): Promise<HeldTable> {
  const client = new pg.Client(t.url);
  await client.connect();
  await client.query(`BEGIN; LOCK TABLE tally."${table}" IN EXCLUSIVE MODE`);
  return {
    async waitedFor() {
      const waiting = `SELECT 1 FROM pg_locks WHERE relation = 'tally."${table}"'::regclass AND NOT granted`;
      while ((await t.superuser(waiting)).length === 0) await sleep(5);
    },
    async release() {
      await client.query('COMMIT');
      await client.end();
    },
  };
}
