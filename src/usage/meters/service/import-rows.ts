import { organizationBySlug, organizationsByIds, requireOrganization } from '../../../foundation/tenancy/service.ts';
import { assert } from '../../../kernel/assert.ts';
import { isId } from '../../../kernel/id.ts';
import type { Sku } from '../../../offer/catalog/model.ts';
import { ensureSku, skusByCode } from '../../../offer/catalog/service.ts';
import type { Db, Postgres, Scope, Tx } from '../../../platform/postgres.ts';
import type { CsvRow } from '../decide/csv.ts';
import { planRow } from '../decide/event-row.ts';
import { type Fault, fault, shown } from '../decide/faults.ts';
import type { MeterSeries } from '../decide/row.ts';
import { type MeterState, planSeries, refusedSeries, type SeriesPlan } from '../decide/series.ts';
import type { ImportOptions, UsageRow } from '../model.ts';
import { lockIdentifier } from '../sql/meters.ts';
import { selectOccupancies } from '../sql/sites.ts';
import { addRegister, meterByIdentifier, registerMeter } from './meters.ts';
import { createOccupancy, createSite } from './sites.ts';

/** Turns what a file holds into usage events, with what the tenant knows of meters, occupants, SKUs and organizations. */
export interface RowMaker {
  series(series: MeterSeries): Promise<SeriesPlan>;
  /** At once, unless the row names an organization that has to be looked up. */
  row(row: CsvRow, line: number): UsageRow | Fault | Promise<UsageRow | Fault>;
  /** As they stand: an import may make some. */
  skus(): ReadonlyMap<string, Sku>;
}

/**
 * `make`: sites, meters, registers, occupancies and SKUs that are missing are made where the options allow it. Otherwise the answer is what
 * it would be if they had been.
 */
export async function rowMaker(postgres: Postgres, scope: Scope, options: ImportOptions, make: boolean): Promise<RowMaker> {
  let skus = await postgres.read(scope, skusByCode);
  const states = new Map<string, MeterState>();
  const orgs = new Map<string, string | null>();

  const stateOf = async (identifier: string): Promise<MeterState> => {
    const known = states.get(identifier);
    if (known) return known;
    const state = await postgres.read(scope, (db) => loadState(db, identifier));
    remember(states, identifier, state);
    return state;
  };
  const orgOf = async (name: string): Promise<string | null> => {
    const known = orgs.get(name);
    if (known !== undefined) return known;
    const found = await postgres.read(scope, async (db) =>
      isId(name) ? (await organizationsByIds(db, [name])).get(name) : organizationBySlug(db, name),
    );
    const visible = found && (options.org_ids === null || options.org_ids.includes(found.org_id));
    const org_id = visible ? found.org_id : null;
    remember(orgs, name, org_id);
    return org_id;
  };
  /** For the organization that the file names, where it does. */
  const optionsOf = async ({ org }: MeterSeries): Promise<ImportOptions | null> => {
    if (org === undefined || org === null || org === '') return options;
    const org_id = await orgOf(org);
    return org_id === null ? null : { ...options, org_id };
  };
  return {
    skus: () => skus,
    async series(series) {
      const { meter } = series;
      const own = await optionsOf(series);
      if (own === null)
        return refusedSeries(series, fault('org_unknown', `there is no organization “${shown(series.org ?? '')}” here`));
      const plan = planSeries(series, await stateOf(meter), skus, own, scope.now);
      if (plan.needs === null || !make) return plan;
      const made = await postgres.transact(scope, async (tx) => {
        await provide(tx, series, own);
        return { skus: await skusByCode(tx), state: await loadState(tx, meter) };
      });
      skus = made.skus;
      states.set(meter, made.state);
      const complete = planSeries(series, made.state, skus, own, scope.now);
      assert(complete.needs === null, 'what a series needs was made');
      return complete;
    },
    row(row, line) {
      if (row.org === null) return planRow(row, line, options.org_id, skus);
      const known = orgs.get(row.org);
      return known === undefined
        ? orgOf(row.org).then((org_id) => planRow(row, line, org_id, skus))
        : planRow(row, line, known, skus);
    },
  };
}

/** Makes what a series needs, once, however many imports ask for it at the same time. */
async function provide(tx: Tx, series: MeterSeries, options: ImportOptions): Promise<void> {
  const identifier = series.meter;
  await lockIdentifier(tx, identifier);
  const state = await loadState(tx, identifier);
  const needs = planSeries(series, state, await skusByCode(tx), options, tx.now).needs;
  if (needs === null) return;
  assert(options.org_id !== null, 'only an import for an organization makes anything');
  if (needs.sku !== null) await ensureSku(tx, newSku(needs.sku.sku, needs.sku.unit));
  let meter = state.meter;
  if (needs.meter !== null) {
    await ensureSku(tx, newSku(needs.meter.sku, needs.meter.unit));
    const { default_timezone } = await requireOrganization(tx, options.org_id);
    const site = await createSite(tx, { name: identifier, time_zone: default_timezone });
    meter = await registerMeter(tx, {
      site_id: site.site_id,
      identifier,
      sku: needs.meter.sku,
      registers: needs.register ? [needs.register] : [],
    });
  } else if (needs.register !== null && meter !== null) {
    await addRegister(tx, meter, needs.register);
  }
  assert(meter !== null, 'a meter is known or was made');
  if (needs.occupancy !== null) await createOccupancy(tx, meter.site_id, { org_id: options.org_id, ...needs.occupancy });
}

function newSku(sku: string, unit: string) {
  return { sku, type: 'energy', unit, aggregation: 'sum' } as const;
}

async function loadState(db: Db, identifier: string): Promise<MeterState> {
  const meter = (await meterByIdentifier(db, identifier)) ?? null;
  return { meter, occupancies: meter === null ? [] : await selectOccupancies(db, meter.site_id) };
}

/** Files name millions of things at the most; the cache forgets all before it grows past this. */
function remember<V>(cache: Map<string, V>, key: string, value: V): void {
  if (cache.size >= 10_000) cache.clear();
  cache.set(key, value);
}
