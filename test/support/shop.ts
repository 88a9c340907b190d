import { expect } from 'vitest';
import { executeRun } from '../../src/billing/invoicing/service/run.ts';
import type { Difference, Verification } from '../../src/desk/reconciliation/model.ts';
import {
  executeVerification,
  listDifferences,
  requestVerification,
} from '../../src/desk/reconciliation/service/verifications.ts';
import { clock } from '../../src/platform/clock.ts';
import type { TestServer } from './server.ts';

/** What `tallystick replay --verify` finds for a tenant: the first hundred. */
export async function differencesOf(...asked: Parameters<typeof verificationOf>): Promise<Difference[]> {
  return (await verificationOf(...asked)).differences;
}

/** A verification that came to its end. */
export async function verificationOf(
  { t }: Pick<TestServer, 't'>,
  tenant_id: string,
  request: { from?: string; to?: string; org_id?: string } = {},
): Promise<{ verification: Verification; differences: Difference[] }> {
  const [deps, scope] = [{ postgres: t.postgres, clock }, t.scope({ tenant_id })];
  const { verification_id } = await t.postgres.transact(scope, (tx) => requestVerification(tx, request));
  const verification = await executeVerification(deps, { tenant_id, verification_id });
  expect(verification).toMatchObject({ status: 'completed', problem: null });
  const { data } = await t.postgres.read(scope, (db) => listDifferences(db, verification_id, { limit: 100 }));
  return { verification, differences: data };
}

/** The first tenant of a test server at work: what a test of money says in one line each. */
export function openShop(s: TestServer) {
  let used = 0;
  const made = async (method: string, path: string, body?: unknown) => {
    const answer = await s.call(method, path, body);
    expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
    return answer.body;
  };
  const request = (from: string, to: string, org_id?: string) => made('POST', '/v1/billing/runs', { from, to, org_id });
  const execute = (run_id: string) => executeRun({ postgres: s.t.postgres, clock }, { tenant_id: s.tenant.tenant_id, run_id });
  return {
    made,
    /** A plan of one model per currency; `prices` by SKU, each SKU made where it is new. */
    async plan(name: string, currency: string, prices: Record<string, object>, more: object = {}): Promise<string> {
      const { model_id } = await made('POST', '/v1/business-models', { code: name, name, currency });
      const { plan_id } = await made('POST', '/v1/plans', { model_id, name, ...more });
      for (const [sku, price] of Object.entries(prices)) {
        if ((await s.call('GET', `/v1/skus/${sku}`)).status === 404)
          await made('POST', '/v1/skus', { sku, type: 'action', unit: 'piece', aggregation: 'sum' });
        await made('PUT', `/v1/plans/${plan_id}/skus/${sku}`, { price });
      }
      return plan_id;
    },
    /** An organization in UTC on these plans from a moment on. */
    async customer(org_slug: string, plan_ids: readonly string[], effective_at = '2025-01-01T00:00:00Z'): Promise<string> {
      const body = { legal_name: org_slug, org_slug, billing_email: 'a@example.com', default_timezone: 'UTC' };
      const { org_id } = await made('POST', '/v1/orgs', body);
      for (const plan_id of plan_ids) await made('POST', `/v1/orgs/${org_id}/entitlements`, { plan_id, effective_at });
      return org_id;
    },
    async use(org_id: string, sku: string, quantity: string, time: string): Promise<void> {
      used += 1;
      await made('POST', '/v1/metering/events', [{ request_id: `use-${used}`, org_id, sku, quantity, time }]);
    },
    /** Requests a run and brings it to its end, as a worker does. */
    bill: async (from: string, to: string, org_id?: string) => execute((await request(from, to, org_id)).run_id),
    request,
    execute,
    /** Lines of an organization's invoices that count, oldest invoice first: `sku quantity amount`. */
    async lines(org_id: string): Promise<string[]> {
      const { data } = await made('GET', `/v1/invoices?org_id=${org_id}&limit=100`);
      const found: string[] = [];
      for (const { invoice_id, status } of data.reverse()) {
        if (status === 'void') continue;
        for (const line of (await made('GET', `/v1/invoices/${invoice_id}`)).lines)
          found.push(`${line.sku ?? 'base'} ${line.quantity} ${line.amount.amount}`);
      }
      return found;
    },
    /** The newest invoice of an organization. */
    newest: async (org_id: string) => (await made('GET', `/v1/invoices?org_id=${org_id}&limit=1`)).data[0],
    void: (invoice_id: string) => made('POST', `/v1/invoices/${invoice_id}:void`, { reason: 'a test' }),
    /** Every defect of the database. */
    defects: () => s.t.superuser<{ defect: string; what: string }>('SELECT defect, what FROM audit'),
    /** Every defect of the database, and everything issued that does not come to the same again. */
    async audit(): Promise<object[]> {
      return [...(await s.t.superuser('SELECT defect, what FROM audit')), ...(await differencesOf(s, s.tenant.tenant_id))];
    },
  };
}
