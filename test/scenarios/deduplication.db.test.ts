import { expect, it } from 'vitest';
import { exactness } from '../chaos/exactness.ts';

// The short form of what `npm run test:chaos` does with more events, more crashes and every way to break it.
it('stores each event once, though every writer sends all of them through many generations and a crash', {
  timeout: 120_000,
}, async () => {
  const found = await exactness({ seed: 20_261_124, events: 2500, writers: 6, generation_events: 170, kills: 1 });
  expect(found).toMatchObject({ rows: 2500, distinct: 2500, acknowledged: 2500, lost: 0, wrong_answers: 0, defects: [] });
  expect(found.unanswered).toBeGreaterThan(0);
  expect(found.generations).toBeGreaterThan(2);
});

it('stores events twice when nobody looks whether a crash has emptied the keys, and the audit says so', {
  timeout: 120_000,
}, async () => {
  const broken = 'emptied keys go unnoticed';
  const found = await exactness({ seed: 1, events: 1500, writers: 6, generation_events: 1_000_000, kills: 1, broken });
  expect(found.rows).toBeGreaterThan(found.distinct);
  expect(found.defects).toContain('U6 request id that is stored twice');
});
