import { describe, expect, it } from 'vitest';
import { everything, testIdentity, withKey } from '../../../test/support/identity.ts';
import { createOrganization, ownOrganization } from '../tenancy/service.ts';
import { createAuthenticator } from './service/authenticate.ts';
import { createKey, revokeKey } from './service/keys.ts';
import { createTenantWithAdmin } from './service/tenants.ts';

const { state: w, later, newTenant, scope } = testIdentity();

describe('a new tenant', () => {
  it('has its own organization, a key that may do everything, and what the rooms above add, or nothing at all', async () => {
    const principal = await w.authenticator.authenticate(withKey(w.tenant.admin_key));
    expect(principal).toMatchObject({
      tenant_id: w.tenant.tenant_id,
      mode: 'live',
      scopes: everything,
      org_ids: null,
      actor: { kind: 'api_key' },
    });
    expect(w.tenant.admin_key).toMatch(/^tsk_live_[A-Za-z0-9]{32}$/);
    expect(await w.t.read(ownOrganization, { tenant_id: w.tenant.tenant_id })).toMatchObject({
      is_own: true,
      parent_org_id: null,
    });
    const failing = createTenantWithAdmin(w.deps, { name: 'No', slug: 'never-made' }, async () => {
      throw new Error('no keys');
    });
    await expect(failing).rejects.toThrow('no keys');
    expect(await w.t.superuser("SELECT 1 FROM tenant WHERE slug = 'never-made'")).toEqual([]);
  });

  it('takes its mode and its admin key from a bootstrap key', async () => {
    const bootstrap_key = 'tsk_test_abcdefghijklmnopqrstuvwx';
    const { admin_key } = await newTenant('live', bootstrap_key);
    expect(admin_key).toBe(bootstrap_key);
    expect(await w.authenticator.authenticate(withKey(bootstrap_key))).toMatchObject({ mode: 'test' });
  });
});

