import type { Postgres } from '../../../platform/postgres.ts';
import type { Ingest, UsageInput } from '../../metering/model.ts';
import type { ReadingQuality } from '../model/readings.ts';
import { selectUntold, type UntoldUsage, updateTold } from '../sql/reading-usage.ts';

export const tell_job = 'meters.tell_usage';

/** What metering does about an event that was wrong; each is safe to repeat. Answers a refusal's code, or null. */
export interface Corrections {
  /** Puts another event in the place of the one called `request_id`. `unknown`: metering has no such event. */
  amend(
    scope: { tenant_id: string; now: Temporal.Instant },
    correction: { request_id: string; event: UsageInput; reason: string },
  ): Promise<string | 'unknown' | null>;
  void(
    scope: { tenant_id: string; now: Temporal.Instant },
    correction: { request_id: string; reason: string },
  ): Promise<string | 'unknown' | null>;
}

/** How readings become usage: the way into metering, and the way to take something back. */
export interface UsageDeps {
  postgres: Postgres;
  ingest: Pick<Ingest, 'ingestEvents'>;
  corrections: Corrections;
}

const most_at_once = 1000;

/**
 * Tells metering what it has not been told of a meter, in order: new usage in one call, what takes another's place and what is void one by one.
 * Right after the commit that made it, and again by a job should that fail; each telling has its effect once.
 */
export async function tellUsage(deps: UsageDeps, tenant_id: string, now: Temporal.Instant, meter_id: string): Promise<void> {
  const scope = { tenant_id, now, actor: { kind: 'system', id: tell_job } } as const;
  for (;;) {
    const rows = await deps.postgres.read(scope, (db) => selectUntold(db, meter_id, most_at_once));
    if (rows.length === 0) return;
    const refusals = new Map<string, string>();
    const fresh = rows.filter((row) => !row.told && row.replaces === null);
    if (fresh.length > 0) {
      const { rejected } = await deps.ingest.ingestEvents(tenant_id, fresh.map(eventOf), { now });
      for (const { index, code } of rejected) refusals.set(fresh[index]!.usage_id, code);
    }
    for (const row of rows) await tellCorrection(deps, scope, row, refusals);
    const told = rows.map((row) => row.usage_id);
    await deps.postgres.transact(scope, (tx) => updateTold(tx, told, refusals));
  }
}

async function tellCorrection(
  deps: UsageDeps,
  scope: { tenant_id: string; now: Temporal.Instant },
  row: UntoldUsage,
  refusals: Map<string, string>,
): Promise<void> {
  if (!row.told && row.replaces !== null) {
    const correction = { request_id: row.replaces, event: eventOf(row), reason: 'a better reading' };
    let refusal = await deps.corrections.amend(scope, correction);
    if (refusal === 'unknown') {
      // What an import had yet to send, or metering had refused: there is nothing to put right.
      const { rejected } = await deps.ingest.ingestEvents(scope.tenant_id, [correction.event], { now: scope.now });
      refusal = rejected[0]?.code ?? null;
    }
    if (refusal !== null) refusals.set(row.usage_id, refusal);
  }
  if (row.state === 'voided') {
    const refusal = await deps.corrections.void(scope, { request_id: row.request_id, reason: 'the readings say otherwise' });
    if (refusal !== null && refusal !== 'unknown') refusals.set(row.usage_id, refusal);
  }
}

/** As the same row is always told, whoever tells it. */
function eventOf(row: UntoldUsage): UsageInput {
  return {
    request_id: row.request_id,
    org_id: row.org_id,
    sku: row.sku,
    quantity: row.quantity,
    time: row.starts_at,
    source: row.source,
    properties: { quality: letters[row.quality as ReadingQuality], register: row.register },
    metadata: { to: row.ends_at },
  };
}

/** As the events of meter files have it. */
const letters: Readonly<Record<ReadingQuality, string>> = {
  actual: 'A',
  final: 'F',
  substituted: 'S',
  estimated: 'E',
  customer: 'C',
};
