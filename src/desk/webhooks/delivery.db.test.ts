import { randomBytes } from 'node:crypto';
import { CloudEvent } from 'cloudevents';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { afterEach, describe, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import {
  defects,
  happen,
  make,
  type Receiver,
  receiver,
  retireAll,
  testSender,
  webhookDeps,
} from '../../../test/support/webhooks.ts';
import { sweepDeliveries } from './service/sweep.ts';
import { disableWebhook, enableWebhook, rotateSecret } from './service/webhooks.ts';

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

const hour = 3_600_000;

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
const attempts = (webhook_id: string) =>
  t.superuser('SELECT * FROM webhook_delivery_attempt WHERE webhook_id = $1 ORDER BY started_at, number', [webhook_id]);

describe('a delivery', () => {
  it('is what Standard Webhooks and CloudEvents say, verified by the packages of both sides', async () => {
    const there = opened(await receiver());
    const sender = opened(testSender(t));
    const { secret } = await make(t, { url: there.url });
    const event_id = await happen(t, { data: { invoice_id: 'i', note: 'Zürich ✓' } });
    await sender.drain();
    const [{ headers, body }] = there.received as [Receiver['received'][number]];
    expect(headers).toMatchObject({ 'webhook-id': event_id, 'content-type': 'application/json' });
    expect(new StandardWebhook(secret).verify(body, headers)).toMatchObject({
      type: 'invoice.generated',
      timestamp: '2026-03-01T00:00:00Z',
      data: { invoice_id: 'i', note: 'Zürich ✓' },
    });
    new SvixWebhook(secret).verify(body, headers);
    for (const tampered of [body.replace('Zürich', 'Bern'), `${body} `]) {
      expect(() => new StandardWebhook(secret).verify(tampered, headers)).toThrow();
      expect(() => new SvixWebhook(secret).verify(tampered, headers)).toThrow();
    }
    expect(new CloudEvent(JSON.parse(body)).validate()).toBe(true);
  });

  it('is kept with its request, its answer and its time, and without a secret', async () => {
    const there = opened(
      await receiver((_request, response) => response.writeHead(200, { 'x-trace': 'a', 'set-cookie': 'b=c' }).end('thanks')),
    );
    const sender = opened(testSender(t));
    const { webhook_id, secret } = await make(t, { url: there.url });
    const event_id = await happen(t);
    await sender.drain();
    expect(await deliveries(webhook_id)).toMatchObject([{ status: 'delivered', attempts: 1, event_id, last_status: 200 }]);
    const [attempt] = await attempts(webhook_id);
    expect(attempt).toMatchObject({
      number: 1,
      url: there.url,
      status: 200,
      response_body: 'thanks',
      response_cut: false,
      error_code: null,
    });
    expect(attempt!.address).toBe('127.0.0.1');
    expect(attempt!.request_headers).toMatchObject({
      'webhook-id': event_id,
      'webhook-signature': expect.stringMatching(/^v1,/),
    });
    expect(attempt!.response_headers).toMatchObject({ 'x-trace': 'a' });
    expect(attempt!.response_headers).not.toHaveProperty('set-cookie');
    const bytes = secret.slice('whsec_'.length);
    const hex = Buffer.from(bytes, 'base64').toString('hex');
    const tables = await t.superuser<{ relname: string }>(
      "SELECT relname FROM pg_class WHERE relnamespace = 'tally'::regnamespace AND relkind IN ('r', 'p')",
    );
    for (const { relname } of tables) {
      const found = await t.superuser(
        `SELECT 1 FROM tally."${relname}" t WHERE position($1 in t::text) > 0 OR position($2 in t::text) > 0`,
        [bytes, hex],
      );
      expect(found, relname).toEqual([]);
    }
  });

  it('reuses connections', async () => {
    const there = opened(await receiver());
    const sender = opened(testSender(t));
    await make(t, { url: there.url });
    for (let nth = 0; nth < 10; nth += 1) {
      await happen(t);
      await sender.drain();
    }
    expect(there.received).toHaveLength(10);
    expect(there.connections()).toBeLessThanOrEqual(5);
  });

  it('to others goes on while some endpoints hang', async () => {
    const hanging = opened(await receiver(() => undefined));
    const there = opened(await receiver());
    const sender = opened(testSender(t, { most_held: 16, deadline_ms: 60_000, poll_ms: 50 }));
    for (let nth = 0; nth < 3; nth += 1) await make(t, { url: hanging.url });
    await make(t, { url: there.url });
    for (let nth = 0; nth < 100; nth += 1) await happen(t);
    sender.start();
    // The hanging ones would have to end for anything behind them to be sent.
    await expect.poll(() => there.received.length, { timeout: 50_000 }).toBe(100);
    expect(hanging.received.length).toBeLessThanOrEqual(12);
    await hanging.close();
  }, 60_000);
});

describe('secrets', () => {
  it('all sign while they change over, and the newest alone after that', async () => {
    const there = opened(await receiver());
    const sender = opened(testSender(t));
    const own = `whsec_${randomBytes(24).toString('base64')}`;
    const { webhook_id, secret: first } = await make(t, { url: there.url, secret: own });
    expect(first).toBe(own);
    const rotate = (keep_hours: number) => t.transact((tx) => rotateSecret(tx, webhookDeps, null, webhook_id, { keep_hours }));
    const second = (await rotate(24)).secret;
    const third = (await rotate(48)).secret;
    const verifiers = async () => {
      const [last] = there.received.slice(-1) as [Receiver['received'][number]];
      return [first, second, third].map((secret) => {
        const isSigned = [StandardWebhook, SvixWebhook].map((Side) => {
          // Their clock is the wall's, the sender's runs ahead: the same content under the time that it says.
          const side = new Side(secret);
          const at = Temporal.Instant.fromEpochMilliseconds(Number.parseInt(last.headers['webhook-timestamp']!, 10) * 1000);
          const made = side.sign(last.headers['webhook-id']!, { getTime: () => at.epochMilliseconds } as Date, last.body);
          return last.headers['webhook-signature']!.split(' ').includes(made);
        });
        expect(isSigned[0]).toBe(isSigned[1]);
        return isSigned[0];
      });
    };
    await happen(t);
    await sender.drain();
    for (const secret of [first, second, third]) {
      new StandardWebhook(secret).verify(there.received[0]!.body, there.received[0]!.headers);
      new SvixWebhook(secret).verify(there.received[0]!.body, there.received[0]!.headers);
    }
    sender.clock.advance(25 * hour);
    await happen(t);
    await sender.drain();
    expect(await verifiers()).toEqual([false, true, true]);
    sender.clock.advance(24 * hour);
    await happen(t);
    await sender.drain();
    expect(await verifiers()).toEqual([false, false, true]);
  });

  it('that cannot be opened, of an installation that lost its key, fail the attempt and say so', async () => {
    const there = opened(await receiver());
    const sender = opened(testSender(t));
    const { webhook_id } = await make(t, { url: there.url });
    await t.superuser('UPDATE webhook_secret SET sealed = $2 WHERE webhook_id = $1', [webhook_id, randomBytes(60)]);
    await happen(t);
    await sender.drain();
    expect(await attempts(webhook_id)).toMatchObject([{ error_code: 'secret_unreadable' }]);
    expect(there.received).toEqual([]);
  });
});

describe('an endpoint', () => {
  it('gets the types that it asked for, of its organization and of those below, in its tenant', async () => {
    const there = opened(await receiver());
    const sender = opened(testSender(t));
    const org = async (slug: string, parent: string | null, tenant_id = t.tenant_id) => {
      const [row] = await t.superuser<{ org_id: string }>(
        `INSERT INTO organization (tenant_id, org_id, legal_name, org_slug, billing_email, default_timezone, parent_org_id, is_own, created_at)
         VALUES ($1, gen_random_uuid(), $2::text, $2::text, 'a@b.example', 'UTC', $3, false, now()) RETURNING org_id`,
        [tenant_id, slug, parent],
      );
      return row!.org_id;
    };
    const group = await org('group', null);
    const member = await org('member', group);
    const stranger = await org('stranger', null);
    const at = (path: string) => `${there.url}/${path}`;
    await make(t, { url: at('all') });
    await make(t, { url: at('typed'), event_types: ['usage.rolled_up'] });
    await make(t, { url: at('group'), org_id: group });
    await make(t, { url: at('member'), org_id: member });
    await make(t, { url: at('customer'), org_id: group }, { org_ids: [group, member] });
    await make(t, { url: at('elsewhere') }, { tenant_id: t.other_tenant_id });
    const heard = async (event: Parameters<typeof happen>[1]) => {
      there.received.length = 0;
      await happen(t, event);
      await sender.drain();
      return there.received.map(({ path }) => path.split('/').at(-1)).sort();
    };
    expect(await heard({ org_id: member })).toEqual(['all', 'customer', 'group', 'member']);
    expect(await heard({ org_id: group })).toEqual(['all', 'customer', 'group']);
    expect(await heard({ org_id: stranger })).toEqual(['all']);
    expect(await heard({})).toEqual(['all']);
    expect(await heard({ type: 'usage.rolled_up' })).toEqual(['all', 'typed']);
    // Organizations are not told everything about themselves.
    expect(await heard({ type: 'partner_of_record.created', org_id: group })).toEqual(['all', 'group']);
    expect(await heard({ tenant_id: t.other_tenant_id })).toEqual(['elsewhere']);
  });

  it('that is disabled gets nothing until it is enabled, of what happens then', async () => {
    const there = opened(await receiver());
    const sender = opened(testSender(t));
    const { webhook_id } = await make(t, { url: there.url });
    await happen(t);
    await t.transact((tx) => disableWebhook(tx, null, webhook_id, 'on_request'));
    await happen(t);
    await sender.drain();
    expect(there.received).toEqual([]);
    await t.transact((tx) => enableWebhook(tx, null, webhook_id));
    const later = await happen(t);
    await sender.drain();
    expect(there.received.map(({ headers }) => headers['webhook-id'])).toEqual([later]);
  });
});

describe('senders beside each other', () => {
  it('send each delivery once', async () => {
    const there = opened(await receiver());
    for (let nth = 0; nth < 4; nth += 1) await make(t, { url: `${there.url}/${nth}` });
    const senders = Array.from({ length: 4 }, () => opened(testSender(t, { most_held: 8 })));
    for (let nth = 0; nth < 60; nth += 1) await happen(t);
    await Promise.all(senders.map((sender) => sender.drain()));
    await senders[0]!.drain();
    const sent = there.received.map(({ path, headers }) => `${path} ${headers['webhook-id']}`);
    expect(sent).toHaveLength(240);
    expect(new Set(sent).size).toBe(240);
    expect(senders.flatMap(({ logged }) => logged)).toEqual([]);
  });

  it('take over what one of them held when its lease has ended, and both attempts are on record', async () => {
    const release = Promise.withResolvers<void>();
    const there = opened(
      await receiver((_request, response, nth) => {
        if (nth > 1) response.end();
        else void release.promise.then(() => response.writeHead(500).end());
      }),
    );
    const [slow, quick] = [opened(testSender(t)), opened(testSender(t))];
    const { webhook_id } = await make(t, { url: there.url });
    await happen(t);
    const slowly = slow.drain();
    await expect.poll(() => there.received.length, { timeout: 30_000 }).toBe(1);
    await quick.drain();
    expect(there.received).toHaveLength(1);
    await t.superuser("UPDATE webhook_delivery SET leased_until = now() - interval '1 second' WHERE webhook_id = $1", [
      webhook_id,
    ]);
    await quick.drain();
    release.resolve();
    await slowly;
    expect(there.received).toHaveLength(2);
    expect(new Set(there.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    // The late failure is on record and takes nothing back.
    expect(await attempts(webhook_id)).toHaveLength(2);
    expect(await deliveries(webhook_id)).toMatchObject([{ status: 'delivered', attempts: 2, last_status: 200 }]);
  });
});

describe('what is finished', () => {
  it('is kept for its time and then goes whole, with its attempts, letters and bodies', async () => {
    const there = opened(await receiver((_request, response) => response.writeHead(410).end()));
    const sender = opened(testSender(t));
    const old = await make(t, { url: there.url });
    await happen(t);
    await sender.drain();
    await t.superuser("UPDATE webhook_delivery SET finished_at = now() - interval '31 days'");
    await t.superuser("UPDATE webhook_message SET created_at = now() - interval '31 days'");
    const { webhook_id } = await make(t, { url: there.url });
    const kept = await happen(t);
    const limit = sender.clock.now().subtract({ hours: 30 * 24 });
    await sweepDeliveries(t.postgres, limit);
    expect(await deliveries(old.webhook_id)).toEqual([]);
    expect(await deliveries(webhook_id)).toMatchObject([{ status: 'pending' }]);
    expect(await t.superuser('SELECT event_id FROM webhook_message')).toEqual([{ event_id: kept }]);
    expect(await t.superuser('SELECT 1 FROM webhook_delivery_attempt UNION ALL SELECT 1 FROM webhook_dlq')).toEqual([]);
  });
});
