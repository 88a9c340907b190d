import { beforeAll, describe, expect, it, vi } from 'vitest';
import { tallystick } from '../../../../test/support/processes.ts';
import { testServer } from '../../../../test/support/server.ts';
import { openShop } from '../../../../test/support/shop.ts';
import { clock } from '../../../platform/clock.ts';
import type { ReplayJob } from '../model.ts';
import { createReplay, executeReplay } from './replays.ts';

const s = await testServer({ jobs: true });
const shop = openShop(s);
const deps = { postgres: s.t.postgres, clock };
const always = { from: '2000-01-01T00:00:00Z' };

const replay = (body: object): Promise<ReplayJob> => shop.made('POST', '/v1/replays', body);
const read = (replay_id: string): Promise<ReplayJob> => shop.made('GET', `/v1/replays/${replay_id}`);
const problem = async (path: string, body?: object) => (await s.call('POST', path, body)).body.code;

/** Rests until everything that was told is told and nothing waits in the queue. */
async function settled(): Promise<void> {
  const idle = async () => {
    const [row] = await s.t.superuser<{ waiting: number }>(`
      SELECT (SELECT count(*) FROM billing_events WHERE status = 'pending')::int
           + (SELECT count(*) FROM graphile_worker.jobs WHERE run_at <= now())::int AS waiting`);
    expect(row!.waiting).toBe(0);
  };
  await vi.waitFor(idle, { timeout: 60_000, interval: 50 });
}

/** All that a tenant has, but for the record of replays and how events are delivered. */
async function everything(): Promise<Record<string, string>> {
  const tables = await s.t.superuser<{ name: string }>(`
    SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
     WHERE c.relnamespace = 'tally'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1`);
  const found: Record<string, string> = {};
  for (const { name } of tables) {
    if (/^(replay_|audit_log|billing_events|event_position|idempotency_key)/.test(name)) continue;
    const [row] = await s.t.superuser<{ hash: string }>(
      `SELECT md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) AS hash FROM "${name}" t`,
    );
    found[name] = row!.hash;
  }
  return found;
}

beforeAll(async () => {
  const plan_id = await shop.plan('plan', 'AUD', { call: { model: 'unit', unit_amount: '1' } }, { base_amount: '10.00' });
  const org_id = await shop.customer('one', [plan_id]);
  await shop.made('POST', '/v1/skus', { sku: 'mail', type: 'action', unit: 'mail' });
  await shop.made('PUT', `/v1/plans/${plan_id}/skus/mail`, { price: { model: 'unit', unit_amount: '2' } });
  await shop.use(org_id, 'call', '3', '2025-01-10T00:00:00Z');
  await shop.bill('2025-01-01', '2025-02-01');
  await settled();
}, 120_000);

describe('a dry run', () => {
  it('says what would happen, by type and reaction, and changes nothing', async () => {
    const before = await everything();
    const { status, forecast, progress } = await replay({ selection: always, dry_run: true });
    expect(status).toBe('completed');
    const changed = forecast!.by_type.find(({ type }) => type === 'price.changed');
    expect(changed).toEqual({
      type: 'price.changed',
      events: 2,
      dead: 0,
      reactions: [expect.objectContaining({ had: 2, would_run: 0 })],
    });
    expect(forecast!.events).toBe(forecast!.by_type.reduce((sum, { events }) => sum + events, 0));
    expect(progress).toEqual({ total: forecast!.events, done: 0 });
    expect(forecast!.sample.length).toBeGreaterThan(2);
    expect(await everything()).toEqual(before);
    expect(await problem(`/v1/replays/${(await replay({ selection: always, dry_run: true })).replay_id}:cancel`)).toBe(
      'replay_ended',
    );
  });

  it('narrows by type, aggregate, organization, time, id and correlation', async () => {
    const { data } = await shop.made('GET', '/v1/events?type=invoice.generated');
    const [event] = data;
    const count = async (selection: object) => (await replay({ selection, dry_run: true })).forecast!.events;
    expect(await count({ types: ['invoice.generated'] })).toBe(1);
    expect(await count({ types: ['invoice.generated', 'price.changed'] })).toBe(3);
    // From draft to open, and generated.
    expect(await count({ aggregate_type: 'invoice', aggregate_id: event.aggregate_id })).toBe(2);
    expect(await count({ org_id: event.org_id, types: ['invoice.generated'] })).toBe(1);
    expect(await count({ event_ids: [event.event_id] })).toBe(1);
    expect(await count({ correlation_id: event.correlation_id, types: ['invoice.generated'] })).toBe(1);
    expect(await count({ to: '2001-01-01T00:00:00Z' })).toBe(0);
    expect(await count({ dead_only: true })).toBe(0);
    expect(await problem('/v1/replays', { selection: {} })).toBe('replay_selection_invalid');
  });
});

