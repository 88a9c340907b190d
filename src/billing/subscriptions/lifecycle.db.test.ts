import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { stepsOf, stepsTaken } from '../../../test/support/lifecycles.ts';
import { redispatchEvents } from '../../foundation/events/service/redispatch.ts';
import { createRouter } from '../../foundation/events/service/route.ts';
import { listEvents } from '../../foundation/events/service.ts';
import { advanceTestClock, createOrganization } from '../../foundation/tenancy/service.ts';
import { applyTransition } from '../../kernel/lifecycle.ts';
import { createBusinessModel, createPlan, createSku, setPrice } from '../../offer/catalog/service.ts';
import { statusOf, stepsDue } from './decide.ts';
import { errors } from './errors.ts';
import { lifecycle, SUBSCRIPTION_STATUSES, type SubscriptionStatus } from './model.ts';
import { followTestClock } from './reactions.ts';
import { assignBusinessModel } from './service/assignment.ts';
import { applyLifecycle, sweepLifecycles } from './service/lifecycle.ts';
import { createEntitlement, endEntitlement, listEntitlements, requireSubscription } from './service.ts';

const t = await testDatabase();
const at = (text: string) => Temporal.Instant.from(text);
const [february, march, april, may, june] = ['02', '03', '04', '05', '06'].map((month) => `2026-${month}-01T00:00:00Z`) as [
  string,
  string,
  string,
  string,
  string,
];
const coded = (code: string) => expect.objectContaining({ code });
let [model_id, basic, pro] = ['', '', ''];
let count = 0;

beforeAll(async () => {
  await t.transact(async (tx) => {
    model_id = (await createBusinessModel(tx, { code: 'saas', name: 'SaaS', currency: 'AUD' })).model_id;
    basic = (await createPlan(tx, { model_id, name: 'Basic' })).plan_id;
    pro = (await createPlan(tx, { model_id, name: 'Pro' })).plan_id;
    await createSku(tx, { sku: 'sms', type: 'action', unit: 'one' });
    for (const plan_id of [basic, pro]) await setPrice(tx, { plan_id, sku: 'sms' }, { overage_price: '0.1' });
  });
});

const organization = () =>
  t.transact(async (tx) => {
    count += 1;
    const org = { legal_name: 'O', org_slug: `o-${count}`, billing_email: 'a@example.com', default_timezone: 'UTC' };
    return (await createOrganization(tx, org)).org_id;
  });
/** At a present of its own; March unless told. */
const entitle = (org_id: string, effective_at: string, now = march) =>
  t.transact((tx) => createEntitlement(tx, org_id, { plan_id: basic, effective_at }), { now: at(now) });
const end = (subscription_id: string, ended_at: string, now = march) =>
  t.transact((tx) => endEntitlement(tx, subscription_id, { ended_at }), { now: at(now) });
const kept = async (subscription_id: string) => (await t.read((db) => requireSubscription(db, subscription_id))).status;
const sweep = (now: string) =>
  sweepLifecycles({ postgres: t.postgres, clock: { now: () => at(now) }, signal: new AbortController().signal });

/** What was told of a subscription, oldest first: `from → to at`, `created status` or `ends ended_at`. */
async function told(subscription_id: string): Promise<string[]> {
  const { data } = await t.read((db) => listEvents(db, { org_ids: null, limit: 100, aggregate_id: subscription_id }));
  return data.reverse().map(({ type, data }) => {
    if (type === 'subscription.created') return `created ${data.status}`;
    if (type === 'subscription.updated') return `ends ${data.ended_at}`;
    return `${data.from} → ${data.to} ${data.at}`;
  });
}

describe('the lifecycle of a subscription', () => {
  const steps = ['active → ended', 'scheduled → active', 'scheduled → ended'];

  it('has these steps and no others, here and in the database', async () => {
    expect(stepsOf(lifecycle)).toEqual(steps);
    const { subscription_id } = await entitle(await organization(), february);
    const taken = await stepsTaken<SubscriptionStatus>(t, {
      table: 'org_entitlement',
      column: 'status',
      where: `subscription_id = '${subscription_id}'`,
      set: { scheduled: 'ended_at = NULL', active: 'ended_at = NULL', ended: `ended_at = '${april}'` },
    });
    expect(taken).toEqual({ steps, begins: ['scheduled', 'active'] });
    expect([...lifecycle.begins]).toEqual(taken.begins);
  });

  it.each(SUBSCRIPTION_STATUSES.flatMap((from) => SUBSCRIPTION_STATUSES.map((to) => [from, to] as const)))(
    'takes or refuses the step from %s to %s by name',
    (from, to) => {
      const apply = () => applyTransition(lifecycle, { from, to }, errors.subscription_transition);
      if (steps.includes(`${from} → ${to}`)) expect(apply()).toBe(to);
      else expect(apply).toThrow(coded('subscription_transition'));
    },
  );
});

