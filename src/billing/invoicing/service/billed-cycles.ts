import { emitMany } from '../../../foundation/events/service.ts';
import type { Organization } from '../../../foundation/tenancy/model.ts';
import { newId } from '../../../kernel/id.ts';
import { startOfDay } from '../../../kernel/period.ts';
import type { Tx } from '../../../platform/postgres.ts';
import type { PlanOutcome } from '../../rating/service.ts';
import type { events } from '../events.ts';
import { insertCycles, type NewCycle } from '../sql/cycles.ts';
import type { RunRow } from '../sql.ts';

/**
 * Closes cycles, those of one caller in one statement, and tells of each that was not closed already. Answers the organizations of those.
 * An organization's cycles are one aggregate: what follows them comes in their order.
 */
export async function closeCycles(
  tx: Tx,
  cycles: readonly NewCycle[],
  by: { closed_by: 'scheduler' | 'run'; run_id: string | null },
): Promise<Set<string>> {
  if (cycles.length === 0) return new Set();
  const closed = await insertCycles(tx, cycles, by);
  await emitMany<typeof events>(
    tx,
    closed.map(({ cycle_id, org_id, from_date, to_date, time_zone }) => ({
      type: 'billing.cycle.closed' as const,
      aggregate_type: 'billing_calendar',
      aggregate_id: org_id,
      org_id,
      data: { cycle_id, org_id, from: from_date, to: to_date, time_zone, closed_by: by.closed_by },
    })),
  );
  return new Set(closed.map(({ org_id }) => org_id));
}

/** What a run bills is closed by it, in its own transaction: once, however many runs bill parts of it, and whoever closed it before. */
export async function closeBilledCycles(
  tx: Tx,
  run: RunRow,
  { outcome, organizations }: { outcome: PlanOutcome; organizations: ReadonlyMap<string, Organization> },
): Promise<void> {
  const billed = new Set(outcome.planned.filter(({ kind }) => kind === 'period').map(({ org_id }) => org_id));
  const [from, to] = [Temporal.PlainDate.from(run.from_date), Temporal.PlainDate.from(run.to_date)];
  const bounds = new Map<string, { from_at: string; to_at: string }>();
  const cycles = [...billed].map((org_id) => {
    const time_zone = run.time_zone ?? organizations.get(org_id)!.default_timezone;
    const known = bounds.get(time_zone);
    const at = known ?? { from_at: `${startOfDay(from, time_zone)}`, to_at: `${startOfDay(to, time_zone)}` };
    bounds.set(time_zone, at);
    return { cycle_id: newId(tx.now), org_id, from_date: run.from_date, to_date: run.to_date, time_zone, ...at };
  });
  await closeCycles(tx, cycles, { closed_by: 'run', run_id: run.run_id });
}