describe('a replay', () => {
  it('of everything that had its effect changes nothing', async () => {
    const before = await everything();
    const { replay_id } = await replay({ selection: always });
    await vi.waitFor(async () => expect(await read(replay_id)).toMatchObject({ status: 'completed' }), { timeout: 60_000 });
    await settled();
    const { progress } = await read(replay_id);
    expect(progress.done).toBe(progress.total);
    expect(progress.done).toBeGreaterThan(5);
    expect(await everything()).toEqual(before);
    expect((await shop.made('GET', `/v1/events?aggregate_id=${replay_id}`)).data).toMatchObject([
      { type: 'replay.completed', data: { status: 'completed', events: progress.total } },
    ]);
    expect(await shop.audit()).toEqual([]);
  });

  it('has the effect that was missing, once', async () => {
    const name = 'subscriptions.give-items';
    const inbox = () => s.t.superuser('SELECT event_id, reaction FROM event_inbox ORDER BY 1, 2');
    const before = await inbox();
    await s.t.superuser(`
      ALTER TABLE event_inbox DISABLE TRIGGER ALL; DELETE FROM event_inbox WHERE reaction = '${name}'; ALTER TABLE event_inbox ENABLE TRIGGER ALL`);
    const foreseen = await replay({ selection: { types: ['price.changed'] }, dry_run: true });
    expect(foreseen.forecast!.by_type[0]!.reactions).toEqual([{ reaction: name, had: 0, would_run: 2 }]);
    for (let time = 0; time < 2; time += 1) {
      const { replay_id } = await replay({ selection: { types: ['price.changed'] } });
      await vi.waitFor(async () => expect(await read(replay_id)).toMatchObject({ status: 'completed' }), { timeout: 60_000 });
      await vi.waitFor(async () => expect(await inbox()).toEqual(before), { timeout: 60_000 });
    }
  });

  it('rests when it is paused, goes on where it was, and ends when it is cancelled', async () => {
    // The queue leaves it to the test.
    const run_at = clock.now().add({ hours: 1 });
    const request = { selection: always, dry_run: false, rate_per_second: 1000 };
    const made = () =>
      s.t.transact((tx) => createReplay(tx, request, { reactionsTo: () => [], run_at }), { tenant_id: s.tenant.tenant_id });
    const { replay_id } = await made();
    const named = { tenant_id: s.tenant.tenant_id, replay_id };
    const control = (what: string) => shop.made('POST', `/v1/replays/${replay_id}:${what}`);
    const paused = await executeReplay({ ...deps, chunk_size: 2, observe: () => control('pause') }, named);
    expect(paused).toMatchObject({ status: 'paused', progress: { done: 2 } });
    expect(await problem(`/v1/replays/${replay_id}:pause`)).toBe('replay_not_running');
    expect(await executeReplay(deps, named)).toMatchObject({ status: 'paused', progress: { done: 2 } });
    expect(await control('resume')).toMatchObject({ status: 'running' });
    await vi.waitFor(async () => expect(await read(replay_id)).toMatchObject({ status: 'completed' }), { timeout: 60_000 });
    const { progress } = await read(replay_id);
    expect(progress.done).toBe(progress.total);
    expect(await problem(`/v1/replays/${replay_id}:resume`)).toBe('replay_ended');

    const other = await made();
    const stopped = await executeReplay(
      { ...deps, chunk_size: 2, observe: () => shop.made('POST', `/v1/replays/${other.replay_id}:cancel`) },
      { tenant_id: s.tenant.tenant_id, replay_id: other.replay_id },
    );
    expect(stopped).toMatchObject({ status: 'cancelled', progress: { done: 2 } });
  });

  it('that was killed goes on after the last chunk that it committed', { timeout: 120_000 }, async () => {
    await settled();
    const variables = {
      DATABASE_URL: s.t.url,
      TALLYSTICK_DATA_DIR: s.config.data_dir,
      TALLYSTICK_FAILPOINT: 'replay.chunk-committed:2',
    };
    const words = ['replay', 'events', '--from', always.from, '--rate', '3', '--tenant', 'first'];
    const killed = await tallystick(words, variables).finished;
    expect(killed, killed.stderr).toMatchObject({ signal: 'SIGKILL' });
    const [newest] = (await shop.made('GET', '/v1/replays?limit=1')).data as ReplayJob[];
    expect(newest).toMatchObject({ status: 'running', progress: { done: 6 } });
    const named = { tenant_id: s.tenant.tenant_id, replay_id: newest!.replay_id };
    let sent = 0;
    const observe = (count: number) => {
      sent += count;
    };
    const done = await executeReplay({ ...deps, chunk_size: 100, observe }, named);
    expect(done).toMatchObject({ status: 'completed', progress: { done: newest!.progress.total } });
    expect(sent).toBe(newest!.progress.total - 6);
  });

  it('refuses another tenant’s events, and hides its own from it, as if there were none', async () => {
    const [event] = (await shop.made('GET', '/v1/events?limit=1')).data;
    const headers = { authorization: `Bearer ${s.other_key}` };
    for (const event_id of [event.event_id, '01900000-0000-7000-8000-000000000000']) {
      const { status, body } = await s.call('POST', '/v1/replays', { selection: { event_ids: [event_id] } }, headers);
      expect({ status, code: body.code }).toEqual({ status: 422, code: 'replay_event_unknown' });
    }
    const { replay_id } = await replay({ selection: always, dry_run: true });
    expect((await s.call('GET', `/v1/replays/${replay_id}`, undefined, headers)).body.code).toBe('replay_unknown');
    expect((await s.call('POST', `/v1/replays/${replay_id}:cancel`, undefined, headers)).body.code).toBe('replay_unknown');
  });
});
