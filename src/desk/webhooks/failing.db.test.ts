import { afterEach, describe, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { defects, happen, make, receiver, retireAll, testSender, webhookDeps } from '../../../test/support/webhooks.ts';
import { changeWebhook } from './service/webhooks.ts';

const t = await testDatabase();
const open: { close(): unknown }[] = [];
const opened = <T extends { close(): unknown }>(one: T): T => {
  open.push(one);
  return one;
};
afterEach(async () => {
  expect(await defects(t)).toEqual([]);
  await retireAll(t);
  for (const one of open.splice(0).reverse()) await one.close();
});

const minute = 60_000;
const hour = 60 * minute;

interface DeliveryRow {
  delivery_id: string;
  status: string;
  attempts: number;
  event_id: string;
  event_type: string;
  last_status: number | null;
}
const deliveries = (webhook_id: string) =>
  t.superuser<DeliveryRow>('SELECT * FROM webhook_delivery WHERE webhook_id = $1 ORDER BY delivery_id', [webhook_id]);
const webhook = async (webhook_id: string) =>
  (await t.superuser('SELECT * FROM webhook WHERE webhook_id = $1', [webhook_id]))[0]!;
const told = (type: string, webhook_id: string) =>
  t.superuser('SELECT data, correlation_id, causation_id FROM billing_events WHERE type = $1 AND aggregate_id = $2', [
    type,
    webhook_id,
  ]);
const answering = (status: number, headers: Record<string, string> = {}) =>
  receiver((_request, response) => response.writeHead(status, headers).end());

describe('a delivery that fails', () => {
  it('is tried at once, after 5 minutes, 30 minutes and 2 hours, and is then a dead letter', async () => {
    const there = opened(await answering(500));
    const sender = opened(testSender(t));
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
    await sender.after(1000 * hour);
    expect(there.received).toHaveLength(4);
    expect(new Set(there.received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([event_id]));
    const stamps = there.received.map(({ headers }) => Number.parseInt(headers['webhook-timestamp']!, 10));
    // In seconds: 300, 1,800 and 7,200 later, give or take the seconds that the test itself takes.
    expect(stamps.slice(1).map((at, nth) => Math.floor((at - stamps[nth]!) / 100) * 100)).toEqual([300, 1800, 7200]);
    expect(await deliveries(webhook_id)).toMatchObject([{ status: 'failed', attempts: 4, last_status: 500 }]);
    expect(await t.superuser('SELECT reason FROM webhook_dlq WHERE webhook_id = $1', [webhook_id])).toEqual([
      { reason: 'attempts_exhausted' },
    ]);
    expect(await told('webhook.delivery.failed', webhook_id)).toMatchObject([
      { data: { webhook_id, event_id, reason: 'attempts_exhausted' }, correlation_id: 'c', causation_id: event_id },
    ]);
    expect(sender.logged).toEqual([]);
  });

  it('is tried ten times in three days under the schedule that Standard Webhooks recommends', async () => {
    const there = opened(await answering(503));
    const sender = opened(testSender(t, { random: () => 1, disable_after_days: 30 }));
    const { webhook_id } = await make(t, { url: there.url, schedule: 'extended' });
    await happen(t);
    await sender.drain();
    const waits = [5000, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour];
    for (const [nth, wait] of waits.entries()) {
      // With all of the jitter a tenth longer.
      await sender.after(wait);
      expect(there.received).toHaveLength(nth + 1);
      await sender.after(wait / 10);
      expect(there.received).toHaveLength(nth + 2);
    }
    expect(await deliveries(webhook_id)).toMatchObject([{ status: 'failed', attempts: 10 }]);
  });

  it('is sent again with the secrets and to the address of then', async () => {
    const [before, after] = [opened(await answering(500)), opened(await receiver())];
    const sender = opened(testSender(t));
    const { webhook_id } = await make(t, { url: before.url });
    await happen(t);
    await sender.drain();
    await t.transact((tx) => changeWebhook(tx, webhookDeps, null, webhook_id, { url: after.url }));
    await sender.after(5 * minute);
    expect([before.received.length, after.received.length]).toEqual([1, 1]);
  });

  it.each([
    ['seconds', (_at: Temporal.Instant) => '3600'],
    ['a date', (at: Temporal.Instant) => httpDate(at.add({ hours: 1 }))],
  ])('with Retry-After as %s holds the endpoint back until then', async (_label, header) => {
    let calm = false;
    const sender = opened(testSender(t));
    const there = opened(
      await receiver((_request, response) =>
        calm ? response.end() : response.writeHead(429, { 'retry-after': header(sender.clock.now()) }).end(),
      ),
    );
    const { webhook_id } = await make(t, { url: there.url });
    await happen(t);
    await sender.drain();
    expect((await webhook(webhook_id)).paused_until).not.toBeNull();
    // Neither the one that was refused nor what comes behind it.
    await happen(t);
    calm = true;
    await sender.after(58 * minute);
    expect(there.received).toHaveLength(1);
    await sender.after(3 * minute);
    expect(there.received).toHaveLength(3);
    expect((await deliveries(webhook_id)).map(({ status }) => status)).toEqual(['delivered', 'delivered']);
  });

  it('with 410 disables the endpoint; what waits is cancelled, and all of it can be replayed', async () => {
    const there = opened(await receiver((_request, response, nth) => response.writeHead(nth === 1 ? 410 : 200).end()));
    const sender = opened(testSender(t, { most_held: 1 }));
    const { webhook_id } = await make(t, { url: there.url, event_types: ['invoice.generated'] });
    for (let nth = 0; nth < 3; nth += 1) await happen(t);
    await sender.drain();
    expect(await webhook(webhook_id)).toMatchObject({ status: 'disabled', disabled_reason: 'gone' });
    expect((await deliveries(webhook_id)).map(({ status }) => status).sort()).toEqual(['cancelled', 'cancelled', 'failed']);
    expect(await told('webhook.disabled', webhook_id)).toMatchObject([{ data: { reason: 'gone' } }]);
    expect(
      await t.superuser("SELECT actor_id FROM audit_log WHERE action = 'webhook.disabled' AND target_id = $1", [webhook_id]),
    ).toEqual([{ actor_id: 'webhooks.sender' }]);
    await happen(t);
    await sender.drain();
    expect(there.received).toHaveLength(1);
  });

  it('for days, with nothing else, disables the endpoint; a success between begins the days anew', async () => {
    let status = 500;
    const there = opened(await receiver((_request, response) => response.writeHead(status).end()));
    const sender = opened(testSender(t));
    const { webhook_id } = await make(t, { url: there.url, event_types: ['invoice.generated'] });
    const failWholly = async () => {
      await happen(t);
      for (const wait of [0, 5 * minute, 30 * minute, 2 * hour]) await sender.after(wait);
    };
    await failWholly();
    await sender.after(100 * hour);
    status = 200;
    await happen(t);
    await sender.drain();
    expect((await webhook(webhook_id)).failing_since).toBeNull();
    status = 500;
    await failWholly();
    await sender.after(24 * hour);
    await failWholly();
    expect((await webhook(webhook_id)).status).toBe('enabled');
    await sender.after(96 * hour);
    await failWholly();
    expect(await webhook(webhook_id)).toMatchObject({ status: 'disabled', disabled_reason: 'failing' });
  });

  it('of what webhooks tell of themselves is not told again: endpoints that fail do not feed each other', async () => {
    const there = opened(await answering(500));
    const sender = opened(testSender(t));
    const made = [await make(t, { url: there.url }), await make(t, { url: there.url })];
    for (const { webhook_id } of made) await happen(t, { type: 'webhook.delivery.failed', data: { webhook_id } });
    for (const wait of [0, 5 * minute, 30 * minute, 2 * hour]) await sender.after(wait);
    for (const { webhook_id } of made) {
      // Each hears of the other's failure and not of its own.
      expect(await deliveries(webhook_id)).toMatchObject([{ status: 'failed', event_type: 'webhook.delivery.failed' }]);
      expect(await told('webhook.delivery.failed', webhook_id)).toEqual([]);
    }
  });
});

/** IMF-fixdate (RFC 9110 §5.6.7). */
function httpDate(at: Temporal.Instant): string {
  const utc = at.toZonedDateTimeISO('UTC');
  const named = (options: Intl.DateTimeFormatOptions) => utc.toLocaleString('en-US', options);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${named({ weekday: 'short' })}, ${two(utc.day)} ${named({ month: 'short' })} ${utc.year} ${two(utc.hour)}:${two(utc.minute)}:${two(utc.second)} GMT`;
}
