import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '../../test/support/database.ts';

const t = await testDatabase();

const insert = (key: string) => sql`
  INSERT INTO idempotency_key (tenant_id, key, method, path, body_hash, status, body, created_at)
  VALUES (${t.tenant_id}, ${key}, 'POST', '/', ${Buffer.alloc(32)}, 200, '{}'::jsonb, now())`;
const kept = async () =>
  (await t.superuser<{ key: string }>('SELECT key FROM idempotency_key ORDER BY key')).map((row) => row.key);
const raise = (state: string) => sql`SELECT tally.planted(${state})`;

await t.superuser(`CREATE FUNCTION tally.planted(state text) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = state; END $$`);

describe('a transaction', () => {
  beforeEach(async () => {
    await t.superuser(
      'ALTER TABLE idempotency_key DISABLE TRIGGER ALL; DELETE FROM idempotency_key; ALTER TABLE idempotency_key ENABLE TRIGGER ALL',
    );
  });

  it('is repeated after a deadlock or a serialization failure, and its effect is had once', async () => {
    for (const state of ['40P01', '40001']) {
      let tries = 0;
      const effects: number[] = [];
      await t.transact(async (tx) => {
        tries += 1;
        tx.afterCommit(() => void effects.push(tries));
        await tx.write(insert(state));
        if (tries < 3) await tx.rows(raise(state));
      });
      expect({ tries, effects }).toEqual({ tries: 3, effects: [3] });
    }
    expect(await kept()).toEqual(['40001', '40P01']);
  });

  it('is given up after four deadlocks, and not repeated for any other failure', async () => {
    for (const [state, most] of [
      ['40P01', 4],
      ['23505', 1],
    ] as const) {
      let tries = 0;
      const work = t.transact(async (tx) => {
        tries += 1;
        await tx.write(insert(state));
        await tx.rows(raise(state));
      });
      await expect(work).rejects.toThrow('planted');
      expect(tries).toBe(most);
    }
    expect(await kept()).toEqual([]);
  });

  it('whose failed statement was passed over does not pass for committed', async () => {
    let told = false;
    const work = t.transact(async (tx) => {
      tx.afterCommit(() => {
        told = true;
      });
      await tx.write(insert('lost'));
      await tx.rows(raise('23505')).catch(() => 'passed over');
    });
    await expect(work).rejects.toThrow('rolled back');
    expect(told).toBe(false);
    expect(await kept()).toEqual([]);
  });

  it('stands when what comes after it fails, and the rest of that still runs', async () => {
    const effects: string[] = [];
    const answer = await t.transact(async (tx) => {
      tx.afterCommit(() => Promise.reject(new Error('after')));
      tx.afterCommit(() => void effects.push('second'));
      await tx.write(insert('stands'));
      return 'answered';
    });
    expect([answer, ...effects, ...(await kept())]).toEqual(['answered', 'second', 'stands']);
  });

  it('that only reads cannot write, and sees no other tenant', async () => {
    await t.transact((tx) => tx.write(insert('mine')));
    await expect(t.read((db) => db.rows(insert('read')))).rejects.toThrow('read-only');
    expect(await t.read((db) => db.rows(sql`SELECT key FROM idempotency_key`), { tenant_id: t.other_tenant_id })).toEqual([]);
    await expect(t.transact((tx) => tx.write(insert('theirs')), { tenant_id: t.other_tenant_id })).rejects.toThrow(
      'row-level security',
    );
  });
});
