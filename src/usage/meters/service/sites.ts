import { recordAudit } from '../../../foundation/audit/service.ts';
import { emit } from '../../../foundation/events/service.ts';
import { requireOrganization } from '../../../foundation/tenancy/service.ts';
import { newId } from '../../../kernel/id.ts';
import { requireSku } from '../../../offer/catalog/service.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import type { Occupancy, Site } from '../model.ts';
import {
  insertOccupancy,
  insertSite,
  lockOccupancy,
  type SiteFilter,
  selectOccupancies,
  selectSite,
  selectSites,
  supplyAgainFrom,
  updateOccupancyEnd,
} from '../sql/sites.ts';

export interface NewSite {
  name: string;
  address?: string | null | undefined;
  time_zone: string;
  supply_sku?: string | null | undefined;
}

/** A place for meters. Nobody occupies it yet. Throws `sku_unknown`. */
export async function createSite(tx: Tx, site: NewSite): Promise<Site> {
  const site_id = newId(tx.now);
  const { name, address = null, time_zone, supply_sku = null } = site;
  if (supply_sku !== null) await requireSku(tx, supply_sku);
  await insertSite(tx, { site_id, name, address, time_zone, supply_sku });
  const made = await requireSite(tx, site_id);
  await recordAudit(tx, { action: 'site.created', target_type: 'site', target_id: site_id, before: null, after: { ...made } });
  await emit<typeof events>(tx, {
    type: 'site.created',
    aggregate_type: 'site',
    aggregate_id: site_id,
    data: { site_id, name: made.name },
  });
  return made;
}

/** An id of another tenant is as unknown as any other. Throws `site_not_found`. */
export async function requireSite(db: Db, site_id: string): Promise<Site> {
  const site = await selectSite(db, site_id);
  if (!site) throw errors.site_not_found({ detail: `There is no site ${site_id}.` });
  return site;
}

/** Throws `site_not_found` unless `org_ids` is null or one of them occupies the site, has occupied it or will. */
export async function requireVisibleSite(db: Db, site_id: string, org_ids: readonly string[] | null): Promise<Site> {
  const site = await requireSite(db, site_id);
  if (org_ids === null) return site;
  const occupancies = await selectOccupancies(db, site_id);
  if (!occupancies.some((one) => org_ids.includes(one.org_id)))
    throw errors.site_not_found({ detail: `There is no site ${site_id}.` });
  return site;
}

/** Newest first. Throws `cursor_invalid`. */
export async function listSites(
  db: Db,
  query: Pick<SiteFilter, 'org_ids' | 'limit'> & { org_id?: string | undefined; cursor?: string | undefined },
): Promise<{ data: Site[]; next_cursor: string | null }> {
  const sort = 'sites.site_id';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await selectSites(db, { org_id: query.org_id ?? null, org_ids: query.org_ids, limit: query.limit, below });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.site_id]));
}

export interface NewOccupancy {
  org_id: string;
  /** RFC 3339. */
  from: string;
  /** RFC 3339, exclusive; absent or null while it lasts. */
  to?: string | null | undefined;
}

/** Says who occupies a site from when. Throws `site_not_found`, `org_not_found`, and by constraint `occupancy_overlaps`, `occupancy_ends_before_start`. */
export async function createOccupancy(tx: Tx, site_id: string, occupancy: NewOccupancy): Promise<Occupancy> {
  await requireSite(tx, site_id);
  const { org_id } = await requireOrganization(tx, occupancy.org_id);
  const made = { occupancy_id: newId(tx.now), site_id, org_id, from: occupancy.from, to: occupancy.to ?? null };
  if (made.to !== null) requireOrder(made.from, made.to);
  await insertOccupancy(tx, made);
  await supplyAgainFrom(tx, site_id, made.from);
  await recordAudit(tx, {
    action: 'occupancy.started',
    target_type: 'occupancy',
    target_id: made.occupancy_id,
    org_id,
    before: null,
    after: { ...made },
  });
  await emit<typeof events>(tx, {
    type: 'occupancy.started',
    aggregate_type: 'site',
    aggregate_id: site_id,
    org_id,
    data: made,
  });
  return made;
}

/** Says when an occupancy ends. Usage that is on record already stays with whom it was given to. Throws `occupancy_not_found`, `occupancy_ends_before_start`. */
export async function endOccupancy(tx: Tx, site_id: string, occupancy_id: string, to: string): Promise<Occupancy> {
  const before = await lockOccupancy(tx, site_id, occupancy_id);
  if (!before) throw errors.occupancy_not_found({ detail: `The site has no occupancy ${occupancy_id}.` });
  requireOrder(before.from, to);
  await updateOccupancyEnd(tx, occupancy_id, to);
  const after = { ...before, to };
  await recordAudit(tx, {
    action: 'occupancy.ended',
    target_type: 'occupancy',
    target_id: occupancy_id,
    org_id: before.org_id,
    before: { ...before },
    after,
  });
  await emit<typeof events>(tx, {
    type: 'occupancy.ended',
    aggregate_type: 'site',
    aggregate_id: site_id,
    org_id: before.org_id,
    data: { occupancy_id, site_id, org_id: before.org_id, to },
  });
  return after;
}

/** By start, all of them. Throws `site_not_found`. */
export async function listOccupancies(db: Db, site_id: string): Promise<Occupancy[]> {
  await requireSite(db, site_id);
  return selectOccupancies(db, site_id);
}

function requireOrder(from: string, to: string): void {
  if (Temporal.Instant.compare(Temporal.Instant.from(from), Temporal.Instant.from(to)) < 0) return;
  throw errors.occupancy_ends_before_start({
    detail: `It would end at ${to} and start at ${from}.`,
    errors: [{ pointer: '/to', code: 'occupancy_ends_before_start', detail: 'must be later than from' }],
  });
}
