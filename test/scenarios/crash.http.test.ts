import { expect, it } from 'vitest';
import { storm } from '../chaos/storm.ts';

// The short form of `npm run test:chaos`, which kills twenty times and more.
it('loses nothing that was acknowledged and counts nothing twice, though the server and its PostgreSQL are killed', {
  timeout: 120_000,
}, async () => {
  const counts = await storm({ seed: 20_260_806, events: 300, server_kills: 2, postgres_kills: 1, billing_kills: 0 });
  expect(counts).toMatchObject({
    sends: 300,
    server_kills: 2,
    postgres_kills: 1,
    lost: 0,
    counted_twice: 0,
    invoices: 3,
    defects: 0,
  });
  // About a fifth are copies; something was acknowledged before the last kill, and everything in the end.
  expect(counts.distinct_events).toBeLessThan(270);
  expect(counts.acknowledged_before_retries).toBeGreaterThan(50);
  expect(counts.acknowledged_in_bundles).toBeGreaterThanOrEqual(200);
});