describe('a subscription', () => {
  it('becomes active when its time comes, which is told once, however often it is looked for', async () => {
    const { subscription_id, status } = await entitle(await organization(), april);
    expect([status, await kept(subscription_id)]).toEqual(['scheduled', 'scheduled']);
    await sweep('2026-03-31T23:59:59Z');
    expect(await told(subscription_id)).toEqual(['created scheduled']);
    await Promise.all([sweep(april), sweep(april), sweep(april)]);
    await sweep(may);
    expect(await told(subscription_id)).toEqual(['created scheduled', `scheduled → active ${april}`]);
    expect(await kept(subscription_id)).toBe('active');
  });

  it('is shown as its times have it, told or not', async () => {
    const org_id = await organization();
    const { subscription_id } = await entitle(org_id, april);
    const { data } = await t.read((db) => listEntitlements(db, org_id, { limit: 1 }), { now: at(april) });
    expect(data).toMatchObject([{ subscription_id, status: 'active' }]);
    expect(await kept(subscription_id)).toBe('scheduled');
  });

  it('whose end is set for later ends then, and not before', async () => {
    const { subscription_id } = await entitle(await organization(), february);
    expect(await end(subscription_id, may)).toMatchObject({ status: 'active', ended_at: may });
    expect(await told(subscription_id)).toEqual(['created active', `ends ${may}`]);
    await sweep(april);
    expect(await kept(subscription_id)).toBe('active');
    await sweep(may);
    expect(await told(subscription_id)).toEqual(['created active', `ends ${may}`, `active → ended ${may}`]);
  });

  it('that started and ended while nobody looked was active in between', async () => {
    const { subscription_id } = await entitle(await organization(), april);
    await end(subscription_id, may);
    await sweep(june);
    const steps = [`scheduled → active ${april}`, `active → ended ${may}`];
    expect(await told(subscription_id)).toEqual(['created scheduled', `ends ${may}`, ...steps]);
  });

  it('that is ended before it starts was never active', async () => {
    const { subscription_id } = await entitle(await organization(), april);
    expect(await end(subscription_id, april)).toMatchObject({ status: 'ended' });
    expect(await told(subscription_id)).toEqual(['created scheduled', `scheduled → ended ${april}`]);
  });

  it('that another replaces ends at once where that lies in the past', async () => {
    const org_id = await organization();
    const { subscription_id } = await entitle(org_id, february);
    await t.transact((tx) => assignBusinessModel(tx, org_id, { model_id, plan_id: pro }, { preview: false }), { now: at(march) });
    expect(await told(subscription_id)).toEqual(['created active', `active → ended ${march}`]);
  });

  it('leaves an audit entry for each step', async () => {
    const { subscription_id } = await entitle(await organization(), april);
    await sweep(april);
    const entries = await t.superuser('SELECT action, before, after FROM audit_log WHERE target_id = $1 ORDER BY audit_id', [
      subscription_id,
    ]);
    expect(entries).toMatchObject([
      { action: 'subscription.created' },
      { action: 'subscription.status.changed', before: { status: 'scheduled' }, after: { status: 'active', at: april } },
    ]);
  });
});

const day = fc.integer({ min: 0, max: 120 }).map((days) => at('2026-02-01T00:00:00Z').add({ hours: 24 * days }));
const command = fc.oneof(
  fc.record({ kind: fc.constant('end' as const), at: day }),
  fc.record({ kind: fc.constant('sweep' as const) }),
  fc.record({ kind: fc.constant('wait' as const), days: fc.integer({ min: 0, max: 60 }) }),
);

it('whatever is asked and whenever it is looked at, states move by the table alone, and what was told comes to the state that is kept', async () => {
  await fc.assert(
    fc.asyncProperty(day, fc.array(command, { maxLength: 8 }), async (start, commands) => {
      let now = at(march);
      const { subscription_id } = await entitle(await organization(), start.toString(), now.toString());
      for (const each of commands) {
        if (each.kind === 'wait') now = now.add({ hours: 24 * each.days });
        else if (each.kind === 'sweep') await sweep(now.toString());
        else
          await end(subscription_id, each.at.toString(), now.toString()).catch((error: { code?: string }) => {
            expect(['subscription_ended', 'subscription_ends_before_start']).toContain(error.code);
          });
      }
      await sweep(now.toString());
      const steps = (await told(subscription_id)).filter((line) => !line.startsWith('ends'));
      let state = steps[0]!.replace('created ', '') as SubscriptionStatus;
      for (const line of steps.slice(1)) {
        const [from, to] = line.split(' → ').map((part) => part.split(' ')[0]) as [SubscriptionStatus, SubscriptionStatus];
        expect(from).toBe(state);
        state = applyTransition(lifecycle, { from, to }, errors.subscription_transition);
      }
      const subscription = await t.read((db) => requireSubscription(db, subscription_id));
      expect(subscription.status).toBe(state);
      expect(state).toBe(statusOf(subscription, now));
      expect(stepsDue(subscription, now)).toEqual([]);
    }),
    { numRuns: 25 },
  );
  expect(await t.superuser('SELECT * FROM audit')).toEqual([]);
});

// Last: a clock never goes back.
describe('a test clock that is advanced', () => {
  it('brings subscriptions to their states in its own time, once', async () => {
    const { subscription_id } = await entitle(await organization(), '2098-01-01T00:00:00Z');
    const clock = '2098-02-01T00:00:00Z';
    await t.transact((tx) => advanceTestClock(tx, at(clock)));
    const silent = () => undefined;
    const router = createRouter({
      postgres: t.postgres,
      log: { warn: silent, error: silent },
      nowOf: async () => at(clock),
      reactionsTo: (type) => (type === 'test_clock.advanced' ? [followTestClock] : []),
      takes_pending: true,
    });
    const { data } = await t.read((db) => listEvents(db, { org_ids: null, limit: 1, type: 'test_clock.advanced' }));
    await router.drain();
    await t.transact((tx) => redispatchEvents(tx, { event_ids: [data[0]!.event_id] }));
    await router.drain();
    await router.stop();
    const steps = ['created scheduled', 'scheduled → active 2098-01-01T00:00:00Z'];
    expect(await told(subscription_id)).toEqual(steps);
    // An earlier present, as the database would refuse it, takes nothing back.
    await t.transact((tx) => applyLifecycle(tx, [subscription_id]), { now: at(june) });
    expect(await told(subscription_id)).toEqual(steps);
  });
});
