import { countInvoices, type IssuedFilter, issuedInvoices } from '../../../billing/invoicing/service/again.ts';
import type { StoredCharge } from '../../../billing/rating/model.ts';
import { billedPeriodsAgain, organizationsWithActions } from '../../../billing/rating/service/again.ts';
import { recordAudit } from '../../../foundation/audit/service.ts';
import { emit } from '../../../foundation/events/service.ts';
import { tenantNow } from '../../../foundation/tenancy/model.ts';
import { requireOrganization, requireTenant } from '../../../foundation/tenancy/service.ts';
import { newId } from '../../../kernel/id.ts';
import type { Clock } from '../../../platform/clock.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import { enqueue } from '../../../platform/jobs.ts';
import type { Db, Postgres, Scope, Tx } from '../../../platform/postgres.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import type { Checked, Difference, NewVerification, Verification } from '../model.ts';
import * as store from '../sql/verifications.ts';
import { verifyActions } from './verify-actions.ts';
import { verifyInvoices } from './verify-invoices.ts';
import { verifyPeriods } from './verify-periods.ts';

export const verification_job = 'reconciliation.verify';

export interface ReconciliationDeps {
  postgres: Postgres;
  clock: Clock;
  signal?: AbortSignal | undefined;
  /**
   * True where the work is done beside the queue, by the command line: the queue then waits for as long as it goes on, and takes over two minutes
   * after the last step.
   */
  beside_queue?: boolean | undefined;
}

/** Until when the queue leaves work to another process that has not gone on with it; null where it is the queue that works. */
export function leftUntil({ clock, beside_queue = false }: ReconciliationDeps): Temporal.Instant | null {
  return beside_queue ? clock.now().add({ minutes: 2 }) : null;
}

/** Read and compared together: enough to make questions large, few enough that little is in memory and a kill costs little. */
const chunk = { invoices: 100, periods: 500, organizations: 1 };

/**
 * Puts a verification on record and on the queue, where it waits until `run_at` if that is given. Throws `org_not_found`,
 * `verification_period_invalid`.
 */
export async function requestVerification(
  tx: Tx,
  request: NewVerification,
  { run_at = null }: { run_at?: Temporal.Instant | null } = {},
): Promise<Verification> {
  const { from, to, org_id } = request;
  if (from !== undefined && to !== undefined && from >= to) {
    const detail = `from ${from} is not before to ${to}.`;
    throw errors.verification_period_invalid({
      detail,
      errors: [{ pointer: '/to', code: 'verification_period_invalid', detail }],
    });
  }
  if (org_id !== undefined) await requireOrganization(tx, org_id);
  const filter = { org_id: org_id ?? null, from: from ?? null, to: to ?? null };
  const verification_id = newId(tx.now);
  await store.insertVerification(tx, {
    ...{ verification_id, org_id: filter.org_id, from_date: filter.from, to_date: filter.to, checked: nothing },
    total: await countInvoices(tx, filter),
  });
  await recordAudit(tx, {
    action: 'verification.requested',
    target_type: 'verification',
    target_id: verification_id,
    org_id: filter.org_id,
    before: null,
    after: filter,
  });
  await enqueueVerification(tx, verification_id, run_at);
  return verificationById(tx, verification_id);
}

function enqueueVerification(tx: Tx, verification_id: string, run_at: Temporal.Instant | null): Promise<void> {
  const key = `${verification_job} ${verification_id}`;
  return enqueue(tx, verification_job, { verification_id }, { key, ...(run_at ? { run_at } : {}) });
}

const nothing: Checked = { invoices: 0, lines: 0, credit_notes: 0, billed_periods: 0, actions: 0, events: 0 };

/** Throws `verification_unknown`. */
export async function verificationById(db: Db, verification_id: string): Promise<Verification> {
  return toVerification(await requireRow(db, verification_id));
}

/** Newest first. Throws `cursor_invalid`. */
export async function listVerifications(
  db: Db,
  query: { limit: number; cursor?: string | undefined },
): Promise<{ data: Verification[]; next_cursor: string | null }> {
  const sort = 'verifications.verification_id';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await store.selectVerifications(db, { limit: query.limit + 1, below });
  const { data, next_cursor } = toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.verification_id]));
  return { data: data.map(toVerification), next_cursor };
}

/** What it found, in the order in which it was found; also while it runs. Throws `verification_unknown`, `cursor_invalid`. */
export async function listDifferences(
  db: Db,
  verification_id: string,
  query: { limit: number; cursor?: string | undefined },
): Promise<{ data: Difference[]; next_cursor: string | null }> {
  await requireRow(db, verification_id);
  const sort = `differences.${verification_id}`;
  const [after = '0'] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await store.selectDifferences(db, {
    ...{ verification_id, limit: query.limit + 1 },
    after: Number.parseInt(after, 10),
  });
  const { data, next_cursor } = toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [`${row.place}`]));
  return { data: data.map((row) => row.difference), next_cursor };
}

export interface VerificationDeps extends ReconciliationDeps {
  /** Told of every step that was stored. */
  observe?: (step: { invoices: number; differences: number }) => void;
}

