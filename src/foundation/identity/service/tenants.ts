import { newId } from '../../../kernel/id.ts';
import type { Tx } from '../../../platform/postgres.ts';
import { createTenant } from '../../tenancy/service.ts';
import type { IdentityDeps } from './authenticate.ts';
import { putKey } from './keys.ts';
import { makeSetupToken } from './setup.ts';
import { newApiKey } from './tokens.ts';

export interface NewTenantWithAdmin {
  name: string;
  slug: string;
  /** Live unless given; a bootstrap key says it by its prefix. */
  mode?: 'live' | 'test';
  /** The text of the admin key, `tsk_live_…` or `tsk_test_…`; a random one unless given. */
  bootstrap_key?: string;
  billing_email?: string;
  default_timezone?: string;
  currency?: string;
}

/**
 * Makes a tenant with its own organization, a key that may do everything, and the token of its first administrator's sign-in, in one
 * transaction. `also` runs in it, for what rooms above give every tenant. The key and the token are told this once.
 */
export async function createTenantWithAdmin(
  { postgres, clock }: Pick<IdentityDeps, 'postgres' | 'clock'>,
  tenant: NewTenantWithAdmin,
  also: (tx: Tx) => Promise<void>,
): Promise<{ tenant_id: string; admin_key: string; setup_token: string }> {
  const wall = clock.now();
  const tenant_id = newId(wall);
  const { bootstrap_key } = tenant;
  const mode = bootstrap_key === undefined ? (tenant.mode ?? 'live') : bootstrap_key.startsWith('tsk_test_') ? 'test' : 'live';
  const scope = { tenant_id, now: wall, actor: { kind: 'system' as const, id: 'tenants create' } };
  return postgres.transact(scope, async (tx) => {
    const { organization } = await createTenant(tx, {
      name: tenant.name,
      slug: tenant.slug,
      mode,
      billing_email: tenant.billing_email ?? `billing@${tenant.slug}.invalid`,
      default_timezone: tenant.default_timezone ?? 'UTC',
      currency: tenant.currency,
    });
    const made = await putKey(
      tx,
      { key: { name: 'Administrator', scopes: ['*'] }, text: bootstrap_key ?? newApiKey(mode) },
      wall,
    );
    const { setup_token } = await makeSetupToken(tx, { purpose: 'setup', org_id: organization.org_id, user_id: null }, wall);
    await also(tx);
    return { tenant_id, admin_key: made.key, setup_token };
  });
}
