import { setTimeout as sleep } from 'node:timers/promises';
import { assert } from '../../../kernel/assert.ts';
import { CodedError } from '../../../kernel/errors.ts';
import type { IngestOutcome } from '../../metering/model.ts';
import { storedAmong } from '../../metering/service/stored.ts';
import { fault, isFault } from '../decide/faults.ts';
import type { Finding } from '../decide/finding.ts';
import { certainRow } from '../decide/foresee.ts';
import { readFindings } from '../decide/formats.ts';
import type { MeterSeries } from '../decide/row.ts';
import type { SeriesPlan } from '../decide/series.ts';
import { most_listed } from '../decide/tally.ts';
import type { ImportStatus, UsageRow } from '../model.ts';
import type { Run } from './import-progress.ts';
import { type RowMaker, rowMaker } from './import-rows.ts';
import { rehearse } from './rehearsal.ts';
import { type Screened, screenReads, screenRows } from './screen-rows.ts';
import { type SeenFile, seenFile } from './seen-file.ts';
import { readFile } from './stored-file.ts';

/**
 * By phase. What waits for an answer outlives the collector's first rounds and stays for long, so there is little of it: with batches of 5,000
 * an import took 100 MB more, and was no more than a sixth faster.
 */
const batch_rows = { check: 400, store: 1000 } as const;
/** Batches on their way to metering while the file is read on. */
const most_flights = 2;

/** Reads the file once. `whole` to the last line, or how the import ended before it. */
export async function pass(run: Run, signal: AbortSignal | undefined): Promise<'whole' | 'interrupted' | ImportStatus> {
  const { deps, scope, work } = run;
  const rows = await rowMaker(deps.postgres, scope, work.options, run.phase === 'store');
  // Meter files tell themselves when they say a thing twice.
  const seen = run.phase === 'check' && run.format === 'csv' ? seenFile(deps.data_dir, run.file.import_id) : null;
  const flights = inFlight(run, rows);
  try {
    const ended = await readThrough(run, { rows, seen, flights }, signal);
    await flights.land();
    if (ended !== null) return typeof ended === 'string' ? ended : run.end('failed', ended, ended.line);
    const repeated = await seen?.repeated(most_listed);
    for (const line of repeated?.lines ?? [])
      run.tally.fault(line, fault('request_id_conflict', 'the file has this request id above with another content'));
    run.tally.unlisted((repeated?.count ?? 0) - (repeated?.lines.length ?? 0));
    return 'whole';
  } finally {
    await flights.settled();
    await seen?.close();
  }
}

interface Way {
  rows: RowMaker;
  seen: SeenFile | null;
  flights: ReturnType<typeof inFlight>;
}

/** Null at the end of the file; otherwise what stopped it. */
async function readThrough(run: Run, { rows, seen, flights }: Way, signal: AbortSignal | undefined) {
  assert(run.format !== 'auto', 'the format is known');
  const reader = readFindings(run.format, run.work.options.mapping?.definition ?? null);
  const resume_from = run.items_done;
  let batch: UsageRow[] = [];
  let position = 0;
  let bytes = 0;
  const send = async () => {
    await flights.send({ batch, position: Math.max(position, resume_from), bytes });
    batch = [];
  };
  const take = async (findings: readonly Finding[]) => {
    for (const finding of findings) {
      position += 1;
      if (position <= resume_from) continue;
      if (finding.kind === 'fault' && finding.whole_file) return finding;
      const found = rowsOf(run, rows, finding);
      // Most rows need nobody to be asked; to wait for those as well would cost more than to read them.
      for (const row of found instanceof Promise ? await found : found) {
        seen?.add({ request_id: row.request_id, body: bodyOf(row), line: row.line });
        batch.push(row);
      }
      if (batch.length >= batch_rows[run.phase]) await send();
    }
    run.tally.lines(reader.lines());
    return null;
  };
  for await (const chunk of readFile(run.deps.data_dir, run.file.import_id)) {
    bytes += chunk.length;
    const stopped = await take(reader.push(chunk));
    if (stopped) return stopped;
    await seen?.written();
    if (signal?.aborted) {
      await send();
      return 'interrupted' as const;
    }
    // A file of nothing but faults, or of nothing to bill, must show that it is alive as well.
    if (batch.length === 0 || bytes - flights.sent_bytes() > quiet_bytes) await send();
  }
  const stopped = await take(reader.end());
  if (stopped) return stopped;
  await send();
  return null;
}

const quiet_bytes = 8 * 1024 * 1024;

interface Flight {
  batch: UsageRow[];
  position: number;
  bytes: number;
}

/** Sends batches and puts on record what came of them, in the order of the file, while the next are read. */
function inFlight(run: Run, rows: RowMaker) {
  const waiting: { flight: Flight; outcome: Promise<Stored | null> }[] = [];
  let sent_bytes = 0;
  let recorded_bytes = 0;
  const certain = certainRow(rows.skus(), run.scope.now);
  const landFirst = async () => {
    const { flight, outcome } = waiting[0]!;
    count(run, await outcome);
    waiting.shift();
    // A check starts anew when it is killed, so its place in the file is not worth keeping.
    run.items_done = run.phase === 'store' ? flight.position : 0;
    run.bytes_read = flight.bytes;
    if (run.phase === 'check' && flight.bytes - recorded_bytes < quiet_bytes) return;
    recorded_bytes = flight.bytes;
    await run.checkpoint();
  };
  return {
    sent_bytes: () => sent_bytes,
    async send(flight: Flight): Promise<void> {
      while (waiting.length >= most_flights) await landFirst();
      sent_bytes = flight.bytes;
      const { batch } = flight;
      const going =
        batch.length === 0 ? Promise.resolve(null) : run.phase === 'check' ? check(run, rows, batch, certain) : store(run, batch);
      // Whoever waits for it hears of a failure; until then it is nobody's.
      going.catch(() => undefined);
      waiting.push({ flight, outcome: going });
    },
    async land(): Promise<void> {
      while (waiting.length > 0) await landFirst();
    },
    /** When nothing is under way any more, however it ended. */
    async settled(): Promise<void> {
      await Promise.allSettled(waiting.map((each) => each.outcome));
    },
  };
}

