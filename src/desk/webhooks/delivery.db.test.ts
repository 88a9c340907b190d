import { afterEach, describe, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { defects, happen, make, receiver, retireAll, testSender } from '../../../test/support/webhooks.ts';

const t = await testDatabase();
afterEach(() => retireAll(t));

const deliveries = (webhook_id: string) =>
  t.superuser<{ delivery_id: string; status: string; attempts: number; next_attempt_at: string | null; event_id: string }>(
    'SELECT * FROM webhook_delivery WHERE webhook_id = $1 ORDER BY delivery_id',
    [webhook_id],
  );
const minute = 60_000;

describe('a delivery', () => {
  it('is sent, signed and recorded', async () => {
    const there = await receiver();
    const sender = testSender(t);
    const webhook = await make(t, { url: there.url });
    const event_id = await happen(t);
    await sender.drain();
    expect(there.received).toHaveLength(1);
    expect(there.received[0]!.headers['webhook-id']).toBe(event_id);
    expect(await deliveries(webhook.webhook_id)).toMatchObject([
      { status: 'delivered', attempts: 1, event_id, last_status: 200 },
    ]);
    expect(sender.logged).toEqual([]);
    expect(await defects(t)).toEqual([]);
    await sender.close();
    await there.close();
  });

  it('is tried at once, after 5 minutes, 30 minutes and 2 hours, then is a dead letter', async () => {
    const there = await receiver((_request, response) => response.writeHead(500).end('no'));
    const sender = testSender(t);
    const { webhook_id } = await make(t, { url: there.url });
    const event_id = await happen(t);
    await sender.drain();
    for (const [wait, tries] of [
      [5, 2],
      [30, 3],
      [120, 4],
    ] as const) {
      await sender.after((wait - 1) * minute);
      expect(there.received).toHaveLength(tries - 1);
      await sender.after(minute);
      expect(there.received).toHaveLength(tries);
    }
    expect(new Set(there.received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([event_id]));
    expect(await deliveries(webhook_id)).toMatchObject([{ status: 'failed', attempts: 4, last_status: 500 }]);
    expect(await t.superuser('SELECT reason FROM webhook_dlq WHERE webhook_id = $1', [webhook_id])).toEqual([
      { reason: 'attempts_exhausted' },
    ]);
    const told = await t.superuser("SELECT data, causation_id FROM billing_events WHERE type = 'webhook.delivery.failed'");
    expect(told).toMatchObject([{ data: { webhook_id, event_id, reason: 'attempts_exhausted' }, causation_id: event_id }]);
    expect(sender.logged).toEqual([]);
    expect(await defects(t)).toEqual([]);
    await sender.close();
    await there.close();
  });
});
