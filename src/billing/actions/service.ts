import { recordAudits } from '../../foundation/audit/service.ts';
import { emitMany } from '../../foundation/events/service.ts';
import { requireOrganization, requireProject, requireTenant } from '../../foundation/tenancy/service.ts';
import { newId } from '../../kernel/id.ts';
import type { Tx } from '../../platform/postgres.ts';
import { billedLegs, type Line } from '../ledger/model.ts';
import { accountsFor, insertLines, linesOf, postRunning, postTransaction } from '../ledger/service.ts';
import { splitGross } from '../partners/model.ts';
import { commissionRates, partnersOfRecord } from '../partners/service.ts';
import { actionCharges, type StoredAction, storedActions } from '../rating/service/actions.ts';
import { errors } from './errors.ts';
import type { events } from './events.ts';

export interface ChargeRequest {
  org_id: string;
  project_id?: string | undefined;
  lines: readonly { sku: string; quantity: string; request_id: string }[];
}

/**
 * Charges something outside a billing cycle: priced on top of what the interval was charged so, posted to the ledger with the
 * partner's split. A request id that was charged before with the same SKU and quantity answers the first line again.
 * Throws `org_not_found`, `project_not_found`, `duplicate_request_id`, `charge_request_conflict`, and what rating's `actionCharges` does.
 */
export async function chargeActions(tx: Tx, request: ChargeRequest): Promise<Line[]> {
  await requireOrganization(tx, request.org_id);
  if (request.project_id !== undefined) await requireProject(tx, request.project_id, request.org_id);
  requireDistinct(request);
  const known = await storedActions(
    tx,
    request.lines.map((line) => line.request_id),
  );
  for (const line of request.lines) requireSame(known.get(line.request_id), line, request);
  const fresh = request.lines.filter((line) => !known.has(line.request_id));
  const charges = await actionCharges(tx, { ...request, project_id: request.project_id ?? null, lines: fresh });
  for (const one_currency of Map.groupBy(charges, (charge) => charge.currency).values()) await post(tx, one_currency);
  const all = [...known.values(), ...charges];
  const lines = await linesOf(tx, { charge_ids: all.map((charge) => charge.charge_id) });
  const byRequest = new Map(all.map((charge) => [charge.request_id, lines.find((line) => line.charge_id === charge.charge_id)!]));
  return request.lines.map((line) => byRequest.get(line.request_id)!);
}

/** Posts charges of one organization and currency in one transaction of the ledger. */
async function post(tx: Tx, charges: readonly StoredAction[]): Promise<void> {
  const [{ org_id, currency }] = charges as [StoredAction];
  const partner = (await partnersOfRecord(tx, [org_id], tx.now)).get(org_id);
  const rateOf = partner ? await commissionRates(tx) : null;
  const grosses = await postRunning(
    tx,
    charges.map(({ project_id, sku, amount_exact }) => ({ org_id, project_id, sku, currency, amount_exact })),
    (await requireTenant(tx)).rounding_mode,
  );
  const lines = charges.map((charge, index) => {
    const pct = partner && rateOf ? rateOf(partner.partner_tier, charge.sku) : '0';
    const gross_minor = grosses[index]!;
    return {
      entry_id: newId(tx.now),
      org_id,
      project_id: charge.project_id,
      sku: charge.sku,
      quantity: charge.quantity,
      amount_exact: charge.amount_exact,
      gross_minor,
      currency,
      partner_id: partner?.partner_id ?? null,
      partner_pct: pct,
      ...splitGross({ gross_minor, pct }),
      charge_id: charge.charge_id,
      invoice_id: null,
      period: null,
    };
  });
  await insertLines(tx, lines);
  const gross_minor = lines.reduce((sum, line) => sum + line.gross_minor, 0n);
  const partner_minor = lines.reduce((sum, line) => sum + line.partner_minor, 0n);
  const [receivable, revenue, payable] = (await accountsFor(tx, [
    { kind: 'receivable', owner: org_id, currency },
    { kind: 'revenue', owner: null, currency },
    ...(partner ? [{ kind: 'partner_payable' as const, owner: partner.partner_id, currency }] : []),
  ])) as [string, string, string | undefined];
  const partners = payable !== undefined && partner_minor !== 0n ? [{ account_id: payable, amount_minor: partner_minor }] : [];
  const postings = billedLegs({ currency, receivable, revenue, gross_minor, net_minor: gross_minor - partner_minor, partners });
  if (postings.length > 0) await postTransaction(tx, { kind: 'charge', idem_key: `charge/${charges[0]!.charge_id}`, postings });
  await tell(
    tx,
    charges,
    lines.map((line) => line.entry_id),
  );
}

async function tell(tx: Tx, charges: readonly StoredAction[], entry_ids: readonly string[]): Promise<void> {
  const told = charges.map(({ charge_id, org_id, sku, quantity, amount_exact, currency }) => ({
    charge_id,
    org_id,
    sku,
    quantity,
    amount_exact,
    currency,
  }));
  await recordAudits(
    tx,
    told.map((data) => ({
      action: 'charge.created',
      target_type: 'charge',
      target_id: data.charge_id,
      org_id: data.org_id,
      before: null,
      after: data,
    })),
  );
  await emitMany<typeof events>(
    tx,
    told.map((data, index) => ({
      type: 'charge.created' as const,
      aggregate_type: 'charge',
      aggregate_id: data.charge_id,
      org_id: data.org_id,
      data: { ...data, entry_id: entry_ids[index]! },
    })),
  );
}

function requireDistinct(request: ChargeRequest): void {
  const seen = new Set<string>();
  for (const [index, { request_id }] of request.lines.entries()) {
    if (seen.has(request_id)) {
      const detail = `${request_id} stands twice.`;
      throw errors.duplicate_request_id({
        detail,
        errors: [{ pointer: `/lines/${index}/request_id`, code: 'duplicate_request_id', detail }],
      });
    }
    seen.add(request_id);
  }
}

function requireSame(stored: StoredAction | undefined, line: ChargeRequest['lines'][number], request: ChargeRequest): void {
  if (!stored) return;
  const same =
    stored.org_id === request.org_id &&
    stored.project_id === (request.project_id ?? null) &&
    stored.sku === line.sku &&
    stored.quantity === line.quantity;
  if (!same) throw errors.charge_request_conflict({ detail: `${line.request_id} was charged with other contents.` });
}
