import { beforeAll, describe, expect, it } from 'vitest';
import { issueEverything } from '../../../../test/support/issued.ts';
import { testServer } from '../../../../test/support/server.ts';
import { openShop, verificationOf } from '../../../../test/support/shop.ts';

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
});
