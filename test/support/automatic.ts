import { Registry } from 'prom-client';
import { closeDueCycles, cycleDuty } from '../../src/billing/invoicing/service/close-cycles.ts';
import { clock } from '../../src/platform/clock.ts';
import { createSchedulerMetrics } from '../../src/platform/scheduler/metrics.ts';
import { createLogger } from '../../src/platform/telemetry.ts';
import type { TestServer } from './server.ts';

/** Automatic billing of a test server's first tenant, on its test clock. */
export function automaticBilling(s: TestServer) {
  const metrics = createSchedulerMetrics(new Registry());
  const deps = { postgres: s.t.postgres, clock, log: createLogger('silent'), metrics };
  const { tenant_id } = s.tenant;
  const settled = async () => {
    const [row] = await s.t.superuser<{ open: boolean }>(
      `SELECT EXISTS (SELECT FROM billing_cycle WHERE tenant_id = $1 AND run_id IS NULL AND refusal IS NULL)
           OR EXISTS (SELECT FROM billing_run WHERE tenant_id = $1 AND status IN ('queued', 'running')) AS open`,
      [tenant_id],
    );
    return !row!.open;
  };
  return {
    duty: () => cycleDuty(deps),
    /** What the scheduler does at a tick. */
    close: (mayGoOn = () => true) => closeDueCycles(deps, mayGoOn),
    /** Sets the tenant's clock without a request. */
    setClock: (to: string) => s.t.superuser('UPDATE tenant SET test_clock_at = $2 WHERE tenant_id = $1', [tenant_id, to]),
    /** Until every cycle that was closed has a run that came to an end, or is refused. */
    settled: () => until(settled),
    /** The tenant's cycles as `org from to`, in the order in which they were closed. */
    async cycles(): Promise<string[]> {
      const rows = await s.t.superuser<{ org_slug: string; from_date: string; to_date: string }>(
        `SELECT o.org_slug, c.from_date, c.to_date FROM billing_cycle c JOIN organization o USING (tenant_id, org_id)
          WHERE c.tenant_id = $1 ORDER BY c.cycle_id`,
        [tenant_id],
      );
      return rows.map((row) => `${row.org_slug} ${row.from_date} ${row.to_date}`);
    },
    /** The same of the events that tell of them. */
    async told(): Promise<string[]> {
      const rows = await s.t.superuser<{ org_slug: string; from: string; to: string }>(
        `SELECT o.org_slug, e.data->>'from' AS from, e.data->>'to' AS to FROM billing_events e
           JOIN organization o ON o.tenant_id = e.tenant_id AND o.org_id = e.org_id
          WHERE e.tenant_id = $1 AND e.type = 'billing.cycle.closed' ORDER BY e.seq`,
        [tenant_id],
      );
      return rows.map((row) => `${row.org_slug} ${row.from} ${row.to}`);
    },
    /** Invoices as `org from to total`, in the order of their numbers. */
    async invoices(): Promise<string[]> {
      const rows = await s.t.superuser<{ org_slug: string; from_date: string; to_date: string; total_minor: string }>(
        `SELECT o.org_slug, i.from_date, i.to_date, i.total_minor FROM invoice i JOIN organization o USING (tenant_id, org_id)
          WHERE i.tenant_id = $1 ORDER BY i.seq`,
        [tenant_id],
      );
      return rows.map((row) => `${row.org_slug} ${row.from_date} ${row.to_date} ${row.total_minor}`);
    },
    defects: () => s.t.superuser('SELECT defect, what FROM audit'),
  };
}

/** Waits for what comes true by itself, on a busy machine too. */
export async function until(met: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await met())) {
    if (performance.now() > deadline) throw new Error('did not come true within a minute');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
