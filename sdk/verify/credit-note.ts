import type { CreditNoteBundle, CreditNoteLineDocument, InvoiceLineDocument } from '../../src/kernel/bundle.ts';
import { add, compare, type Decimal, parseDecimal, ZERO } from '../../src/kernel/decimal.ts';
import { documentHash } from '../../src/kernel/proof.ts';
import type { Findings } from './report.ts';

/** Holds a credit note against the invoice that it says it corrects: the same parties, each line bound by hash, and never beyond it. */
export function checkCreditNote({ credit_note, invoice }: CreditNoteBundle, findings: Findings): void {
  const { corrects } = credit_note;
  const hash = documentHash(invoice).toString('hex');
  if (corrects.hash !== hash)
    findings.fault('/invoice', 'corrected_hash_wrong', `its hash is ${hash}, the credit note is for ${corrects.hash}`);
  const same = (at: string, stated: string, found: string) => {
    if (stated !== found)
      findings.fault(`/credit_note/${at}`, 'corrected_differs', `is ${stated}, and of the invoice it is ${found}`);
  };
  same('corrects/invoice_id', corrects.invoice_id, invoice.invoice_id);
  same('corrects/number', corrects.number, invoice.number);
  same('tenant_id', credit_note.tenant_id, invoice.tenant_id);
  same('org_id', credit_note.org_id, invoice.org_id);
  same('currency', credit_note.currency, invoice.currency);
  if (credit_note.lines.length === 0) findings.fault('/credit_note/lines', 'credit_empty', 'corrects no line');
  const lines = new Map(invoice.lines.map((line) => [line.line_id, line]));
  const [seen, corrected] = [new Set<string>(), new Set<string>()];
  for (const [index, line] of credit_note.lines.entries()) {
    const at = `/credit_note/lines/${index}`;
    if (seen.has(line.line_id)) findings.fault(`${at}/line_id`, 'line_repeated', 'is on the credit note twice');
    if (corrected.has(line.corrects.line_id))
      findings.fault(`${at}/corrects/line_id`, 'line_repeated', 'is corrected by the credit note twice');
    seen.add(line.line_id);
    corrected.add(line.corrects.line_id);
    const billed = lines.get(line.corrects.line_id);
    if (billed) checkLine(line, billed, at, findings);
    else findings.fault(`${at}/corrects/line_id`, 'corrected_line_unknown', 'is not on the invoice');
  }
}

/** What is credited and what is left are parts of the line, and so are both together. */
function checkLine(line: CreditNoteLineDocument, billed: InvoiceLineDocument, at: string, findings: Findings): void {
  const hash = documentHash(billed).toString('hex');
  if (line.corrects.hash !== hash)
    findings.fault(`${at}/corrects/hash`, 'corrected_line_wrong', `the line of the invoice hashes to ${hash}`);
  const [amount, left, whole] = [parseDecimal(line.amount), parseDecimal(line.left), parseDecimal(billed.amount)];
  for (const [member, part] of [
    ['amount', amount],
    ['left', left],
    ['amount', add(amount, left)],
  ] as const) {
    if (isWithin(part, whole)) continue;
    findings.fault(`${at}/${member}`, 'credit_beyond_line', `is not a part of the ${billed.amount} that the invoice has there`);
    return;
  }
}

function isWithin(part: Decimal, whole: Decimal): boolean {
  const [low, high] = compare(whole, ZERO) < 0 ? [whole, ZERO] : [ZERO, whole];
  return compare(part, low) >= 0 && compare(part, high) <= 0;
}