describe('an API key', () => {
  it('is stored as its hash alone, and nowhere in what was put on record or told', async () => {
    const stored = await w.t.superuser<{ text: string }>(
      `SELECT (SELECT jsonb_agg(k) FROM api_key k)::text || (SELECT jsonb_agg(a) FROM audit_log a)::text
         || (SELECT jsonb_agg(e) FROM billing_events e)::text AS text`,
    );
    expect(stored[0]!.text).toContain('"last_four"');
    expect(stored[0]!.text).not.toContain(w.tenant.admin_key);
    expect(stored[0]!.text).not.toContain(w.tenant.admin_key.slice(13, -4));
  });

  it('opens nothing when it is unknown, malformed or missing, and the answer says how to ask', async () => {
    const requests = [
      withKey(`${w.tenant.admin_key}x`),
      withKey(''),
      { ...withKey(''), headers: {} },
      { ...withKey(''), headers: { authorization: 'Basic eA==' } },
    ];
    for (const request of requests) {
      await expect(w.authenticator.authenticate(request)).rejects.toMatchObject({
        code: 'unauthenticated',
        status: 401,
        details: { headers: { 'www-authenticate': 'Bearer realm="tallystick"' } },
      });
    }
  });

  it('is given no scope that its maker lacks', async () => {
    const maker = { mode: 'live' as const, scopes: new Set(['usage:read']), org_ids: null };
    const making = w.t.postgres.transact(scope(), (tx) => createKey(tx, { name: 'k', scopes: ['usage:write'] }, maker, w.wall));
    await expect(making).rejects.toMatchObject({ code: 'scope_not_held', status: 403 });
  });

  it('ends at its time by the wall clock, though the test clock of its tenant stands still', async () => {
    w.tenant = await newTenant('test');
    await w.t.superuser("UPDATE tenant SET test_clock_at = '2025-01-01Z' WHERE tenant_id = $1", [w.tenant.tenant_id]);
    const maker = await w.authenticator.authenticate(withKey(w.tenant.admin_key));
    expect(maker.now.toString()).toBe('2025-01-01T00:00:00Z');
    const expires_at = w.wall.add({ minutes: 5 }).toString();
    const { key } = await w.t.postgres.transact(scope(), (tx) =>
      createKey(tx, { name: 'k', scopes: ['usage:read'], expires_at }, maker, w.wall),
    );
    expect((await w.authenticator.authenticate(withKey(key))).scopes).toEqual(new Set(['usage:read']));
    later({ minutes: 5 });
    await expect(w.authenticator.authenticate(withKey(key))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('opens nothing from the next request after it was revoked, though it was known a moment ago', async () => {
    const maker = await w.authenticator.authenticate(withKey(w.tenant.admin_key));
    const made_key = await w.t.postgres.transact(scope(), (tx) =>
      createKey(tx, { name: 'k', scopes: ['usage:read'] }, maker, w.wall),
    );
    await w.authenticator.authenticate(withKey(made_key.key));
    await w.t.postgres.transact(scope(), async (tx) => {
      await revokeKey(tx, made_key.api_key_id, maker, w.wall);
      tx.afterCommit(() => w.authenticator.forgetKey(made_key.api_key_id));
    });
    await expect(w.authenticator.authenticate(withKey(made_key.key))).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(
      w.t.superuser('UPDATE api_key SET revoked_at = NULL WHERE api_key_id = $1', [made_key.api_key_id]),
    ).rejects.toMatchObject({
      constraint: 'api_key_stays_revoked',
    });
  });

  it('notes its use at most once a minute', async () => {
    const used = async () => {
      createAuthenticator(w.deps);
      await createAuthenticator(w.deps).authenticate(withKey(w.tenant.admin_key));
      const rows = await w.t.superuser<{ last_used_at: string }>('SELECT last_used_at FROM api_key WHERE tenant_id = $1', [
        w.tenant.tenant_id,
      ]);
      return Temporal.Instant.from(rows[0]!.last_used_at).epochMilliseconds;
    };
    const first = await used();
    later({ seconds: 59 });
    expect(await used()).toBe(first);
    later({ seconds: 2 });
    expect(await used()).toBe(first + 61_000);
  });

  it('bound to an organization sees it and what is below it, and nothing beside', async () => {
    const [top, below] = await w.t.postgres.transact(scope(), async (tx) => {
      const make = (org_slug: string, parent_org_id?: string) =>
        createOrganization(tx, {
          legal_name: org_slug,
          org_slug,
          billing_email: 'a@b.example',
          default_timezone: 'UTC',
          parent_org_id,
        });
      const first = await make('top');
      await make('beside');
      return [first, await make('below', first.org_id)];
    });
    const maker = await w.authenticator.authenticate(withKey(w.tenant.admin_key));
    const { key } = await w.t.postgres.transact(scope(), (tx) =>
      createKey(tx, { name: 'k', scopes: ['orgs:read'], org_id: top!.org_id }, maker, w.wall),
    );
    const bound = await w.authenticator.authenticate(withKey(key));
    expect([...bound.org_ids!].sort()).toEqual([top!.org_id, below!.org_id].sort());
    const wider = w.t.postgres.transact(scope(), (tx) => createKey(tx, { name: 'k', scopes: ['orgs:read'] }, bound, w.wall));
    await expect(wider).rejects.toMatchObject({ code: 'org_not_found' });
  });

  it('of another tenant cannot be revoked, and answers as an unknown one', async () => {
    const other = await newTenant();
    const [foreign] = await w.t.superuser<{ api_key_id: string }>('SELECT api_key_id FROM api_key WHERE tenant_id = $1', [
      other.tenant_id,
    ]);
    for (const id of [foreign!.api_key_id, '00000000-0000-7000-8000-000000000000']) {
      const revoking = w.t.postgres.transact(scope(), (tx) => revokeKey(tx, id, { org_ids: null }, w.wall));
      await expect(revoking).rejects.toMatchObject({ code: 'api_key_not_found', message: `There is no API key ${id}.` });
    }
  });
});
