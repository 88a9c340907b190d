import type { Tx } from '../../../platform/postgres.ts';
import { billedLegs, type NewLine, type NewTransaction } from '../../ledger/model.ts';
import { accountsFor, postMany } from '../../ledger/service.ts';

/** An invoice or a credit note as the books see it: what its ledger lines come to. */
export interface PostedDocument {
  kind: 'invoice' | 'credit_note';
  document_id: string;
  number: string;
  org_id: string;
  currency: string;
  entries: readonly NewLine[];
}

/** One zero-sum transaction a document, in the order given; a document over nothing posts none and answers null. */
export async function postDocuments(tx: Tx, documents: readonly PostedDocument[]): Promise<(string | null)[]> {
  const names = documents.flatMap((document) => [
    { kind: 'receivable' as const, owner: document.org_id, currency: document.currency },
    { kind: 'revenue' as const, owner: null, currency: document.currency },
    ...partnersOf(document).map(({ partner_id }) => ({
      kind: 'partner_payable' as const,
      owner: partner_id,
      currency: document.currency,
    })),
  ]);
  const accounts = await accountsFor(tx, names);
  let at = 0;
  const transactions = documents.map((document): NewTransaction => {
    const { kind, document_id, number, currency, entries } = document;
    const receivable = accounts[at++]!;
    const revenue = accounts[at++]!;
    const partners = partnersOf(document).map(({ amount_minor }) => ({ account_id: accounts[at++]!, amount_minor }));
    const [gross_minor, net_minor] = [sum(entries, (entry) => entry.gross_minor), sum(entries, (entry) => entry.net_minor)];
    const legs = billedLegs({ currency, receivable, revenue, gross_minor, net_minor, partners });
    return { kind, idem_key: `${kind}/${document_id}`, memo: number, postings: legs };
  });
  const worth = transactions.filter((transaction) => transaction.postings.length > 0);
  const ids = await postMany(tx, worth);
  const byKey = new Map(worth.map((transaction, index) => [transaction.idem_key, ids[index]!]));
  return transactions.map((transaction) => byKey.get(transaction.idem_key) ?? null);
}

function partnersOf({ entries }: PostedDocument): { partner_id: string; amount_minor: bigint }[] {
  const shared = Map.groupBy(
    entries.filter((entry) => entry.partner_id !== null),
    (entry) => entry.partner_id!,
  );
  return [...shared]
    .map(([partner_id, lines]) => ({ partner_id, amount_minor: sum(lines, (entry) => entry.partner_minor) }))
    .filter(({ amount_minor }) => amount_minor !== 0n);
}

function sum(entries: readonly NewLine[], of: (entry: NewLine) => bigint): bigint {
  return entries.reduce((total, entry) => total + of(entry), 0n);
}
