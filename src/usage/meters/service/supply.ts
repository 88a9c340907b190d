import { allTenants } from '../../../foundation/tenancy/service.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Postgres } from '../../../platform/postgres.ts';
import type { Ingest } from '../../metering/model.ts';
import { supplyDays } from '../decide/supply.ts';
import { selectOccupancies, selectSitesToSupply, updateSupplied } from '../sql/sites.ts';
import { tenantNow } from './run-import.ts';

export const supply_job = 'meters.report_supply';

/** Sites whose days are reported together. */
const sites_at_once = 50;

/**
 * Reports the days of supply that have begun, of every tenant's sites with a `supply_sku`. Each day once, whatever is run twice or killed; a day
 * that metering refuses, for a closed period say, is left at that.
 */
export async function reportSupply(
  { postgres, clock, ingest }: { postgres: Postgres; clock: Clock; ingest: Pick<Ingest, 'ingestEvents'> },
  signal: AbortSignal,
): Promise<void> {
  for (const { tenant_id } of await allTenants(postgres)) {
    const now = await tenantNow({ postgres, clock }, tenant_id);
    const scope = { tenant_id, now, actor: { kind: 'system', id: supply_job } } as const;
    for (let due = sites_at_once; due === sites_at_once && !signal.aborted; ) {
      const found = await postgres.read(scope, async (db) => {
        const sites = await selectSitesToSupply(db, sites_at_once);
        const planned = [];
        for (const site of sites) planned.push({ site, ...supplyDays(site, await selectOccupancies(db, site.site_id), now) });
        return planned;
      });
      for (const { events } of found) if (events.length > 0) await ingest.ingestEvents(tenant_id, events, { now });
      await postgres.transact(scope, (tx) =>
        updateSupplied(
          tx,
          found.map(({ site, until }) => ({ site_id: site.site_id, until })),
        ),
      );
      due = found.length;
    }
  }
}
