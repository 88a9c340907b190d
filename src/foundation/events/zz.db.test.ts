import { it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { createDispatcher } from './service/dispatch.ts';
import { emitMany } from './service.ts';
it('perf', async () => {
  const t = await testDatabase();
  await t.transact((tx) => emitMany(tx, Array.from({ length: 20000 }, (_, n) => ({ type: 'thing.happened', aggregate_type: 'thing', aggregate_id: `a${n}`, data: { n } }))));
  const d = createDispatcher({ postgres: t.postgres, publisher: { publish: async () => undefined }, log: { warn: console.log, error: console.log } as never });
  const b = performance.now();
  await d.drain();
  console.log('20000 distinct', performance.now() - b);
  await t.transact((tx) => emitMany(tx, Array.from({ length: 5000 }, (_, n) => ({ type: 'thing.happened', aggregate_type: 'thing', aggregate_id: `a`, data: { n } }))));
  const c = performance.now();
  await d.drain();
  console.log('5000 same', performance.now() - c);
  await d.stop();
});
