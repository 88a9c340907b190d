import { beforeAll, describe, expect, it } from 'vitest';
import { issueEverything } from '../../../../test/support/issued.ts';
import { testServer } from '../../../../test/support/server.ts';
import { openShop, verificationOf } from '../../../../test/support/shop.ts';
import { clock } from '../../../platform/clock.ts';
import { executeVerification, requestVerification } from './verifications.ts';

const s = await testServer();
const shop = openShop(s);
let orgs: string[] = [];

beforeAll(async () => {
  orgs = await issueEverything(s);
}, 120_000);

describe('what was issued', () => {
  it('comes to the same again, all of it', async () => {
    expect(await shop.audit()).toEqual([]);
    expect((await verificationOf(s, s.tenant.tenant_id)).differences).toEqual([]);
  });

  it('is looked at by period and organization', async () => {
    const of = async (request: object) => (await verificationOf(s, s.tenant.tenant_id, request)).verification.checked;
    const all = await of({});
    expect(all).toMatchObject({ invoices: 11, credit_notes: 4, actions: 8 });
    expect(await of({ from: '2025-02-01', to: '2025-02-15' })).toMatchObject({ invoices: 3, credit_notes: 0, actions: 0 });
    expect(await of({ org_id: orgs[2] })).toMatchObject({ invoices: 4, credit_notes: 0, actions: 0 });
    expect(await of({ org_id: orgs[0] })).toMatchObject({ actions: 8 });
    // Every event of an organization is under its first invoices' lines, and under those that replace or correct them.
    expect(all.events).toBeGreaterThan(100);
  });

  it('is looked at once, by steps of any size, by two workers at once, and by one that goes on where another was stopped', async () => {
    const deps = { postgres: s.t.postgres, clock };
    const { tenant_id } = s.tenant;
    const whole = (await verificationOf(s, tenant_id)).verification.checked;
    const requested = async () => {
      const { verification_id } = await s.t.transact((tx) => requestVerification(tx, {}), { tenant_id });
      return { tenant_id, verification_id };
    };
    const shared = await requested();
    for (const done of await Promise.all([2, 3].map((chunk_size) => executeVerification({ ...deps, chunk_size }, shared))))
      expect(done).toMatchObject({ status: 'completed', differences: 0 });
    expect((await executeVerification(deps, shared)).checked).toEqual(whole);

    const stopped = await requested();
    const stop = new AbortController();
    const observe = () => stop.abort();
    await expect(executeVerification({ ...deps, chunk_size: 1, signal: stop.signal, observe }, stopped)).rejects.toThrow();
    const { body } = await s.call('GET', `/v1/replays/verifications/${stopped.verification_id}`);
    expect(body).toMatchObject({ status: 'running', progress: { total: 11, done: 1 } });
    expect((await executeVerification(deps, stopped)).checked).toEqual(whole);
    expect(await shop.audit()).toEqual([]);
  });

  it('is asked for over HTTP, and refused where it names no period or nobody', async () => {
    const asked = async (body: object) => (await s.call('POST', '/v1/replays/verifications', body)).body.code;
    expect(await asked({ from: '2025-02-01', to: '2025-02-01' })).toBe('verification_period_invalid');
    expect(await asked({ org_id: '01900000-0000-7000-8000-000000000000' })).toBe('org_not_found');
    const made = await shop.made('POST', '/v1/replays/verifications', { from: '2025-02-01' });
    expect(made).toMatchObject({ status: 'queued', from: '2025-02-01', to: null, progress: { total: 6, done: 0 } });
    const headers = { authorization: `Bearer ${s.other_key}` };
    const { body } = await s.call('GET', `/v1/replays/verifications/${made.verification_id}`, undefined, headers);
    expect(body.code).toBe('verification_unknown');
  });
});
