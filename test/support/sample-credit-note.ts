import {
  buildCreditNoteBundle,
  type CreditNoteBundle,
  type CreditNoteDocument,
  type InvoiceDocument,
} from '../../src/kernel/bundle.ts';
import { documentHash } from '../../src/kernel/proof.ts';
import { type SampleKey, SampleLog, sampleCharges, sampleInvoice } from './sample-bundle.ts';

/** Of the sample invoice: a part of the fee of line 3 (49.00 × 11/28 = 19.25), and all 2.00 of line 2. */
export function sampleCreditNote(invoice: InvoiceDocument, over: Partial<CreditNoteDocument> = {}): CreditNoteDocument {
  const { tenant_id, org_id, currency, seller, customer } = invoice;
  const line = (place: number, id: string, amount: string, left: string) => {
    const corrected = invoice.lines[place]!;
    const corrects = { line_id: corrected.line_id, hash: documentHash(corrected).toString('hex') };
    return { line_id: `01900000-0000-7000-8000-0000000004${id}`, corrects, description: corrected.description!, amount, left };
  };
  return {
    ...{ tenant_id, org_id, currency, seller: seller!, customer: customer! },
    credit_note_id: '01900000-0000-7000-8000-0000000000f1',
    number: 'CN-000002',
    kind: 'correction',
    reason: 'Moved out on the 5th',
    issued_at: '2026-03-02T00:00:00Z',
    after_payment: false,
    corrects: { invoice_id: invoice.invoice_id, number: invoice.number, hash: documentHash(invoice).toString('hex') },
    lines: [line(1, '01', '2.00', '0.00'), line(2, '02', '10.00', '9.25')],
    total: '12.00',
    ...over,
  };
}

/** A bundle that verifies: the invoice is receipt 2 of a log of 6, its credit note receipt 5. */
export function sampleCreditNoteBundle(
  key: SampleKey,
  over: Partial<CreditNoteDocument> = {},
): { bundle: CreditNoteBundle; log: SampleLog } {
  const invoice = sampleInvoice(sampleCharges().map(({ line }) => line));
  const credit_note = sampleCreditNote(invoice, over);
  const log = new SampleLog(key);
  for (let at = 1; at <= 6; at += 1) {
    if (at === 2) log.append(invoice.invoice_id, invoice);
    else if (at === 5) log.append(credit_note.credit_note_id, credit_note, 'credit_note');
    else log.append(`01900000-0000-7000-8000-00000000e00${at}`, { at });
  }
  return { bundle: buildCreditNoteBundle({ credit_note, invoice, proof: log.proof(5) }), log };
}
