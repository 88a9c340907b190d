import { recordAudit } from '../../../foundation/audit/service.ts';
import { assert } from '../../../kernel/assert.ts';
import { newId } from '../../../kernel/id.ts';
import { requireSku } from '../../../offer/catalog/service.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { errors } from '../errors.ts';
import type { ReadingRule } from '../model/readings.ts';
import { deleteRule, insertRule, selectRules } from '../sql/reviews.ts';
import { requireMeter } from './meters.ts';

export interface NewRule {
  sku?: string | undefined;
  meter_id?: string | undefined;
  kind: ReadingRule['kind'];
  action: ReadingRule['action'];
  threshold?: string | undefined;
}

const measured: readonly ReadingRule['kind'][] = ['below_min', 'above_max', 'spike', 'zeros'];

/**
 * What readings of a SKU or of one meter have to keep to from now on. Throws `reading_rule_invalid`, `sku_unknown`, `meter_not_found`, and by
 * constraint `reading_rule_exists`.
 */
export async function createRule(tx: Tx, rule: NewRule): Promise<ReadingRule> {
  const { sku = null, meter_id = null, kind, action, threshold = null } = rule;
  const refuse = (pointer: string, detail: string) =>
    errors.reading_rule_invalid({
      detail: `${pointer}: ${detail}.`,
      errors: [{ pointer, code: 'reading_rule_invalid', detail }],
    });
  if ((sku === null) === (meter_id === null)) throw refuse('/sku', 'a rule is of a SKU or of a meter');
  if (measured.includes(kind) !== (threshold !== null))
    throw refuse('/threshold', threshold === null ? `${kind} needs one` : `${kind} has none`);
  if (threshold?.startsWith('-')) throw refuse('/threshold', 'must not be below zero');
  if (kind === 'zeros' && !/^[1-9]\d{0,2}$/.test(threshold ?? '')) throw refuse('/threshold', 'must be a count from 1 to 999');
  if (sku !== null) await requireSku(tx, sku);
  if (meter_id !== null) await requireMeter(tx, meter_id);
  const rule_id = newId(tx.now);
  await insertRule(tx, { rule_id, sku, meter_id, kind, action, threshold });
  const [made] = await selectRules(tx, { sku, meter_id, below: null, limit: 1 });
  assert(made?.rule_id === rule_id, 'the rule that was made is the newest');
  await recordAudit(tx, {
    action: 'reading_rule.created',
    target_type: 'reading_rule',
    target_id: rule_id,
    before: null,
    after: { ...made },
  });
  return made;
}

/** What was held by the rule stays held. Throws `reading_rule_not_found`. */
export async function removeRule(tx: Tx, rule_id: string): Promise<ReadingRule> {
  const gone = await deleteRule(tx, rule_id);
  if (!gone) throw errors.reading_rule_not_found({ detail: `There is no rule ${rule_id}.` });
  await recordAudit(tx, {
    action: 'reading_rule.removed',
    target_type: 'reading_rule',
    target_id: rule_id,
    before: { ...gone },
    after: null,
  });
  return gone;
}

/** Newest first. Throws `cursor_invalid`. */
export async function listRules(
  db: Db,
  query: { sku?: string | undefined; meter_id?: string | undefined; limit: number; cursor?: string | undefined },
): Promise<{ data: ReadingRule[]; next_cursor: string | null }> {
  const sort = 'reading_rules.rule_id';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await selectRules(db, { sku: query.sku ?? null, meter_id: query.meter_id ?? null, below, limit: query.limit });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.rule_id]));
}