function rowsOf(run: Run, rows: RowMaker, finding: Finding): UsageRow[] | Promise<UsageRow[]> {
  switch (finding.kind) {
    case 'fault':
      run.tally.fault(finding.line, finding);
      return [];
    case 'note':
      run.tally.note(finding.line, finding);
      return [];
    case 'row': {
      const row = rows.row(finding.row, finding.line);
      const taken = (made: Awaited<typeof row>) => {
        if (!isFault(made)) return [made];
        run.tally.fault(finding.line, made);
        return [];
      };
      return row instanceof Promise ? row.then(taken) : taken(row);
    }
    default:
      return rows.series(finding).then((plan) => {
        for (const problem of plan.faults) run.tally.fault(problem.line, problem);
        for (const note of plan.notes) run.tally.note(finding.line, note);
        run.tally.unmapped(plan.unmapped);
        run.tally.missing(plan.missing);
        return plan.reads.length === 0 ? plan.rows : readCounter(run, finding, plan);
      });
  }
}

/** All that a row says beside its id, as one text; no field of a file holds NUL. */
function bodyOf({ org_id, sku, quantity, amount, time, source, project_id, properties }: UsageRow): string {
  let body = `${org_id}\0${sku}\0${quantity}\0${amount}\0${time}\0${source}\0${project_id}`;
  for (const name in properties) body += `\0${name}\0${properties[name]}`;
  return body;
}

/**
 * What metering would answer. Rows that it takes for certain are only asked for by their ids; the others, and those whose id is stored, are
 * rehearsed. Rows of a SKU that the store pass will make cannot be asked about, and are sound as far as they were read.
 */
async function check(run: Run, rows: RowMaker, batch: readonly UsageRow[], certain: (row: UsageRow) => boolean): Promise<null> {
  const { postgres } = run.deps;
  const { tenant_id, now } = run.scope;
  const is_certain = batch.map(certain);
  const ids = batch.flatMap((row, index) => (is_certain[index] ? [row.request_id] : []));
  const stored = await storedAmong(postgres, tenant_id, ids);
  const doubtful = batch.filter((row, index) => (!is_certain[index] || stored.has(row.request_id)) && rows.skus().has(row.sku));
  // What a better reading takes the place of is no conflict.
  const to_ask = doubtful.length === 0 ? [] : (await screenRows(run.deps, run.scope, doubtful, false)).send;
  if (to_ask.length === 0) return null;
  const outcome = await rehearse(postgres, tenant_id, to_ask.map(eventOf), { now, org_ids: run.work.options.org_ids });
  for (const { index, code, detail } of outcome.rejected) run.tally.fault(to_ask[index]!.line, { code, detail });
  return null;
}

/** What came of a batch: what metering says of the rows that it was sent, and what readings came to. */
type Stored = Screened & { outcome: IngestOutcome | null };

async function store(run: Run, batch: readonly UsageRow[]): Promise<Stored> {
  const screened = await screenRows(run.deps, run.scope, batch, true);
  return { ...screened, outcome: screened.send.length === 0 ? null : await ingest(run, screened.send) };
}

async function ingest(run: Run, batch: readonly UsageRow[]): Promise<IngestOutcome> {
  const { tenant_id, now } = run.scope;
  for (let wait_ms = 100; ; wait_ms = Math.min(2 * wait_ms, 2000)) {
    try {
      return await run.deps.ingest.ingestEvents(tenant_id, batch.map(eventOf), { now, org_ids: run.work.options.org_ids });
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'ingest_overloaded') throw error;
      await sleep(wait_ms);
    }
  }
}

function count(run: Run, stored: Stored | null): void {
  if (stored === null) return;
  const { send, outcome, trued_up, unchanged, held, notes } = stored;
  const rejected = outcome?.rejected ?? [];
  const refused = new Set(rejected.map((one) => one.index));
  run.tally.accepted((outcome?.accepted ?? 0) + trued_up.length);
  run.tally.duplicates((outcome?.duplicates ?? 0) + unchanged.length);
  run.tally.held(held.length);
  for (const { index, code, detail } of rejected) run.tally.fault(send[index]!.line, { code, detail });
  for (const note of notes) run.tally.note(note.line, note);
  const taken = [...send.filter((_row, index) => !refused.has(index)), ...trued_up, ...unchanged];
  for (const row of taken) if (row.quantity !== undefined) run.tally.used(row.sku, row.quantity);
}

/** What a counter showed is stored as it comes: it may change usage of other files. */
async function readCounter(run: Run, series: MeterSeries, plan: SeriesPlan): Promise<UsageRow[]> {
  if (run.phase === 'check') return plan.rows;
  const { recorded, unchanged, held, notes } = await screenReads(run.deps, run.scope, series, plan.reads);
  run.tally.accepted(recorded);
  run.tally.duplicates(unchanged);
  run.tally.held(held);
  for (const note of notes) run.tally.note(series.line, note);
  return plan.rows;
}

function eventOf({ line: _line, reading: _reading, ...event }: UsageRow): Omit<UsageRow, 'line' | 'reading'> {
  return event;
}
