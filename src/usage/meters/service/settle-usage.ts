import { assert } from '../../../kernel/assert.ts';
import { newId } from '../../../kernel/id.ts';
import { requireSku } from '../../../offer/catalog/service.ts';
import { enqueue } from '../../../platform/jobs.ts';
import type { Tx } from '../../../platform/postgres.ts';
import type { Source } from '../../metering/model.ts';
import { compareTimes } from '../decide/reading.ts';
import {
  type LiveUsage,
  planUsage,
  type Span,
  type SpanState,
  spansOfIntervals,
  spansOfReads,
} from '../decide/register-usage.ts';
import { conversion } from '../decide/units.ts';
import type { Meter, Register } from '../model.ts';
import { countUsageAt, insertUsage, selectLiveAt, selectLiveWithin, updateUsageState } from '../sql/reading-usage.ts';
import { type ReadRow, selectReadsAround, selectReadsAt } from '../sql/readings.ts';
import { selectOccupancies } from '../sql/sites.ts';
import { tell_job, tellUsage, type UsageDeps } from './tell-usage.ts';

interface Settlement {
  meter: Meter;
  register: Register;
  /** At which readings came, went or changed. */
  times: readonly string[];
  source: Source;
  /** False where whoever calls reports first usage of intervals itself. */
  first: boolean;
  /** What counted at those times before. */
  known: readonly ReadRow[];
}

/**
 * Brings the usage of a register in line with what counts now, around the times given: reports what is new, amends what is another quantity by now,
 * voids what is none. Metering hears of it after the commit.
 */
export async function settleUsage(tx: Tx, deps: UsageDeps, settlement: Settlement): Promise<void> {
  const { meter, register } = settlement;
  const sku = await requireSku(tx, register.sku);
  const unit = conversion(register.unit, sku.unit);
  assert('power' in unit, 'a register has a unit of its SKU');
  const occupancies = await selectOccupancies(tx, meter.site_id);
  const state: SpanState = { register, devices: meter.devices, occupancies, power: unit.power };
  const { wanted, live } =
    register.kind === 'interval' ? await ofIntervals(tx, settlement, state) : await ofReads(tx, settlement, state);
  const plan = planUsage(wanted, live);
  if (register.kind === 'interval' && !settlement.first) plan.report = [];
  const changed = [...plan.report, ...plan.amend.map(({ as }) => as)];
  await updateUsageState(tx, idsOf(plan.void), 'voided');
  await updateUsageState(tx, idsOf(plan.amend.map(({ of }) => of)), 'replaced');
  const earlier = await countUsageAt(
    tx,
    meter.meter_id,
    register.register,
    changed.map((one) => one.starts_at),
  );
  const row = (span: Span, replaces: LiveUsage | null) => {
    // An event that an import sent itself has the first name and no row.
    const count = (earlier.get(span.starts_at) ?? 0) + (replaces && replaces.usage_id === null ? 1 : 0);
    const name =
      register.kind === 'interval'
        ? `meter/${meter.identifier}/${register.register}/${span.starts_at}`
        : `reading/${meter.meter_id}/${register.register}/${span.starts_at}`;
    return {
      ...span,
      usage_id: newId(tx.now),
      meter_id: meter.meter_id,
      register: register.register,
      request_id: count === 0 ? name : `${name}/${count + 1}`,
      replaces: replaces?.request_id ?? null,
      sku: sku.sku,
      source: settlement.source,
    };
  };
  await insertUsage(tx, [...plan.report.map((span) => row(span, null)), ...plan.amend.map(({ of, as }) => row(as, of))]);
  if (changed.length + plan.void.length === 0) return;
  const { tenant_id, now } = tx;
  await enqueue(tx, tell_job, { meter_id: meter.meter_id }, { key: `usage of meter ${meter.meter_id}` });
  tx.afterCommit(() => tellUsage(deps, tenant_id, now, meter.meter_id));
}

interface Around {
  wanted: Span[];
  live: LiveUsage[];
}

async function ofReads(tx: Tx, { meter, register, times }: Settlement, state: SpanState): Promise<Around> {
  const ordered = [...times].sort(compareTimes);
  const rows = await selectReadsAround(tx, meter.meter_id, register.register, ordered[0]!, ordered.at(-1)!);
  const reads = rows.filter((one) => one.state === 'counted').sort((a, b) => compareTimes(a.time, b.time));
  const [from, to] = [reads[0]?.time ?? ordered[0]!, reads.at(-1)?.time ?? ordered.at(-1)!];
  const until = compareTimes(to, ordered.at(-1)!) < 0 ? ordered.at(-1)! : to;
  const live = await selectLiveWithin(tx, meter.meter_id, register.register, from, until);
  return { wanted: spansOfReads(reads, state), live };
}

/** Usage that an import sent itself has no row; it is known by what counted then. */
async function ofIntervals(tx: Tx, settlement: Settlement, state: SpanState): Promise<Around> {
  const { meter, register, times, known } = settlement;
  const rows = await selectReadsAt(tx, meter.meter_id, register.register, times);
  const counted = rows.filter((one) => one.state === 'counted');
  const live: LiveUsage[] = await selectLiveAt(tx, meter.meter_id, register.register, times);
  const told = new Set(live.map((one) => one.starts_at));
  const imported = known.filter((one) => one.source === 'import' && !told.has(one.time) && times.includes(one.time));
  const implicit = spansOfIntervals(imported, state).map((span) => ({
    ...span,
    usage_id: null,
    request_id: `meter/${meter.identifier}/${register.register}/${span.starts_at}`,
  }));
  return { wanted: spansOfIntervals(counted, state), live: [...live, ...implicit] };
}

function idsOf(usage: readonly LiveUsage[]): string[] {
  return usage.flatMap(({ usage_id }) => (usage_id === null ? [] : [usage_id]));
}
