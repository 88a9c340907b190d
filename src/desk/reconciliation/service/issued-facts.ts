import type { IssuedInvoice, IssuedLineRow } from '../../../billing/invoicing/service/again.ts';
import type { Line } from '../../../billing/ledger/model.ts';
import { type PostedTransaction, postedTransactions } from '../../../billing/ledger/service/books.ts';
import { linesOf } from '../../../billing/ledger/service.ts';
import type { StoredCharge } from '../../../billing/rating/model.ts';
import { chargesByIds } from '../../../billing/rating/service.ts';
import { receiptsFor } from '../../../foundation/receipts/service.ts';
import type { Db } from '../../../platform/postgres.ts';
import type { Checked } from '../model.ts';
import { type ChargeRatedAgain, rateAgain } from './usage-again.ts';

/** What some invoices stand on, read together. */
export interface IssuedFacts {
  charges: ReadonlyMap<string, StoredCharge>;
  rated: ReadonlyMap<string, ChargeRatedAgain>;
  entries: ReadonlyMap<string, Line>;
  /** Ledger lines that name an invoice, by invoice. */
  entriesOf: ReadonlyMap<string, readonly Line[]>;
  /** By key, and what undoes a transaction under `reverses <transaction_id>`. */
  posted: ReadonlyMap<string, PostedTransaction>;
  receipts: ReadonlyMap<string, string>;
}

/** Reads them, and rates every charge again. */
export async function readFacts(db: Db, invoices: readonly IssuedInvoice[], checked: Checked): Promise<IssuedFacts> {
  const rows = invoices.flatMap((invoice) => invoice.lines);
  const notes = invoices.flatMap((invoice) => invoice.credit_notes);
  const charges = await chargesByIds(
    db,
    rows.map((row) => row.charge_id),
  );
  const asked = rows.flatMap((row) => {
    const charge = charges.get(row.charge_id);
    return charge ? [{ charge, unit: row.unit, plan_name: planNameOf(row) }] : [];
  });
  const rated = await rateAgain(db, asked, (events) => {
    checked.events += events;
  });
  const invoice_ids = invoices.map((invoice) => invoice.invoice_id);
  const org_ids = [...new Set(invoices.map((invoice) => invoice.org_id))];
  const named = await linesOf(db, { org_ids, invoice_ids });
  const entry_ids = [...rows, ...notes.flatMap((note) => note.lines)].map((row) => row.entry_id);
  const entries = await linesOf(db, { entry_ids });
  const note_ids = notes.map((note) => note.credit_note_id);
  const posted = await postedTransactions(db, {
    idem_keys: [...invoice_ids.flatMap((id) => [`invoice/${id}`, `payment/${id}`]), ...note_ids.map((id) => `credit_note/${id}`)],
    reverses: invoices.flatMap(({ ledger_transaction_id: id }) => (id === null ? [] : [id])),
  });
  const receipts = [...(await receiptsFor(db, 'invoice', invoice_ids)), ...(await receiptsFor(db, 'credit_note', note_ids))];
  return {
    charges,
    rated,
    entries: new Map(entries.map((entry) => [entry.entry_id, entry])),
    entriesOf: Map.groupBy(named, (entry) => entry.invoice_id!),
    posted: new Map(
      posted.flatMap((transaction) => [
        [transaction.idem_key, transaction] as const,
        ...(transaction.reverses === null ? [] : [[`reverses ${transaction.reverses}`, transaction] as const]),
      ]),
    ),
    receipts: new Map(receipts.map(([id, receipt]) => [id, receipt.payload_hash])),
  };
}

/** A base fee's description begins with the name of its plan as it was. */
function planNameOf({ description }: IssuedLineRow): string {
  const end = description.lastIndexOf(base_fee);
  return end < 0 ? description : description.slice(0, end);
}

const base_fee = ', base fee';
