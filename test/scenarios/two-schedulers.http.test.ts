import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clock } from '../../src/platform/clock.ts';
import type { Lease } from '../../src/platform/scheduler/lease.ts';
import { createSchedulerMetrics } from '../../src/platform/scheduler/metrics.ts';
import { startScheduler } from '../../src/platform/scheduler/scheduler.ts';
import { createLogger } from '../../src/platform/telemetry.ts';
import { automaticBilling, until } from '../support/automatic.ts';
import { type Command, tallystick } from '../support/processes.ts';
import { testServer } from '../support/server.ts';
import { openShop } from '../support/shop.ts';

const s = await testServer({ jobs: true });
const shop = openShop(s);
const billing = automaticBilling(s);
const switchOn = () => shop.made('PUT', '/v1/billing/settings', { automatic: true, grace: 'PT0M' });

/** An organization in a zone, on a plan between two local midnights. */
async function customer(org_slug: string, plan_id: string, time: { zone: string; from: string; to?: string }): Promise<void> {
  const body = { legal_name: org_slug, org_slug, billing_email: 'a@example.com', default_timezone: time.zone };
  const { org_id } = await shop.made('POST', '/v1/orgs', body);
  const midnight = (date: string) => Temporal.PlainDate.from(date).toZonedDateTime(time.zone).toInstant().toString();
  const entitlement = { plan_id, effective_at: midnight(time.from) };
  const { subscription_id } = await shop.made('POST', `/v1/orgs/${org_id}/entitlements`, entitlement);
  if (time.to) await shop.made('POST', `/v1/subscriptions/${subscription_id}:end`, { ended_at: midnight(time.to) });
}

const cyclesOf = (org_slug: string) =>
  s.t.superuser<{ from_date: string; to_date: string; from_at: string; to_at: string; hours: number }>(
    `SELECT from_date, to_date, from_at, to_at, extract(epoch FROM to_at::timestamptz - from_at::timestamptz)::int / 3600 AS hours
       FROM billing_cycle c JOIN organization o USING (tenant_id, org_id) WHERE o.org_slug = $1 ORDER BY from_date`,
    [org_slug],
  );

describe('two schedulers that both believe to lead', () => {
  const lease: Lease = {
    ...{ holder: 'everybody', holds: () => true, term: () => '1' },
    ...{ attend: async () => true, release: async () => undefined },
  };
  const running = [1, 2].map(() => {
    const metrics = createSchedulerMetrics(new Registry());
    const log = createLogger('silent');
    const settings = { postgres: s.t.postgres, clock, log, metrics, schedules: [], lease_s: 30, tick_ms: 3, lease };
    return () => startScheduler({ ...settings, duties: [billing.duty()] });
  });
  const nothingDue = () =>
    until(async () => {
      const [row] = await s.t.superuser<{ due: boolean }>(
        `SELECT EXISTS (SELECT FROM billing_cycle_due d JOIN tenant t USING (tenant_id) WHERE d.due_at <= t.test_clock_at) AS due`,
      );
      return !row!.due;
    });

  it('close every cycle once, minute by minute through the hours in which clocks change in three zones, and at both ends of the earth', async () => {
    await billing.setClock('2026-03-06T00:00:00Z');
    const daily = await shop.plan('daily', 'AUD', {}, { base_amount: '1.00', billing_interval: 'P1D' });
    const monthly = await shop.plan('monthly', 'AUD', {}, { base_amount: '30.00' });
    await customer('new-york', daily, { zone: 'America/New_York', from: '2026-03-07', to: '2026-03-10' });
    await customer('berlin', daily, { zone: 'Europe/Berlin', from: '2026-03-28', to: '2026-03-31' });
    await customer('sydney', daily, { zone: 'Australia/Sydney', from: '2026-04-04', to: '2026-04-07' });
    await customer('east', monthly, { zone: 'Pacific/Kiritimati', from: '2026-03-07', to: '2026-05-01' });
    await customer('west', monthly, { zone: 'Pacific/Pago_Pago', from: '2026-03-07', to: '2026-05-01' });
    await switchOn();
    const schedulers = running.map((start) => start());
    // Around each change, and around the midnights before and after it; then the end of March at UTC+14 and at UTC−11.
    const hours = [
      ...['2026-03-08T04:30:00Z', '2026-03-08T06:30:00Z', '2026-03-09T03:30:00Z'],
      ...['2026-03-28T22:30:00Z', '2026-03-29T00:30:00Z', '2026-03-29T21:30:00Z'],
      ...['2026-03-31T09:30:00Z', '2026-04-01T10:30:00Z'],
      ...['2026-04-04T12:30:00Z', '2026-04-04T15:30:00Z', '2026-04-05T13:30:00Z'],
    ];
    for (const start of hours) {
      for (let minutes = 0; minutes <= 60; minutes += 1) {
        await billing.setClock(Temporal.Instant.from(start).add({ minutes }).toString());
      }
      await nothingDue();
    }
    await billing.setClock('2026-05-02T00:00:00Z');
    await nothingDue();
    for (const scheduler of schedulers) await scheduler.stop();
    await billing.settled();

    // A day of change has 23 hours in spring, and 25 in Sydney's autumn.
    const days = async (slug: string) => (await cyclesOf(slug)).map(({ from_date, hours }) => `${from_date} ${hours}`);
    expect(await days('new-york')).toEqual(['2026-03-07 24', '2026-03-08 23', '2026-03-09 24']);
    expect(await days('berlin')).toEqual(['2026-03-28 24', '2026-03-29 23', '2026-03-30 24']);
    expect(await days('sydney')).toEqual(['2026-04-04 24', '2026-04-05 25', '2026-04-06 24']);
    for (const slug of ['new-york', 'berlin', 'sydney', 'east', 'west']) {
      const cycles = await cyclesOf(slug);
      for (const [index, cycle] of cycles.entries()) {
        const next = cycles[index + 1];
        if (next) expect([next.from_date, next.from_at]).toEqual([cycle.to_date, cycle.to_at]);
      }
    }
    expect((await cyclesOf('east')).map(({ to_at }) => to_at)).toEqual(['2026-03-31T10:00:00Z', '2026-04-30T10:00:00Z']);
    expect((await cyclesOf('west')).map(({ to_at }) => to_at)).toEqual(['2026-04-01T11:00:00Z', '2026-05-01T11:00:00Z']);

    // Three days in three zones, and two months at both ends: 13 cycles, each told of once, each with one run and one invoice.
    const cycles = await billing.cycles();
    expect(cycles).toHaveLength(13);
    expect((await billing.told()).sort()).toEqual(cycles.toSorted());
    expect((await billing.invoices()).map((each) => each.split(' ').slice(0, 3).join(' ')).sort()).toEqual(cycles.toSorted());
    expect(await s.t.superuser('SELECT run_id FROM billing_run')).toHaveLength(13);
    expect(await billing.defects()).toEqual([]);
  }, 120_000);
});

