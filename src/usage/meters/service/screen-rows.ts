import { assert } from '../../../kernel/assert.ts';
import { skusByCode } from '../../../offer/catalog/service.ts';
import type { Db, Scope, Tx } from '../../../platform/postgres.ts';
import { type Fault, fault } from '../decide/faults.ts';
import { judge, type Verdict } from '../decide/judge.ts';
import { registerOf } from '../decide/reading.ts';
import type { MeterSeries } from '../decide/row.ts';
import type { ImportFault, RegisterRead, UsageRow } from '../model.ts';
import { lockMeter, selectMeter } from '../sql/meters.ts';
import { countUsageAt } from '../sql/reading-usage.ts';
import { selectReplacedAt } from '../sql/readings.ts';
import { meteringCorrections } from './corrections.ts';
import { requireMeterByIdentifier } from './meters.ts';
import { judgeState, type Offer, type Taken, takeReadings } from './readings.ts';
import { recordRegisterReads } from './register-reads.ts';
import type { UsageDeps } from './tell-usage.ts';

/** What readings of a file come to. */
export interface Screened {
  /** What the import tells metering itself. */
  send: UsageRow[];
  /** What took the place of a value that was believed less; metering is told already. */
  trued_up: UsageRow[];
  /** What changes nothing: known already, believed less than what is there, or the same value better read. */
  unchanged: UsageRow[];
  /** What waits for a review. */
  held: UsageRow[];
  notes: ImportFault[];
}

/**
 * Looks at the rows of a file that are intervals of known meters as at any other reading, rules and all, and keeps them; other rows pass. `store` false
 * only says what would become of them.
 */
export async function screenRows(
  import_deps: Pick<UsageDeps, 'postgres' | 'ingest'>,
  scope: Scope,
  rows: readonly UsageRow[],
  store: boolean,
): Promise<Screened> {
  const deps = { ...import_deps, corrections: meteringCorrections(import_deps) };
  const screened: Screened = { send: [], trued_up: [], unchanged: [], held: [], notes: [] };
  const groups = Map.groupBy(rows, ({ reading }) => (reading ? `${reading.meter_id} ${reading.register}` : ''));
  screened.send.push(...(groups.get('') ?? []));
  groups.delete('');
  if (groups.size === 0) return screened;
  const work = async (db: Db, tx: Tx | null) => {
    const found: { row: UsageRow; verdict: Verdict; again: boolean }[] = [];
    const skus = await skusByCode(db);
    // In one order, so that two imports never wait for each other in a ring.
    for (const [, group] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const { meter_id, register: name } = group[0]!.reading!;
      const meter = tx ? await lockMeter(tx, meter_id) : await selectMeter(db, meter_id);
      assert(meter, 'a row is of a meter that is known');
      const register = registerOf(meter, name);
      if (register.kind === 'cumulative') {
        // Quantities of a counter are no reads of it.
        screened.send.push(...group);
        continue;
      }
      const offers = group.map((row): Offer => {
        const unit = skus.get(row.sku)?.unit;
        return { time: row.time, value: row.quantity ?? '0', quality: row.reading!.quality, unit, is_last: false };
      });
      const verdicts: (Verdict & { before?: Taken['before'] })[] = tx
        ? await takeReadings(tx, deps, { meter, register, offers, source: 'import', settle: false, only_better: true })
        : judge(
            offers.map((one, at) => ({ ...one, reading_id: String(at) })),
            { ...(await judgeState(db, meter, register, offers)), only_better: true },
          );
      const times = offers.flatMap((one, at) => (verdicts[at]!.outcome === 'unchanged' ? [one.time] : []));
      const told = await countUsageAt(db, meter_id, name, times);
      const replaced = await selectReplacedAt(db, meter_id, name, times);
      for (const [at, row] of group.entries()) {
        const verdict = verdicts[at]!;
        // What an import had sent as it stands, it or one after it sends again: should the first have been killed before, this is when it counts.
        const again =
          verdict.before?.source === 'import' &&
          verdict.before.quality === row.reading!.quality &&
          !told.has(row.time) &&
          !replaced.has(row.time);
        found.push({ row, verdict, again });
      }
    }
    return found;
  };
  const found = store
    ? await deps.postgres.transact(scope, (tx) => work(tx, tx))
    : await deps.postgres.read(scope, (db) => work(db, null));
  for (const one of found) sort(screened, one);
  return screened;
}

/** Takes what a counter showed, as a file says, and tells what came of it. */
export async function screenReads(
  import_deps: Pick<UsageDeps, 'postgres' | 'ingest'>,
  scope: Scope,
  { meter: identifier, register }: Pick<MeterSeries, 'meter' | 'register'>,
  reads: readonly RegisterRead[],
): Promise<{ recorded: number; unchanged: number; held: number; notes: Fault[] }> {
  const deps = { ...import_deps, corrections: meteringCorrections(import_deps) };
  const taken = await deps.postgres.transact(scope, async (tx) => {
    const { meter_id } = await requireMeterByIdentifier(tx, identifier);
    return recordRegisterReads(tx, deps, { meter_id, register, reads });
  });
  const told = taken.flatMap(({ outcome, value, reasons }, at) => {
    const where = `${identifier} ${register} at ${reads[at]!.time}`;
    if (outcome === 'held')
      return [fault('reading_held', `${where} waits for a review: ${reasons.map((one) => one.detail).join('; ')}`)];
    return outcome === 'not_applied'
      ? [fault('reading_not_applied', `${where}: a better reading stands, ${value} is not taken`)]
      : [];
  });
  const count = (...outcomes: readonly string[]) => taken.filter((one) => outcomes.includes(one.outcome)).length;
  return {
    recorded: count('recorded', 'replaced'),
    unchanged: count('unchanged', 'not_applied'),
    held: count('held'),
    notes: told,
  };
}

function sort(screened: Screened, { row, verdict, again }: { row: UsageRow; verdict: Verdict; again: boolean }): void {
  const { outcome, reasons } = verdict;
  const note = (code: string, detail: string) => screened.notes.push({ line: row.line, ...fault(code, detail) });
  const { register } = row.reading!;
  // Metering knows another value by the same name, and says so.
  if (outcome === 'recorded' || verdict.conflicts) screened.send.push(row);
  else if (outcome === 'replaced' && verdict.confirms) screened.unchanged.push(row);
  else if (outcome === 'replaced') {
    screened.trued_up.push(row);
    note('reading_trued_up', `${register} at ${row.time}: ${verdict.value} takes the place of what was there`);
  } else if (outcome === 'held') {
    screened.held.push(row);
    note('reading_held', `${register} at ${row.time} waits for a review: ${reasons.map((one) => one.detail).join('; ')}`);
  } else if (outcome === 'not_applied') {
    screened.unchanged.push(row);
    note('reading_not_applied', `${register} at ${row.time}: a better reading stands, ${verdict.value} is not taken`);
  } else if (again) screened.send.push(row);
  else screened.unchanged.push(row);
}
