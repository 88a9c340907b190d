import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { happened, outboxOf } from '../../../test/support/outbox.ts';
import { createEventMetrics } from './service/metrics.ts';
import { emitMany } from './service.ts';

it('counts what waits, what is dead and what became of events, once a registry whichever roles run on it', async () => {
  const t = await testDatabase();
  const outbox = outboxOf(t);
  await t.transact((tx) => emitMany(tx, [happened(1), happened(2, 'b'), happened(3, 'c')]));
  await t.superuser("UPDATE billing_events SET attempts = 9 WHERE data->>'n' = '1'");
  const registry = new Registry();
  const metrics = createEventMetrics(registry, t.postgres);
  expect(createEventMetrics(registry, t.postgres)).toBe(metrics);
  const fails = {
    name: 'test.fails',
    react: async (_tx: unknown, event: { data: Record<string, unknown> }) => {
      if (event.data.n !== 3) throw new Error('no');
    },
  };
  await outbox.router([fails], { metrics }).drain();
  await t.transact((tx) => emitMany(tx, [happened(4, 'd')]));
  const text = await registry.metrics();
  const value = (name: string) =>
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')[1];
  expect({
    pending: value('tallystick_events_pending'),
    unrouted: value('tallystick_events_unrouted'),
    dead: value('tallystick_events_dead'),
    routed: value('tallystick_events_total{outcome="routed"}'),
    failed: value('tallystick_events_total{outcome="failed"}'),
    given_up: value('tallystick_events_total{outcome="dead"}'),
    timed: value('tallystick_events_routed_seconds_count'),
  }).toEqual({ pending: '1', unrouted: '1', dead: '1', routed: '1', failed: '1', given_up: '1', timed: '1' });
  await outbox.stop();
});
