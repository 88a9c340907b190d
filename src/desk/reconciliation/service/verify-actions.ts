import { ledgerLineAgain } from '../../../billing/invoicing/service/again.ts';
import type { Line, NewLine } from '../../../billing/ledger/model.ts';
import { nothingRun, postedTransactions, type Running, runningAgain } from '../../../billing/ledger/service/books.ts';
import { linesOf } from '../../../billing/ledger/service.ts';
import { splitGross } from '../../../billing/partners/model.ts';
import type { StoredCharge } from '../../../billing/rating/model.ts';
import { actionsAgain } from '../../../billing/rating/service/again.ts';
import type { Rounding } from '../../../kernel/decimal.ts';
import type { Db } from '../../../platform/postgres.ts';
import {
  actionDifferences,
  type Counted,
  counterOf,
  countOn,
  inOrderOfCounting,
  most_apart,
  standingCount,
} from '../decide/action.ts';
import { type BookLeg, bookDifferences, documentLegs } from '../decide/books.ts';
import type { Checked, Difference } from '../model.ts';
import { rateAgain } from './usage-again.ts';

const page_size = 500;

/** The charges of one call share a transaction of the books, under the first one's id. */
interface Call {
  charge_id: string;
  legs: readonly BookLeg[];
  lines: { again: NewLine; stored: Line | undefined }[];
}

/**
 * Works out an organization's charges outside cycles again from the first on, each on top of those before. Answers what does not come to the
 * same; with `within`, of charges whose interval has a part of it.
 */
export async function verifyActions(
  db: Db,
  org_id: string,
  { within, checked }: { within: (charge: StoredCharge) => boolean; checked: Checked },
): Promise<Difference[]> {
  const found: Difference[] = [];
  const counters = new Map<string, Counted>();
  const running = new Map<string, Running>();
  const calls = new Map<string, Call>();
  const endCall = (currency: string) => {
    const call = calls.get(currency);
    if (call) found.push(...callDifferences({ org_id, currency }, call));
  };
  let held: StoredCharge[] = [];
  for (let after: string | null = null, more = true; more; ) {
    const read: StoredCharge[] = await actionsAgain(db, { org_id, after, limit: page_size });
    after = read.at(-1)?.charge_id ?? null;
    more = read.length === page_size;
    const page = [...held, ...read];
    const entries = new Map(
      (await linesOf(db, { charge_ids: page.map((each) => each.charge_id) })).map((entry) => [entry.charge_id, entry]),
    );
    const asked = page.map((charge) => ({ charge, unit: null, plan_name: '' }));
    const rated = await rateAgain(db, asked, () => undefined);
    const keys = page.map((charge) => `charge/${charge.charge_id}`);
    const posted = new Map(
      (await postedTransactions(db, { idem_keys: keys, reverses: [] })).map((each) => [each.idem_key, each]),
    );
    const ordered = inOrderOfCounting(page, counters);
    // Those that may have waited for one of the next page are looked at with it.
    held = more ? ordered.splice(-most_apart) : [];
    for (const charge of ordered) {
      const { charge_id, currency, sku, project_id } = charge;
      const entry = entries.get(charge_id);
      const { charge: again, fault } = rated.get(charge_id)!;
      if (!again) {
        found.push(differenceOf(charge, [{ field: 'charge', expected: fault, found: 'present', in: ['charge'] }]));
        continue;
      }
      const name = counterOf(charge);
      const total = `${project_id ?? ''} ${sku} ${currency}`;
      const counted = standingCount(charge, again, entry);
      const rounding = charge.inputs.rounding as Rounding;
      const { after: now, posts_minor } = runningAgain(running.get(total) ?? nothingRun, counted.amount_exact, {
        currency,
        rounding,
      });
      const line = lineAgain(charge, { again, entry, gross_minor: posts_minor });
      const fields = actionDifferences({ charge, entry }, { charge: again, entry: line, known: counters.get(name) });
      if (within(charge)) {
        checked.actions += 1;
        if (fields.length > 0) found.push(differenceOf(charge, fields));
      }
      counters.set(name, countOn(counters.get(name), counted));
      running.set(total, now);
      const transaction = posted.get(`charge/${charge_id}`);
      if (transaction || !calls.has(currency)) {
        endCall(currency);
        calls.set(currency, { charge_id, legs: transaction?.legs ?? [], lines: [] });
      }
      calls.get(currency)!.lines.push({ again: line, stored: entry });
    }
  }
  for (const currency of calls.keys()) endCall(currency);
  return found;
}

/** Who earned on it is kept by its ledger line alone. */
function lineAgain(
  charge: StoredCharge,
  { again, entry, gross_minor }: { again: Parameters<typeof ledgerLineAgain>[0]; entry: Line | undefined; gross_minor: bigint },
): NewLine {
  const partner_pct = entry?.partner_pct ?? '0';
  const line = ledgerLineAgain(again, { invoice_id: null, entry_id: entry?.entry_id ?? '', partner_pct });
  const partner_id = entry?.partner_id ?? null;
  const split = splitGross({ gross_minor, pct: partner_pct });
  return { ...line, ...split, gross_minor, partner_id, partner_pct, charge_id: charge.charge_id, period: null };
}

function callDifferences(of: { org_id: string; currency: string }, { charge_id, legs, lines }: Call): Difference[] {
  const stored = lines.flatMap((line) => (line.stored ? [line.stored] : []));
  const fields = bookDifferences(
    'posting',
    documentLegs(
      of,
      lines.map((line) => line.again),
    ),
    { found: legs, accepted: stored.every(sums) ? [documentLegs(of, stored)] : [] },
  );
  if (fields.length === 0) return [];
  return [{ ...about, org_id: of.org_id, sku: null, subject_id: charge_id, fields }];
}

function sums({ gross_minor, partner_minor, net_minor }: Line): boolean {
  return partner_minor + net_minor === gross_minor;
}

const about = { subject: 'action', document: null, line: null, events: [] as string[] } as const;

function differenceOf({ org_id, sku, charge_id }: StoredCharge, fields: Difference['fields']): Difference {
  return { ...about, events: [], org_id, sku, subject_id: charge_id, fields };
}
