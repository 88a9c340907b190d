import { describe, expect, it } from 'vitest';
import { caller, password, testIdentity, withCookie } from '../../../test/support/identity.ts';
import { refresh, signIn, signOut } from './service/sign-in.ts';

const { state: w, admin, elsewhere, later, newTenant, scope } = testIdentity();

describe('signing in', () => {
  it('opens a session for the first administrator by the setup token, once', async () => {
    const session = await admin('ada@one.example');
    expect(session.view).toMatchObject({ user: { email: 'ada@one.example', name: 'Ada' }, role: 'admin', scopes: ['*'] });
    expect(await w.authenticator.authenticate(withCookie(session))).toMatchObject({
      org_ids: null,
      actor: { kind: 'user', name: 'Ada' },
    });
    await expect(admin('eve@one.example')).rejects.toMatchObject({ code: 'setup_token_invalid' });
  });

  it('opens nothing by a setup token that is a week old', async () => {
    later({ hours: 24 * 7 });
    await expect(admin('ada@late.example')).rejects.toMatchObject({ code: 'setup_token_invalid' });
  });

  it('answers alike for an unknown address, a wrong password, and a member no more', async () => {
    const { view } = await admin('ada@two.example');
    const attempts = [
      signIn(w.deps, { email: 'nobody@two.example', password }, elsewhere()),
      signIn(w.deps, { email: 'ada@two.example', password: 'wrong horse battery' }, elsewhere()),
      signIn(w.deps, { email: 'ada@two.example', password, tenant: 'no-such-tenant' }, elsewhere()),
    ];
    const refusals = (await Promise.allSettled(attempts)).map((result) => result.status === 'rejected' && result.reason);
    await w.t.superuser('DELETE FROM membership WHERE user_id = $1', [view.user.user_id]);
    refusals.push(await signIn(w.deps, { email: 'ada@two.example', password }, elsewhere()).catch((error: unknown) => error));
    for (const refusal of refusals)
      expect(refusal).toMatchObject({ code: 'sign_in_refused', status: 401, message: refusals[0].message });
  });

  it('spends on an unknown address about the time that a known one costs', async () => {
    await admin('ada@time.example');
    const cost = async (email: string) => {
      const times: number[] = [];
      for (let n = 0; n < 5; n += 1) {
        const began = performance.now();
        await expect(signIn(w.deps, { email, password: 'wrong horse battery' }, elsewhere())).rejects.toMatchObject({
          code: 'sign_in_refused',
        });
        times.push(performance.now() - began);
      }
      return times.sort((a, b) => a - b)[2]!;
    };
    await cost('warm@time.example');
    const [unknown, known] = [await cost('nobody@time.example'), await cost('ada@time.example')];
    expect(unknown / known).toBeGreaterThan(0.4);
    expect(unknown / known).toBeLessThan(2.5);
  });

  it('takes the address in any case', async () => {
    await admin('Ada@Case.example');
    expect((await signIn(w.deps, { email: 'ada@cASE.example', password }, elsewhere())).view.user.email).toBe('Ada@Case.example');
  });

  it('asks for the tenant where one address and password open two', async () => {
    await admin('both@x.example');
    const first = w.tenant;
    w.tenant = await newTenant();
    await admin('both@x.example');
    await expect(signIn(w.deps, { email: 'both@x.example', password }, elsewhere())).rejects.toMatchObject({
      code: 'tenant_needed',
    });
    const [{ slug } = { slug: '' }] = await w.t.superuser<{ slug: string }>('SELECT slug FROM tenant WHERE tenant_id = $1', [
      first.tenant_id,
    ]);
    const session = await signIn(w.deps, { email: 'both@x.example', password, tenant: slug }, elsewhere());
    expect(session.view.tenant.tenant_id).toBe(first.tenant_id);
  });

  it('waits after five failures for the account at that address, right password or not, and lets others in', async () => {
    await admin('ada@lock.example');
    const here = elsewhere();
    const wrong = () => signIn(w.deps, { email: 'ada@lock.example', password: 'wrong horse battery' }, here);
    for (let n = 0; n < 5; n += 1) await expect(wrong()).rejects.toMatchObject({ code: 'sign_in_refused' });
    await expect(signIn(w.deps, { email: 'ADA@lock.example', password }, here)).rejects.toMatchObject({
      code: 'sign_in_throttled',
      status: 429,
      details: { headers: { 'retry-after': '5' } },
    });
    await signIn(w.deps, { email: 'ada@lock.example', password }, elsewhere());
    later({ seconds: 5 });
    await signIn(w.deps, { email: 'ada@lock.example', password }, here);
  });

  it('lets no more than five of fifty attempts made at once look at the password', async () => {
    await admin('ada@burst.example');
    const here = elsewhere();
    const burst = Array.from({ length: 50 }, () =>
      signIn(w.deps, { email: 'ada@burst.example', password: 'wrong horse battery' }, here),
    );
    const codes = (await Promise.allSettled(burst)).map((result) =>
      result.status === 'rejected' ? result.reason.code : 'opened',
    );
    expect(codes.filter((code) => code === 'sign_in_refused').length).toBeLessThanOrEqual(5);
    expect(codes.filter((code) => code === 'sign_in_throttled').length).toBeGreaterThanOrEqual(45);
  });
});

