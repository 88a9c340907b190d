import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { testServer } from '../../../test/support/server.ts';
import { defects, happen, receiver, testSender } from '../../../test/support/webhooks.ts';
import { executeReplay } from './service/replays.ts';

const s = await testServer();
const url = 'https://hooks.example.com/a';
const made = async (body: object = {}, headers: Record<string, string> = {}) =>
  (await s.call('POST', '/v1/webhooks', { url, ...body }, headers)).body;
const org = async (slug: string, more: object = {}) =>
  (
    await s.call('POST', '/v1/orgs', {
      legal_name: slug,
      org_slug: slug,
      billing_email: 'a@b.example',
      default_timezone: 'UTC',
      ...more,
    })
  ).body.org_id as string;

describe('an endpoint', () => {
  it('tells its secret once, and again only to the same idempotency key; what is kept of it is sealed', async () => {
    const headers = { 'idempotency-key': 'webhook-1' };
    const body = await made({}, headers);
    expect(body).toMatchObject({
      url,
      event_types: ['*'],
      schedule: 'standard',
      status: 'enabled',
      managed_by: 'tenant',
      version: 1,
    });
    expect(body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect((await made({}, headers)).secret).toBe(body.secret);
    const bytes = body.secret.slice('whsec_'.length);
    for (const path of ['/v1/webhooks', `/v1/webhooks/${body.webhook_id}`, '/v1/audit-entries', '/v1/events'])
      expect(JSON.stringify((await s.call('GET', path)).body)).not.toContain(bytes);
    const rows = await s.t.superuser("SELECT 1 FROM idempotency_key WHERE body::text LIKE '%' || $1 || '%'", [bytes]);
    expect(rows).toEqual([]);
  });

  it.each([
    ['no base64', 'whsec_%%%%'],
    ['23 bytes', `whsec_${randomBytes(23).toString('base64')}`],
    ['65 bytes', `whsec_${randomBytes(65).toString('base64')}`],
    ['no prefix', randomBytes(32).toString('base64')],
    ['another spelling of its base64', `whsec_${Buffer.alloc(33, 0xff).toString('base64url')}`],
  ])('takes no secret of its owner with %s', async (_label, secret) => {
    const answer = await s.call('POST', '/v1/webhooks', { url, secret });
    expect(answer).toMatchObject({ status: 422, body: { code: 'webhook_secret_invalid', errors: [{ pointer: '/secret' }] } });
    expect(JSON.stringify(answer.body)).not.toContain(secret.slice(6));
  });

  it('takes types that exist, and names those that do not', async () => {
    const answer = await s.call('POST', '/v1/webhooks', { url, event_types: ['invoice.generated', 'invoice.eaten', '*'] });
    expect(answer).toMatchObject({ status: 422, body: { code: 'webhook_event_type_unknown' } });
    expect(answer.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(['/event_types/1', '/event_types/2']);
    expect(answer.body.errors[0].detail).toContain('invoice.eaten');
    const types = (await s.call('GET', '/v1/webhook-event-types')).body.event_types;
    expect(await made({ event_types: types })).toMatchObject({ event_types: types });
  });

  it('is refused with a URL that leads inside, and is not changed to one', async () => {
    const { webhook_id } = await made();
    for (const bad of [
      'http://hooks.example.com/',
      'https://127.0.0.1:8443/',
      'https://hooks.example.com:22/',
      'nonsense',
      'https://a:b@x.example/',
    ]) {
      const wanted = { status: 422, body: { code: 'webhook_url_refused', errors: [{ pointer: '/url' }] } };
      expect(await s.call('POST', '/v1/webhooks', { url: bad }), bad).toMatchObject(wanted);
      expect(await s.call('PATCH', `/v1/webhooks/${webhook_id}`, { url: bad }), bad).toMatchObject(wanted);
    }
  });

  it('is changed by whoever saw it last, and tells what changed', async () => {
    const { webhook_id } = await made();
    const path = `/v1/webhooks/${webhook_id}`;
    const changed = await s.call('PATCH', path, { description: 'd', schedule: 'extended', version: 1 });
    expect(changed).toMatchObject({ status: 200, body: { description: 'd', schedule: 'extended', version: 2 } });
    expect(await s.call('PATCH', path, { description: 'e', version: 1 })).toMatchObject({
      status: 409,
      body: { code: 'webhook_version_stale' },
    });
    // The same again is no change.
    expect((await s.call('PATCH', path, { description: 'd' })).body.version).toBe(2);
    const events = (await s.call('GET', `/v1/events?aggregate_id=${webhook_id}`)).body.data;
    expect(events.map(({ type }: { type: string }) => type)).toEqual(['webhook.changed', 'webhook.created']);
    expect(events[0].data.changed).toEqual(['schedule', 'description']);
  });

  it('is enabled, disabled and taken away, and is then unknown', async () => {
    const { webhook_id } = await made();
    const path = `/v1/webhooks/${webhook_id}`;
    expect((await s.call('POST', `${path}:disable`)).body).toMatchObject({
      status: 'disabled',
      disabled_reason: 'on_request',
      version: 2,
    });
    expect((await s.call('POST', `${path}:disable`)).body.version).toBe(2);
    expect(await s.call('POST', `${path}:replay`, {})).toMatchObject({ status: 409, body: { code: 'webhook_disabled' } });
    expect((await s.call('POST', `${path}:enable`)).body).toMatchObject({ status: 'enabled', disabled_reason: null });
    expect((await s.call('DELETE', path)).status).toBe(200);
    expect(await s.call('GET', path)).toMatchObject({ status: 404, body: { code: 'webhook_not_found' } });
    expect(await s.t.superuser('SELECT 1 FROM webhook_secret WHERE webhook_id = $1', [webhook_id])).toEqual([]);
  });

  it('has at most five secrets at a time', async () => {
    const { webhook_id } = await made();
    const rotate = (keep_hours: number) => s.call('POST', `/v1/webhooks/${webhook_id}:rotate-secret`, { keep_hours });
    const told = new Set<string>();
    for (let nth = 0; nth < 4; nth += 1) told.add((await rotate(24)).body.secret);
    expect(told.size).toBe(4);
    expect(await rotate(24)).toMatchObject({ status: 409, body: { code: 'webhook_secrets_too_many' } });
    expect((await rotate(0)).status).toBe(200);
    expect(
      await s.t.superuser("SELECT 1 FROM webhook_secret WHERE webhook_id = $1 AND coalesce(expires_at, 'infinity') > now()", [
        webhook_id,
      ]),
    ).toHaveLength(1);
  });
});

describe('deliveries', () => {
  it('are listed with their attempts, tested, and replayed under the same webhook-id', async () => {
    let status = 500;
    const there = await receiver((_request, response) => response.writeHead(status).end('said'));
    const { webhook_id } = await made({ event_types: ['invoice.generated'] });
    await s.t.superuser('UPDATE webhook SET url = $2 WHERE webhook_id = $1', [webhook_id, there.url]);
    const sender = testSender(s.t);
    const path = `/v1/webhooks/${webhook_id}`;
    const event_id = await happen(s.t, { tenant_id: s.tenant.tenant_id });
    for (const minutes of [0, 5, 30, 120]) await sender.after(minutes * 60_000);

    const letters = (await s.call('GET', `${path}/dead-letters`)).body.data;
    expect(letters).toMatchObject([{ event_id, reason: 'attempts_exhausted', attempts: 4, last_status: 500, replayed_at: null }]);
    const { delivery_id } = letters[0];
    const list = (await s.call('GET', `${path}/deliveries?status=failed&event_type=invoice.generated`)).body.data;
    expect(list).toMatchObject([{ delivery_id, kind: 'event', status: 'failed' }]);
    const one = (await s.call('GET', `${path}/deliveries/${delivery_id}`)).body;
    expect(JSON.parse(one.body)).toMatchObject({ type: 'invoice.generated', id: event_id });
    const first = (await s.call('GET', `${path}/deliveries/${delivery_id}/attempts?limit=3`)).body;
    const rest = (
      await s.call('GET', `${path}/deliveries/${delivery_id}/attempts?cursor=${encodeURIComponent(first.next_cursor)}`)
    ).body;
    expect([...first.data, ...rest.data].map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    expect(rest.data[0]).toMatchObject({ status: 500, response_body: 'said', url: there.url, address: '127.0.0.1' });

    status = 200;
    const replay = await s.call('POST', `${path}/deliveries/${delivery_id}:replay`);
    expect(replay).toMatchObject({ status: 202, body: { status: 'completed', deliveries: 1 } });
    expect((await s.call('GET', `${path}/replays/${replay.body.replay_id}`)).body).toEqual(replay.body);
    await sender.drain();
    expect(new Set(there.received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([event_id]));
    expect(there.received).toHaveLength(5);
    expect((await s.call('GET', `${path}/dead-letters`)).body.data).toEqual([]);
    expect((await s.call('GET', `${path}/dead-letters?replayed=true`)).body.data).toHaveLength(1);

    const tested = await s.call('POST', `${path}:test`);
    expect(tested).toMatchObject({ status: 202, body: { kind: 'test', event_type: 'webhook.tested', status: 'pending' } });
    await sender.drain();
    expect(JSON.parse(there.received.at(-1)!.body)).toMatchObject({ type: 'webhook.tested', data: { webhook_id } });
    const { health } = (await s.call('GET', path)).body;
    expect(health).toMatchObject({
      attempts_24h: 6,
      succeeded_24h: 2,
      success_rate_24h: 0.3333,
      last_status: 200,
      pending: 0,
      dead_letters: 0,
    });
    expect(
      (await s.call('GET', '/v1/webhooks')).body.data.find((it: { webhook_id: string }) => it.webhook_id === webhook_id).health,
    ).toEqual(health);
    await sender.close();
    await there.close();
    expect(await defects(s.t)).toEqual([]);
  });

  it('are replayed by range, types and state: once each, page after page, also when more than a page', async () => {
    const { webhook_id } = await made({ event_types: ['invoice.generated', 'usage.rolled_up'] });
    const path = `/v1/webhooks/${webhook_id}`;
    const at = (type: string, day: string) => happen(s.t, { tenant_id: s.tenant.tenant_id, type, time: `${day}T00:00:00Z` });
    const [first] = [
      await at('invoice.generated', '2026-01-01'),
      await at('usage.rolled_up', '2026-01-02'),
      await at('invoice.generated', '2026-01-03'),
    ];
    await s.call('POST', `${path}:disable`);
    await s.call('POST', `${path}:enable`);
    const replay = async (criteria: object) => (await s.call('POST', `${path}:replay`, criteria)).body;
    const pending = async () =>
      (await s.call('GET', `${path}/deliveries?status=pending`)).body.data.map(({ event_id }: { event_id: string }) => event_id);
    expect(
      await replay({ from: '2026-01-01T00:00:00Z', to: '2026-01-03T00:00:00Z', types: ['invoice.generated'] }),
    ).toMatchObject({ deliveries: 1 });
    expect(await pending()).toEqual([first]);
    // What waits again is not undelivered any more.
    expect(await replay({ status: 'undelivered' })).toMatchObject({ status: 'completed', deliveries: 2 });
    expect(await replay({ status: 'undelivered' })).toMatchObject({ status: 'completed', deliveries: 0 });
    expect(await pending()).toHaveLength(3);
    expect(await s.call('POST', `${path}:replay`, { from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' })).toMatchObject({
      status: 422,
      body: { code: 'webhook_replay_range_invalid' },
    });
    expect(await s.call('POST', `${path}:replay`, { status: 'eaten' })).toMatchObject({ status: 422 });

    await s.t.superuser(
      `WITH m AS (INSERT INTO webhook_message (tenant_id, event_id, type, event_at, body)
         SELECT $1, gen_random_uuid(), 'invoice.generated', '2025-06-01', '{}' FROM generate_series(1, 1200) RETURNING tenant_id, event_id, type, event_at)
       INSERT INTO webhook_delivery (tenant_id, webhook_id, event_id, event_type, event_at, kind, status, next_attempt_at, finished_at)
       SELECT tenant_id, $2, event_id, type, event_at, 'event', 'cancelled', NULL, now() FROM m`,
      [s.tenant.tenant_id, webhook_id],
    );
    const large = await replay({ to: '2025-07-01T00:00:00Z' });
    expect(large).toMatchObject({ status: 'running', deliveries: 500 });
    const named = { tenant_id: s.tenant.tenant_id, replay_id: large.replay_id };
    await executeReplay({ postgres: s.t.postgres }, named, Temporal.Instant.from('2026-03-01T00:00:00Z'));
    await executeReplay({ postgres: s.t.postgres }, named, Temporal.Instant.from('2026-03-01T00:00:00Z'));
    expect((await s.call('GET', `${path}/replays/${large.replay_id}`)).body).toMatchObject({
      status: 'completed',
      deliveries: 1200,
    });
    const jobs = await s.t.superuser("SELECT 1 FROM graphile_worker.jobs WHERE task_identifier = 'webhooks.replay'");
    expect(jobs).toHaveLength(1);
    expect(await defects(s.t)).toEqual([]);
  });

  it('that wait are not replayed', async () => {
    const { webhook_id } = await made({ event_types: ['invoice.generated'] });
    await happen(s.t, { tenant_id: s.tenant.tenant_id });
    const { delivery_id } = (await s.call('GET', `/v1/webhooks/${webhook_id}/deliveries`)).body.data[0];
    expect(await s.call('POST', `/v1/webhooks/${webhook_id}/deliveries/${delivery_id}:replay`)).toMatchObject({
      status: 409,
      body: { code: 'webhook_delivery_pending' },
    });
  });
});

describe('the portal of an organization', () => {
  it('shows and changes the endpoints that it keeps and those of organizations below, and no others', async () => {
    const parent = await org('parent');
    const child = await org('child', { parent_org_id: parent });
    const neighbour = await org('neighbour');
    const key = async (org_id: string) =>
      (await s.call('POST', '/v1/api-keys', { name: 'k', scopes: ['webhooks:read', 'webhooks:write'], org_id })).body
        .key as string;
    const as = (bearer: string) => ({ authorization: `Bearer ${bearer}` });
    const [ours, theirs] = [as(await key(parent)), as(await key(neighbour))];

    expect(await s.call('POST', '/v1/webhooks', { url }, ours)).toMatchObject({
      status: 422,
      body: { code: 'webhook_org_required' },
    });
    expect(await s.call('POST', '/v1/webhooks', { url, org_id: neighbour }, ours)).toMatchObject({
      status: 404,
      body: { code: 'org_not_found' },
    });
    // What its tenant plans and earns is not for it to hear.
    const nosy = { url, org_id: parent, event_types: ['partner_of_record.created'] };
    expect(await s.call('POST', '/v1/webhooks', nosy, ours)).toMatchObject({
      status: 422,
      body: { code: 'webhook_event_type_unknown' },
    });
    const own = await made({ org_id: parent }, ours);
    const below = await made({ org_id: child }, ours);
    expect(own).toMatchObject({ managed_by: 'organization', org_id: parent });
    const tenants = await made({ org_id: parent });

    const seen = async (headers: Record<string, string>) =>
      (await s.call('GET', '/v1/webhooks', undefined, headers)).body.data.map((it: { webhook_id: string }) => it.webhook_id);
    expect(await seen(ours)).toEqual([below.webhook_id, own.webhook_id]);
    expect(await seen(theirs)).toEqual([]);
    for (const [headers, foreign] of [
      [theirs, own],
      [ours, tenants],
      [as(s.other_key), own],
    ] as const) {
      const path = `/v1/webhooks/${foreign.webhook_id}`;
      for (const [method, at, body] of [
        ['GET', ''],
        ['PATCH', '', { description: 'x' }],
        ['DELETE', ''],
        ['POST', ':disable'],
        ['POST', ':enable'],
        ['POST', ':test'],
        ['POST', ':rotate-secret', {}],
        ['POST', ':replay', {}],
        ['GET', '/deliveries'],
        ['GET', '/dead-letters'],
      ] as const) {
        expect(await s.call(method, `${path}${at}`, body, headers), `${method} ${at}`).toMatchObject({
          status: 404,
          body: { code: 'webhook_not_found' },
        });
      }
    }
    expect((await s.call('PATCH', `/v1/webhooks/${below.webhook_id}`, { description: 'x' }, ours)).status).toBe(200);
    expect((await s.call('GET', `/v1/webhooks/${own.webhook_id}`)).status).toBe(200);
  });
});
