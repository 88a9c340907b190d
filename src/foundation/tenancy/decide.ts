import { errors } from './errors.ts';
import type { Organization, OrganizationChanges, Tenant } from './model.ts';

/** Those of `changes` that differ from what is. */
export function changesOf(before: Organization, changes: OrganizationChanges): OrganizationChanges {
  const differing = Object.entries(changes).filter(
    ([field, value]) => value !== undefined && before[field as keyof OrganizationChanges] !== value,
  );
  return Object.fromEntries(differing) as OrganizationChanges;
}

/** A link is for a root: to take a child from another parent is a move, which says so. */
export function requireLinkable(child: Organization, parent_org_id: string): void {
  if (child.parent_org_id === null || child.parent_org_id === parent_org_id) return;
  throw errors.has_other_parent({
    detail: `${child.org_slug} is below ${child.parent_org_id}; change its parent_org_id to move it.`,
  });
}

/** A test clock belongs to a test tenant and goes forward from the tenant's present, wherever that comes from. */
export function requireTestClock(
  tenant: Pick<Tenant, 'mode' | 'test_clock_at'>,
  now: Temporal.Instant,
  to: Temporal.Instant,
): void {
  if (tenant.mode !== 'test') throw errors.test_clock_only_in_test();
  // The first setting may lie in the past: an empty tenant is then brought forward through the periods to be tried.
  if (tenant.test_clock_at === null) return;
  if (Temporal.Instant.compare(to, now) < 0)
    throw errors.test_clock_backwards({ detail: `The clock stands at ${now.toString()}.` });
}
