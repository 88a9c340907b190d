import { allTenants } from '../../foundation/tenancy/service.ts';
import type { Postgres } from '../../platform/postgres.ts';
import { UsageError } from './command.ts';

/** The tenant by its slug; without one, the only tenant there is. Throws UsageError that lists them. */
export async function requireTenantId(postgres: Postgres, slug: string | undefined): Promise<string> {
  const rows = await allTenants(postgres);
  const found = slug === undefined && rows.length === 1 ? rows[0] : rows.find((row) => row.slug === slug);
  if (found) return found.tenant_id;
  const list = rows.map((row) => row.slug).join(', ');
  throw new UsageError(
    slug === undefined
      ? `There are several tenants; choose one with --tenant: ${list}`
      : `There is no tenant ${slug}; there are: ${list}`,
  );
}
