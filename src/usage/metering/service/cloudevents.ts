import { organizationIdsBySlugs } from '../../../foundation/tenancy/service.ts';
import type { Postgres, Scope } from '../../../platform/postgres.ts';
import { slugsOf, usageOfCloudEvent } from '../decide/cloudevents.ts';
import type { Translation } from '../model.ts';

/** How to read these CloudEvents as usage: one question finds the organizations that they name by slug. */
export async function cloudEventReader(
  postgres: Postgres,
  scope: Scope,
  events: readonly unknown[],
): Promise<(event: unknown) => Translation> {
  const slugs = slugsOf(events);
  const orgs =
    slugs.length === 0 ? new Map<string, string>() : await postgres.read(scope, (db) => organizationIdsBySlugs(db, slugs));
  return (event) => usageOfCloudEvent(event, orgs);
}