interface Named {
  tenant_id: string;
  verification_id: string;
}

/**
 * Brings a verification to its end, chunk by chunk: each is read at one moment, and what it found is stored in the transaction that moves the
 * verification on. Safe to repeat and to run twice at once. Throws `verification_unknown`.
 */
export async function executeVerification(deps: VerificationDeps, named: Named): Promise<Verification> {
  const scope = await scopeOfTenant(deps, named.tenant_id);
  for (;;) {
    const row = await deps.postgres.read(scope, (db) => requireRow(db, named.verification_id));
    if (row.status !== 'queued' && row.status !== 'running') return toVerification(row);
    deps.signal?.throwIfAborted();
    const step = await deps.postgres.readSnapshot(scope, (db) => verifyChunk(db, row));
    const moved = await deps.postgres.transact(scope, async (tx) => {
      const moved = await store.advanceVerification(tx, row, step);
      const until = leftUntil(deps);
      if (until) await enqueueVerification(tx, row.verification_id, until);
      if (moved && step.phase === 'done') await tell(tx, row, step);
      return moved;
    });
    if (moved) deps.observe?.({ invoices: step.checked.invoices - row.checked.invoices, differences: step.found.length });
  }
}

/** Puts on record that a verification came to no end. */
export async function failVerification(
  deps: ReconciliationDeps,
  { tenant_id, verification_id }: Named,
  problem: { code: string; detail: string },
): Promise<void> {
  const scope = await scopeOfTenant(deps, tenant_id);
  await deps.postgres.transact(scope, (tx) => store.endVerification(tx, verification_id, problem));
}

/** The tenant's own time, for work that no request began. */
export async function scopeOfTenant({ postgres, clock }: ReconciliationDeps, tenant_id: string): Promise<Scope> {
  const wall = clock.now();
  const tenant = await postgres.read({ tenant_id, now: wall }, requireTenant);
  return { tenant_id, now: tenantNow(tenant, wall), actor: { kind: 'system', id: 'reconciliation' } };
}

type Step = Parameters<typeof store.advanceVerification>[2];

async function verifyChunk(db: Db, row: store.VerificationRow): Promise<Step> {
  const checked = { ...row.checked };
  const filter: IssuedFilter = { org_id: row.org_id, from: row.from_date, to: row.to_date };
  switch (row.phase) {
    case 'invoices': {
      const invoices = await issuedInvoices(db, { ...filter, after_seq: row.after ?? '0', limit: chunk.invoices });
      const found = await verifyInvoices(db, invoices, checked);
      return next(row.phase, invoices.length < chunk.invoices ? null : invoices.at(-1)!.seq, { checked, found });
    }
    case 'billed_periods': {
      const periods = await billedPeriodsAgain(db, { ...filter, after: row.after, limit: chunk.periods });
      const found = await verifyPeriods(db, periods, checked);
      return next(row.phase, periods.length < chunk.periods ? null : periods.at(-1)!.billed_period_id, { checked, found });
    }
    case 'actions': {
      const [org_id] = await organizationsWithActions(db, { org_id: row.org_id, after: row.after, limit: chunk.organizations });
      if (org_id === undefined) return next(row.phase, null, { checked, found: [] });
      const found = await verifyActions(db, org_id, { within: (charge) => isWithin(charge, filter), checked });
      return next(row.phase, org_id, { checked, found });
    }
    case 'done':
      return next(row.phase, null, { checked, found: [] });
  }
}

const following = { invoices: 'billed_periods', billed_periods: 'actions', actions: 'done', done: 'done' } as const;

/** Goes on after something, or with the next phase where nothing more is. */
function next(phase: store.Phase, after: string | null, found: Pick<Step, 'checked' | 'found'>): Step {
  return { ...found, phase: after === null ? following[phase] : phase, after };
}

/** A charge outside a cycle lies where its calendar interval does. */
function isWithin({ from, to, inputs }: StoredCharge, filter: IssuedFilter): boolean {
  const dateOf = (moment: string) =>
    `${Temporal.Instant.from(moment)
      .toZonedDateTimeISO(inputs.time_zone ?? 'UTC')
      .toPlainDate()}`;
  return (filter.from === null || dateOf(to) > filter.from) && (filter.to === null || dateOf(from) < filter.to);
}

async function tell(tx: Tx, row: store.VerificationRow, { checked, found }: Step): Promise<void> {
  const { verification_id, org_id } = row;
  const data = { verification_id, invoices: checked.invoices, differences: row.differences + found.length };
  await emit<typeof events>(tx, {
    type: 'verification.completed',
    aggregate_type: 'verification',
    aggregate_id: verification_id,
    org_id,
    data,
  });
}

async function requireRow(db: Db, verification_id: string): Promise<store.VerificationRow> {
  const row = await store.selectVerification(db, verification_id);
  if (!row) throw errors.verification_unknown({ detail: `There is no verification ${verification_id}.` });
  return row;
}

function toVerification({ from_date, to_date, phase, after, total, ...row }: store.VerificationRow): Verification {
  return { ...row, from: from_date, to: to_date, progress: { total, done: Math.min(total, row.checked.invoices) } };
}
