import { describe, expect, it } from 'vitest';
import { caller, everything, password, testIdentity, withCookie } from '../../../test/support/identity.ts';
import { createOrganization, ownOrganization } from '../tenancy/service.ts';
import { changeMember, inviteMember, removeMember } from './service/members.ts';
import { setUp } from './service/setup.ts';
import { refresh, signIn } from './service/sign-in.ts';

const { state: w, admin, elsewhere, scope } = testIdentity();

describe('a member', () => {
  const change = async () => ({
    org_id: (await w.t.read(ownOrganization, { tenant_id: w.tenant.tenant_id })).org_id,
    held: everything,
    wall: w.wall,
  });
  const invite = async (email: string, role: 'admin' | 'user' = 'user') => {
    const by = await change();
    return w.t.postgres.transact(scope(), (tx) => inviteMember(tx, { email, role }, by));
  };

  it('is pending until the invitation is taken up, and then acts with the rights of the role', async () => {
    const invited = await invite('new@member.example');
    expect(invited).toMatchObject({ status: 'pending', role: 'user' });
    await expect(signIn(w.deps, { email: 'new@member.example', password }, elsewhere())).rejects.toMatchObject({
      code: 'sign_in_refused',
    });
    const session = await setUp(w.deps, { token: invited.setup_token, password, name: 'New' }, elsewhere());
    expect(session.view).toMatchObject({ role: 'user', user: { name: 'New' } });
    expect(session.principal.scopes.has('orgs:write')).toBe(false);
  });

  it('joins by the latest invitation alone', async () => {
    const first = await invite('again@member.example');
    const second = await invite('again@member.example');
    expect(second.user_id).toBe(first.user_id);
    await expect(setUp(w.deps, { token: first.setup_token, password }, elsewhere())).rejects.toMatchObject({
      code: 'setup_token_invalid',
    });
    await setUp(w.deps, { token: second.setup_token, password }, elsewhere());
    await expect(invite('again@member.example')).rejects.toMatchObject({ code: 'member_exists' });
  });

  it('who has a password already joins another organization only by it', async () => {
    await admin('known@member.example');
    const party = await w.t.postgres.transact(scope(), (tx) =>
      createOrganization(tx, { legal_name: 'P', org_slug: 'p', billing_email: 'a@b.example', default_timezone: 'UTC' }),
    );
    const by = { ...(await change()), org_id: party.org_id };
    const { setup_token } = await w.t.postgres.transact(scope(), (tx) =>
      inviteMember(tx, { email: 'known@member.example', role: 'user' }, by),
    );
    const stolen = setUp(w.deps, { token: setup_token, password: 'a password of the thief' }, elsewhere());
    await expect(stolen).rejects.toMatchObject({ code: 'sign_in_refused' });
    const session = await setUp(w.deps, { token: setup_token, password }, elsewhere());
    expect(session.principal.org_ids).toEqual([party.org_id]);
  });

  it('of another organization sees that organization alone, and loses all rights the moment the membership ends', async () => {
    const party = await w.t.postgres.transact(scope(), (tx) =>
      createOrganization(tx, { legal_name: 'Q', org_slug: 'q', billing_email: 'a@b.example', default_timezone: 'UTC' }),
    );
    const by = { ...(await change()), org_id: party.org_id };
    const invited = await w.t.postgres.transact(scope(), (tx) =>
      inviteMember(tx, { email: 'q@party.example', role: 'admin' }, by),
    );
    const session = await setUp(w.deps, { token: invited.setup_token, password }, elsewhere());
    const principal = await w.authenticator.authenticate(withCookie(session));
    expect(principal.org_ids).toEqual([party.org_id]);
    expect(principal.scopes.has('catalog:read')).toBe(false);
    await w.t.postgres.transact(scope(), (tx) => removeMember(tx, invited.user_id, by));
    await expect(w.authenticator.authenticate(withCookie(session))).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(refresh(w.deps, session.refresh_token, caller)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('who is the last administrator can neither leave nor be demoted, not even two at once', async () => {
    const { view } = await admin('only@admin.example');
    const by = await change();
    const removing = (user_id: string) => w.t.postgres.transact(scope(), (tx) => removeMember(tx, user_id, by));
    await expect(removing(view.user.user_id)).rejects.toMatchObject({ code: 'last_admin' });
    const demoting = w.t.postgres.transact(scope(), (tx) => changeMember(tx, view.user.user_id, 'user', by));
    await expect(demoting).rejects.toMatchObject({ code: 'last_admin' });
    const { user_id, setup_token } = await invite('second@admin.example', 'admin');
    await setUp(w.deps, { token: setup_token, password }, elsewhere());
    const results = await Promise.allSettled([removing(view.user.user_id), removing(user_id)]);
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('changes nobody who holds more', async () => {
    const { view } = await admin('strong@admin.example');
    const weak = { ...(await change()), held: new Set(['members:write', 'orgs:read']) };
    const removing = w.t.postgres.transact(scope(), (tx) => removeMember(tx, view.user.user_id, weak));
    await expect(removing).rejects.toMatchObject({ code: 'role_not_held' });
  });
});

describe('every table of the room', () => {
  const tables = ['user_account', 'membership', 'api_key', 'session', 'refresh_token', 'setup_token'];
  it.each(tables)('%s shows a tenant nothing of another, and nothing at all without one', async (table) => {
    const client = await w.t.postgres.pool('app').connect();
    try {
      expect((await client.query(`SELECT count(*)::int AS n FROM ${table}`)).rows).toEqual([{ n: 0 }]);
      await client.query(`BEGIN; SELECT set_config('tally.tenant_id', '${w.t.other_tenant_id}', true)`);
      expect(
        (await client.query(`SELECT count(*)::int AS n FROM ${table} WHERE tenant_id <> '${w.t.other_tenant_id}'`)).rows,
      ).toEqual([{ n: 0 }]);
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  });

  it('opens to the role that comes before any tenant no more than it looks up by', async () => {
    const auth = w.t.postgres.pool('auth');
    for (const query of [
      'SELECT csrf_token FROM session',
      'SELECT name FROM user_account',
      'SELECT * FROM membership',
      "UPDATE api_key SET scopes = '{*}'",
      'UPDATE api_key SET revoked_at = NULL',
      'DELETE FROM session',
      'INSERT INTO setup_token DEFAULT VALUES',
      'SELECT 1 FROM audit_log',
    ]) {
      await expect(auth.query(query)).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('fits the rules that the server demands of the catalog', async () => {
    expect(await w.t.superuser("SELECT defect, what FROM audit WHERE defect ~ '^R'")).toEqual([]);
  });
});
