import { recordAudit } from '../../../foundation/audit/service.ts';
import { emit } from '../../../foundation/events/service.ts';
import { requireOrganization, requireVisible } from '../../../foundation/tenancy/service.ts';
import { newId } from '../../../kernel/id.ts';
import { enqueue } from '../../../platform/jobs.ts';
import type { Db, Postgres, Scope, Tx } from '../../../platform/postgres.ts';
import { counterOf } from '../decide/event.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import type { Deprecation, DeprecationBody } from '../model/deprecations.ts';
import {
  type DeprecationRow,
  type DeprecationStep,
  insertDeprecation,
  selectDeprecated,
  selectDeprecation,
  updateDeprecation,
} from '../sql/deprecations.ts';
import { requireUnarchived } from './archived.ts';
import { writePairs } from './correction-write.ts';
import { inFlush } from './ingest-write.ts';
import { settle } from './watermark.ts';

export const deprecation_job = 'metering.deprecate';
/** Events of one step. */
const most_per_step = 2000;
const wait_ms = 90_000;

/**
 * Puts a range of one SKU of one organization on the queue to be taken back: every event that stands there and was acknowledged before.
 * Throws `org_not_found`, `range_invalid`, `usage_archived`, `usage_sku_unknown`.
 */
export async function startDeprecation(tx: Tx, body: DeprecationBody, org_ids: readonly string[] | null): Promise<Deprecation> {
  requireVisible(org_ids, body.org_id);
  await requireOrganization(tx, body.org_id);
  if (Temporal.Instant.compare(body.from, body.to) >= 0) {
    const detail = 'to must be after from.';
    throw errors.range_invalid({ detail, errors: [{ pointer: '/to', code: 'range_invalid', detail }] });
  }
  await requireUnarchived(tx, { org_ids: [body.org_id], from: body.from.toString(), to: body.to.toString() });
  const deprecation_id = newId(tx.now);
  await insertDeprecation(tx, deprecation_id, body);
  await recordAudit(tx, {
    action: 'usage_range.deprecated',
    target_type: 'deprecation',
    target_id: deprecation_id,
    org_id: body.org_id,
    before: null,
    after: { ...body },
  });
  await enqueue(tx, deprecation_job, { deprecation_id }, { key: `deprecation ${deprecation_id}` });
  return deprecationById(tx, deprecation_id, org_ids);
}

/** Throws `deprecation_not_found`, also where it is of an organization that is none of `org_ids`. */
export async function deprecationById(db: Db, deprecation_id: string, org_ids: readonly string[] | null): Promise<Deprecation> {
  const row = await selectDeprecation(db, deprecation_id);
  if (!row || !(org_ids === null || org_ids.includes(row.org_id)))
    throw errors.deprecation_not_found({ detail: `There is no deprecation ${deprecation_id}.` });
  return shown(row);
}

/**
 * Takes the range back to its end, or until `signal` asks to stop; says whether the end was reached. Killed between the events of a step and
 * its progress, it finds its own counter-events at the next run and counts them then: each event once, whoever runs it how often.
 */
export async function runDeprecation(
  postgres: Postgres,
  scope: Scope,
  deprecation_id: string,
  signal?: AbortSignal,
): Promise<boolean> {
  for (;;) {
    const row = await postgres.read(scope, (db) => selectDeprecation(db, deprecation_id));
    if (!row || row.status === 'completed') return true;
    if (signal?.aborted) return false;
    if (row.reached === null) await settle(postgres, row.watermark, wait_ms);
    const step = await voidNext(postgres, scope, row);
    await postgres.transact(scope, (tx) => keepStep(tx, row, step));
  }
}

async function voidNext(postgres: Postgres, scope: Scope, row: DeprecationRow): Promise<DeprecationStep> {
  const { deprecation_id, reason, source } = row;
  const found = await postgres.read(scope, (db) => selectDeprecated(db, row, most_per_step));
  const step: DeprecationStep = { last: found.at(-1) ?? null, voided: 0, corrected_before: 0, refused: 0 };
  if (found.length === 0) return step;
  const pairs = found.map((original, index) => ({
    original,
    counter: counterOf(original, index, { source, metadata: { reason, deprecation_id } }),
    replacement: null,
  }));
  const verdicts = await inFlush(postgres, (client) => writePairs(client, scope.tenant_id, pairs, scope.now));
  for (const { counter } of verdicts) {
    if (counter.outcome !== 'refused') step.voided += 1;
    else if (counter.refusal === 'request_id_conflict') step.corrected_before += 1;
    else step.refused += 1;
  }
  return step;
}

async function keepStep(tx: Tx, row: DeprecationRow, step: DeprecationStep): Promise<void> {
  const completed = step.last === null;
  if (!(await updateDeprecation(tx, row, step, completed)) || !completed) return;
  const { deprecation_id, org_id, sku, from, to, voided, corrected_before, refused } = shown(row);
  await emit<typeof events>(tx, {
    type: 'usage.deprecated',
    aggregate_type: 'deprecation',
    aggregate_id: deprecation_id,
    org_id,
    data: { deprecation_id, org_id, sku, from, to, voided, corrected_before, refused },
  });
}

function shown({ watermark: _watermark, reached_request_id: _reached, ...row }: DeprecationRow): Deprecation {
  const count = (text: string) => Number.parseInt(text, 10);
  return { ...row, voided: count(row.voided), corrected_before: count(row.corrected_before), refused: count(row.refused) };
}
