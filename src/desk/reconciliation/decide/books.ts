import { billedLegs, type NewLine } from '../../../billing/ledger/model.ts';
import { fromMinor } from '../../../kernel/money.ts';
import type { FieldDifference } from '../model.ts';

/** A leg of the books, by the name of its account. */
export interface BookLeg {
  kind: string;
  owner: string | null;
  currency: string;
  amount_minor: bigint;
}

/** What of a ledger line its document posts. */
export type PostedShare = Pick<NewLine, 'gross_minor' | 'partner_id' | 'partner_minor' | 'net_minor'>;

/** What a document over some ledger lines posts: one transaction, by the template of the ledger. */
export function documentLegs(document: { org_id: string; currency: string }, lines: readonly PostedShare[]): BookLeg[] {
  const { org_id, currency } = document;
  const names = new Map<string, { kind: string; owner: string | null }>();
  const account = (kind: string, owner: string | null) => {
    const account_id = `${kind} ${owner ?? ''}`;
    names.set(account_id, { kind, owner });
    return account_id;
  };
  const shared = Map.groupBy(
    lines.filter((line) => line.partner_id !== null),
    (line) => line.partner_id!,
  );
  const legs = billedLegs({
    currency,
    receivable: account('receivable', org_id),
    revenue: account('revenue', null),
    gross_minor: sum(lines, (line) => line.gross_minor),
    net_minor: sum(lines, (line) => line.net_minor),
    partners: [...shared].map(([partner_id, own]) => ({
      account_id: account('partner_payable', partner_id),
      amount_minor: sum(own, (line) => line.partner_minor),
    })),
  });
  return legs.map(({ account_id, amount_minor }) => ({ ...names.get(account_id)!, currency, amount_minor }));
}

function sum(lines: readonly PostedShare[], of: (line: PostedShare) => bigint): bigint {
  return lines.reduce((total, line) => total + of(line), 0n);
}

export function opposite(legs: readonly BookLeg[]): BookLeg[] {
  return legs.map((leg) => ({ ...leg, amount_minor: -leg.amount_minor }));
}

/**
 * Holds what is in the books against what should be. `accepted` are the legs of the same document as other places have its lines: where the
 * books agree with one of these, what is wrong is a line, and is named there.
 */
export function bookDifferences(
  field: string,
  expected: readonly BookLeg[],
  { found, accepted = [] }: { found: readonly BookLeg[]; accepted?: readonly (readonly BookLeg[])[] },
): FieldDifference[] {
  const posted = legsText(found);
  if (posted === legsText(expected) || accepted.some((legs) => legsText(legs) === posted)) return [];
  return [{ field, expected: legsText(expected), found: posted, in: ['books'] }];
}

/** Null where nothing is posted. */
function legsText(legs: readonly BookLeg[]): string | null {
  const texts = legs.map(({ kind, owner, currency, amount_minor }) => {
    const account = owner === null ? kind : `${kind} of ${owner}`;
    return `${account} ${fromMinor(amount_minor, currency)} ${currency}`;
  });
  return texts.length === 0 ? null : texts.sort().join('; ');
}