describe('schedulers as processes of their own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-schedulers-'));
  const started: Command[] = [];
  const serve = (name: string, variables: Record<string, string> = {}) => {
    const made = tallystick(['serve', '--roles', 'scheduler'], {
      ...{ DATABASE_URL: s.t.url, PORT: '0', TALLYSTICK_DATA_DIR: join(folder, name), TALLYSTICK_SCHEDULER_LEASE_S: '3' },
      ...variables,
    });
    started.push(made);
    return made;
  };
  const leader = async () => {
    const [row] = await s.t.superuser<{ holder: string }>('SELECT holder FROM scheduler_lease WHERE until > clock_timestamp()');
    return Number.parseInt(/^scheduler-(\d+)-/.exec(row?.holder ?? '')?.[1] ?? '0', 10);
  };
  const leads = (command: Command) => until(async () => (await leader()) === command.pid);
  const closedTo = (date: string) => until(async () => (await billing.cycles()).includes(`yearly ${date} ${monthAfter(date)}`));
  const monthAfter = (date: string) => `${Temporal.PlainDate.from(date).add({ months: 1 })}`;

  beforeAll(async () => {
    await billing.setClock('2026-05-10T00:00:00Z');
    const { data } = await shop.made('GET', '/v1/plans?limit=100');
    const { plan_id } = data.find((plan: { name: string }) => plan.name === 'monthly');
    await customer('yearly', plan_id, { zone: 'Europe/Berlin', from: '2026-05-01' });
    await switchOn();
  });
  afterAll(async () => {
    for (const command of started) {
      command.kill('SIGCONT');
      command.kill('SIGKILL');
    }
    await Promise.all(started.map((command) => command.finished));
    rmSync(folder, { recursive: true, force: true });
  });

  it('replace a leader that is killed, or stopped in the middle, and close each cycle once and bill it once', async () => {
    const first = serve('first');
    await leads(first);
    const second = serve('second');
    await billing.setClock('2026-06-01T12:00:00Z');
    await closedTo('2026-05-01');
    first.kill('SIGKILL');
    await leads(second);
    // Dies in the moment in which a cycle is closed, and nobody has asked for its run.
    second.kill('SIGTERM');
    const third = serve('third', { TALLYSTICK_FAILPOINT: 'scheduler.cycle-closed-not-run' });
    await leads(third);
    await billing.setClock('2026-07-01T12:00:00Z');
    expect(await third.finished).toMatchObject({ signal: 'SIGKILL' });
    const [fourth, fifth] = [serve('fourth'), serve('fifth')];
    await until(async () => [fourth.pid, fifth.pid].includes(await leader()));
    const [paused, other] = (await leader()) === fourth.pid ? [fourth, fifth] : [fifth, fourth];
    // Stopped, it does not know that its lease runs out; the other goes on, and what it had in hand is not done again.
    paused.kill('SIGSTOP');
    await leads(other);
    await billing.setClock('2026-10-01T12:00:00Z');
    await closedTo('2026-09-01');
    paused.kill('SIGCONT');
    other.kill('SIGTERM');
    await leads(paused);
    await billing.setClock('2026-11-01T12:00:00Z');
    await closedTo('2026-10-01');
    await billing.settled();

    const own = (lines: readonly string[]) => lines.filter((line) => line.startsWith('yearly'));
    const months = Array.from({ length: 6 }, (_, n) => `${Temporal.PlainDate.from('2026-05-01').add({ months: n })}`);
    const expected = months.map((month) => `yearly ${month} ${monthAfter(month)}`);
    expect(own(await billing.cycles())).toEqual(expected);
    expect(own(await billing.told())).toEqual(expected);
    expect(own(await billing.invoices())).toEqual(expected.map((cycle) => `${cycle} 3000`));
    expect(await billing.defects()).toEqual([]);
    const terms = await s.t.superuser<{ term: string }>('SELECT term FROM scheduler_lease');
    expect(Number.parseInt(terms[0]!.term, 10)).toBeGreaterThanOrEqual(5);
  }, 240_000);
});
