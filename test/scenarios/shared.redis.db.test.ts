import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type Credentials, createAuthenticator } from '../../src/foundation/identity/service/authenticate.ts';
import { revokeKey } from '../../src/foundation/identity/service/keys.ts';
import { setUp } from '../../src/foundation/identity/service/setup.ts';
import { createTenantWithAdmin } from '../../src/foundation/identity/service/tenants.ts';
import { createTenantKeys } from '../../src/foundation/receipts/service.ts';
import { clock } from '../../src/platform/clock.ts';
import { createRateLimiter } from '../../src/platform/rate-limit.ts';
import { openRedis } from '../../src/platform/redis.ts';
import { createLogger } from '../../src/platform/telemetry.ts';
import { testDatabase } from '../support/database.ts';
import { startRedis } from '../support/redis.ts';

const redis = await startRedis();
const registry = new Registry();
const warnings: string[] = [];
const log = { warn: (...said: unknown[]) => void warnings.push(String(said.at(-1))), info: () => undefined };
/** Two processes of one installation. */
const shared = [openRedis(redis.url, { log, registry }), openRedis(redis.url, { log, registry: new Registry() })] as const;
afterAll(async () => {
  for (const store of shared) await store.close();
  await redis.close();
});
beforeEach(async () => {
  await redis.start();
  for (const store of shared) await until(async () => (await store.ask((there) => there.ping())) === 'PONG');
  warnings.length = 0;
});

it('a password that Redis refuses is not told to the log', async () => {
  const lines: string[] = [];
  const written = createLogger('info', { write: (line) => void lines.push(line) });
  await shared[0].ask((there) => there.config('SET', 'requirepass', 'the-right-one'));
  const refused = openRedis(redis.url.replace('//', '//:the-wrong-one@'), { log: written, registry: new Registry() });
  await until(async () => lines.length > 0);
  await refused.close();
  await shared[0].ask((there) => there.config('SET', 'requirepass', ''));
  expect(lines.join()).toContain('WRONGPASS');
  expect(lines.join()).not.toContain('the-wrong-one');
});

describe('the limit of requests', () => {
  const caller = (name: string) => ({ authorization: `Bearer ${name}`, address: '127.0.0.1' });
  const limiters = shared.map((store) => createRateLimiter({ limit: 4, shared: store }));
  const take = (at: number, name: string) =>
    limiters[at]!.take(caller(name)).then(
      ({ ratelimit }) => ratelimit!.replace(/t=.*/, ''),
      (error: { code: string; details: { headers: Record<string, string> } }) =>
        `${error.code} ${error.details.headers['retry-after']! !== ''}`,
    );

  it('is counted by all processes together, by caller', async () => {
    const seen = [
      await take(0, 'a'),
      await take(1, 'a'),
      await take(0, 'a'),
      await take(1, 'a'),
      await take(0, 'a'),
      await take(1, 'b'),
    ];
    expect(seen).toEqual([
      '"default";r=3;',
      '"default";r=2;',
      '"default";r=1;',
      '"default";r=0;',
      'rate_limited true',
      '"default";r=3;',
    ]);
  });

  it('is one for a caller, however the header is written', async () => {
    const { authorization, address } = caller('written');
    await limiters[0]!.take({ authorization, address });
    for (const written of ['bearer written', 'BEARER   written', 'Bearer written  '])
      await limiters[0]!.take({ authorization: written, address });
    expect(await take(0, 'written')).toBe('rate_limited true');
  });

  it('ends where somebody left its count without an end, and is each process’s own where Redis answers no count', async () => {
    await shared[0].ask((there) => there.flushall());
    await take(0, 'left');
    const [key] = (await shared[0].ask((there) => there.keys('tallystick:rate:*')))!;
    await shared[0].ask((there) => there.persist(key!));
    await take(0, 'left');
    expect(await shared[0].ask((there) => there.pttl(key!))).toBeGreaterThan(0);
    await shared[0].ask((there) => there.set(key!, -7));
    expect(await take(0, 'left')).toBe('"default";r=3;');
  });

  it('holds a caller’s key nowhere in Redis', async () => {
    await take(0, 'tsk_live_secret');
    const keys = await shared[0].ask((there) => there.keys('*'));
    expect(keys!.length).toBeGreaterThan(0);
    expect(keys!.join()).not.toContain('secret');
  });

  it('is counted by each process alone while Redis is killed, paused or wiped, with one warning, and together again after', async () => {
    await take(0, 'c');
    await redis.kill();
    const alone = [await take(0, 'c'), await take(0, 'c'), await take(1, 'c')];
    expect(alone).toEqual(['"default";r=3;', '"default";r=2;', '"default";r=3;']);
    expect(warnings.filter((line) => line.startsWith('Redis is away')).length).toBe(2);
    expect(await registry.metrics()).toContain('tallystick_redis_up 0');
    // Started again it has forgotten all.
    await redis.start();
    await until(async () => (await take(0, 'd')) === '"default";r=3;' && (await take(1, 'd')) === '"default";r=2;');
    redis.pause();
    expect(await take(0, 'e')).toBe('"default";r=3;');
    expect(await take(0, 'e')).toBe('"default";r=2;');
    redis.resume();
  });
});

