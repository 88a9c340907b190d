import { getEventListeners } from 'node:events';
import { afterAll, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { happened, outboxOf, until } from '../../../test/support/outbox.ts';
import { compile, type Postgres } from '../../platform/postgres.ts';
import { followEvents } from './service/stream.ts';
import { emit, emitMany } from './service.ts';

const t = await testDatabase();
const outbox = outboxOf(t);
afterAll(() => outbox.stop());

it('who follows one type misses none of it, and looks at what is of another type once', async () => {
  const router = outbox.router([]);
  const rare = (n: number) => ({ ...happened(n), type: 'thing.rare' });
  /** From where each look for events began. */
  const looks: unknown[] = [];
  const watched: Postgres = {
    ...t.postgres,
    read: (scope, work) =>
      t.postgres.read(scope, (db) =>
        work({
          ...db,
          rows: (query) => {
            looks.push(compile(query).values[1]);
            return db.rows(query);
          },
        }),
      ),
  };
  const end = new AbortController();
  const query = { after_position: '0', limit: 10, types: ['thing.rare'], org_ids: null };
  const got: unknown[] = [];
  const following = (async () => {
    for await (const events of followEvents(watched, t.scope(), query, end.signal)) got.push(...events.map(({ data }) => data.n));
  })();
  for (let round = 0; round < 12; round += 1) {
    await t.transact((tx) => emitMany(tx, [happened(0), happened(0), happened(0)]));
    if (round % 4 === 1) await t.transact((tx) => emit(tx, rare(round)));
    await router.drain();
    // A look begins where the one before ended: at what was published in the round before, or later.
    await until(() => looks.length > 0 && BigInt(looks.at(-1) as string) >= round * 3);
  }
  await until(() => got.length === 3);
  expect(got).toEqual([1, 5, 9]);
  expect(getEventListeners(end.signal, 'abort').length).toBeLessThanOrEqual(1);
  end.abort();
  await following;
});