describe('a session', () => {
  it('writes by cookie only with its own CSRF token', async () => {
    const session = await admin('ada@csrf.example');
    const other = await signIn(w.deps, { email: 'ada@csrf.example', password }, elsewhere());
    for (const token of [undefined, '', 'x', other.view.csrf_token]) {
      await expect(w.authenticator.authenticate(withCookie(session, 'POST', token))).rejects.toMatchObject({
        code: 'csrf_token_invalid',
        status: 403,
      });
    }
    expect(await w.authenticator.authenticate(withCookie(session, 'POST', session.view.csrf_token))).toMatchObject({
      org_ids: null,
    });
  });

  it('opens nothing after fifteen minutes unless it is refreshed, and keeps its CSRF token then', async () => {
    const first = await admin('ada@refresh.example');
    later({ minutes: 15 });
    await expect(w.authenticator.authenticate(withCookie(first))).rejects.toMatchObject({ code: 'unauthenticated' });
    const second = await refresh(w.deps, first.refresh_token, caller);
    expect(second.view.csrf_token).toBe(first.view.csrf_token);
    await w.authenticator.authenticate(withCookie(second));
    await expect(w.authenticator.authenticate(withCookie(first))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('ends with all its tokens when a refresh token comes a second time', async () => {
    const first = await admin('ada@reuse.example');
    const second = await refresh(w.deps, first.refresh_token, caller);
    const third = await refresh(w.deps, second.refresh_token, caller);
    await expect(refresh(w.deps, first.refresh_token, caller)).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(w.authenticator.authenticate(withCookie(third))).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(refresh(w.deps, third.refresh_token, caller)).rejects.toMatchObject({ code: 'unauthenticated' });
    const ended = await w.t.superuser("SELECT after FROM audit_log WHERE action = 'session.ended' AND target_id = $1", [
      first.session_id,
    ]);
    expect(ended).toMatchObject([{ after: { reason: 'refresh_token_reused' } }]);
  });

  it('is refreshed by one of two copies of a token that come at once, and then ends', async () => {
    const first = await admin('ada@twice.example');
    const results = await Promise.allSettled([1, 2].map(() => refresh(w.deps, first.refresh_token, caller)));
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    const sessions = await w.t.superuser('SELECT revoked_for FROM session WHERE session_id = $1', [first.session_id]);
    expect(sessions).toEqual([{ revoked_for: 'refresh_token_reused' }]);
  });

  it('lasts thirty days at the most, however often it is refreshed', async () => {
    let session = await admin('ada@long.example');
    for (let day = 0; day < 29; day += 7) {
      later({ hours: 24 * 7 });
      if (day < 28) session = await refresh(w.deps, session.refresh_token, caller);
    }
    await expect(refresh(w.deps, session.refresh_token, caller)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('ends when its user signs out, even a moment after its access ran out', async () => {
    const session = await admin('ada@out.example');
    later({ minutes: 16 });
    const current = await w.authenticator.currentSession(withCookie(session, 'DELETE', session.view.csrf_token), {
      even_expired: true,
    });
    await w.t.postgres.transact(scope(), (tx) => signOut(tx, current, w.wall));
    await expect(refresh(w.deps, session.refresh_token, caller)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});