describe('who asks', async () => {
  const t = await testDatabase();
  const made = await createTenantWithAdmin({ postgres: t.postgres, clock }, { name: 'Live', slug: 'live' }, async (tx) => {
    await createTenantKeys(tx);
  });
  const deps = { postgres: t.postgres, clock, secure_cookies: false };
  const [one, two] = shared.map((store) => createAuthenticator({ ...deps, shared: store })) as [Authenticator, Authenticator];
  type Authenticator = ReturnType<typeof createAuthenticator>;
  const bearer = (text: string): Credentials => ({ method: 'GET', headers: { authorization: `Bearer ${text}` }, cookies: {} });
  const session = async () => {
    const again = await createTenantWithAdmin(
      { postgres: t.postgres, clock },
      { name: 'X', slug: `x-${process.hrtime.bigint()}` },
      async (tx) => {
        await createTenantKeys(tx);
      },
    );
    const caller = { remote_address: '127.0.0.1', user_agent: null, request_id: null };
    const who = {
      token: again.setup_token,
      password: 'a long password',
      email: `${process.hrtime.bigint()}@b.example`,
      name: 'Somebody',
    };
    return (await setUp(deps, who as never, caller as never)).access_token;
  };

  /** Where and how Redis has a session. It keeps one for a second, so more than one look may be needed. */
  const keptOf = async (token: string): Promise<[string, Buffer]> => {
    for (;;) {
      await shared[0].ask((there) => there.flushdb());
      await one.currentSession(bearer(token));
      const [key] = (await shared[0].ask((there) => there.keys('tallystick:session:*'))) ?? [];
      const sealed = key === undefined ? null : await shared[0].ask((there) => there.getBuffer(key));
      if (key !== undefined && sealed) return [key, sealed];
    }
  };

  it('with a revoked key is refused by every process at once', async () => {
    const principal = await one.authenticate(bearer(made.admin_key));
    await two.authenticate(bearer(made.admin_key));
    const heard = new Promise<void>((resolve) => two.onRevocation(resolve));
    const { tenant_id, now, actor } = principal;
    await t.postgres.transact({ tenant_id, now, actor }, (tx) => revokeKey(tx, principal.actor.id, principal, clock.now()));
    one.forgetKey(principal.actor.id);
    await heard;
    await expect(two.authenticate(bearer(made.admin_key))).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(one.authenticate(bearer(made.admin_key))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('with a session is known to all processes for a second, sealed, and for no longer than it lasts', async () => {
    const token = await session();
    const before = await one.currentSession(bearer(token));
    const [, sealed] = await keptOf(token);
    const kept = sealed.toString('latin1');
    for (const secret of ['Somebody', before.principal.tenant_id, token]) expect(kept).not.toContain(secret);
    const after = await two.currentSession(bearer(token));
    expect({ ...after, principal: { ...after.principal, now: null } }).toEqual({
      ...before,
      principal: { ...before.principal, now: null },
    });
    await t.superuser("UPDATE session SET revoked_at = now(), revoked_for = 'signed_out' WHERE session_id = $1", [
      before.session_id,
    ]);
    await one.forgetSession(bearer(token));
    await expect(two.currentSession(bearer(token))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('is nobody by what somebody else wrote into Redis', async () => {
    const token = await session();
    const [key, sealed] = await keptOf(token);
    const stranger = await session();
    const [other] = await keptOf(stranger);
    await shared[0].ask((there) => there.set(other, sealed, 'PX', 60_000));
    expect((await two.currentSession(bearer(stranger))).principal.tenant_id).not.toBe(
      (await two.currentSession(bearer(token))).principal.tenant_id,
    );
    await shared[0].ask((there) => there.set(key, '{"principal":{}}', 'PX', 60_000));
    expect((await two.currentSession(bearer(token))).principal.actor.kind).toBe('user');
  });

  it('is known without Redis, and nothing is lost with it', async () => {
    const token = await session();
    await one.currentSession(bearer(token));
    await redis.kill();
    expect((await two.currentSession(bearer(token))).view.user.name).toBe('Somebody');
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20);
}
