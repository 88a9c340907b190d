import { fileURLToPath } from 'node:url';
import type { Content, TableCell } from 'pdfmake';
import type { CreditNoteDocument, CreditNoteLineDocument, InvoiceDocument, InvoiceLineDocument } from '../../../kernel/bundle.ts';
import { fromMinor } from '../../../kernel/money.ts';
import { localDate } from '../../../kernel/period.ts';
import type { CreditNote, Invoice } from '../model.ts';

const ink = '#1c2430';
const faint = '#667085';
const line = '#d7dce3';
const red = '#b42318';
const green = '#087443';

/**
 * The issued document as a PDF of A4 pages: who owes whom what, until when, every line, and the hash by which the signed log
 * knows it. Written from the document that the receipt covers, never from what is in the tables now.
 */
export function renderInvoice(invoice: Invoice, document: InvoiceDocument): Promise<Buffer> {
  const text = isCreditedWhole(invoice) ? 'credited' : invoice.status;
  const stamp = text === 'open' ? undefined : { text, color: text === 'paid' ? green : red };
  return render({ title: 'Invoice', document, stamp }, [
    parties(document, 'Billed to'),
    facts(invoiceFacts(invoice, document)),
    lines(document.currency, invoiceColumns, document.lines.map(invoiceRow)),
    invoiceTotal(invoice, document),
    proof('invoice', 'Every line opens into its usage and arithmetic.', invoice.receipt),
  ]);
}

/** The same for a credit note: what is taken back of which invoice, why, and what of each line stands. */
export function renderCreditNote(note: CreditNote, document: CreditNoteDocument): Promise<Buffer> {
  const owed = note.after_payment ? 'The invoice was paid: this amount is owed to you.' : 'This amount is no longer to be paid.';
  return render({ title: 'Credit note', document }, [
    parties(document, 'Credited to'),
    facts([
      ['Corrects invoice', document.corrects.number],
      ['Issued', dateOf(document, document.issued_at)],
      ['Amount credited', `${grouped(document.total)} ${document.currency}`],
    ]),
    { text: [{ text: 'Reason: ', color: faint }, document.reason], margin: [0, 0, 0, 20] },
    lines(document.currency, creditColumns, document.lines.map(creditRow)),
    totals(owed, [['Total credited', document.total, document.currency]]),
    proof('credit note', 'Every line names the line of the invoice that it corrects, by its hash.', note.receipt),
  ]);
}

/** What a document has by which it is headed. */
interface Headed {
  number: string;
  currency: string;
  seller?: unknown;
  customer?: unknown;
}

interface Stamp {
  text: string;
  color: string;
}

async function render(
  { title, document, stamp }: { title: string; document: Headed; stamp?: Stamp | undefined },
  content: Content[],
): Promise<Buffer> {
  const pdfmake = await load();
  const seller = textOf(document.seller, 'legal_name');
  const pdf = pdfmake.createPdf({
    info: { title: `${title} ${document.number}`, author: seller, creator: 'Tallystick' },
    pageSize: 'A4',
    pageMargins: [48, 48, 48, 64],
    defaultStyle: { font: 'Roboto', fontSize: 9, color: ink, lineHeight: 1.25 },
    footer: (page: number, pages: number) => ({
      columns: [
        { text: `${seller} · ${title} ${document.number}`, color: faint },
        { text: `Page ${page} of ${pages}`, alignment: 'right', color: faint },
      ],
      margin: [48, 20, 48, 0],
      fontSize: 8,
    }),
    content: [heading(seller, title, document.number, stamp), ...content],
  });
  return pdf.getBuffer();
}

function heading(seller: string, title: string, number: string, stamp: Stamp | undefined): Content {
  return {
    columns: [
      { text: seller, fontSize: 15, bold: true },
      {
        stack: [
          { text: title, fontSize: 15, bold: true },
          { text: number, fontSize: 10, color: faint },
          ...(stamp ? [{ text: stamp.text.toUpperCase(), color: stamp.color, bold: true }] : []),
        ],
        alignment: 'right',
      },
    ],
    margin: [0, 0, 0, 24],
  };
}

function parties(document: Headed, payer: string): Content {
  return {
    columns: [partyOf('From', document.seller), partyOf(payer, document.customer)],
    columnGap: 24,
    margin: [0, 0, 0, 20],
  };
}

function partyOf(title: string, party: unknown): Content {
  const tax_id = textOf(party, 'tax_id');
  return {
    stack: [
      { text: title, color: faint, fontSize: 8 },
      { text: textOf(party, 'legal_name'), bold: true },
      { text: textOf(party, 'billing_email') },
      ...(tax_id === '' ? [] : [{ text: `Tax ID ${tax_id}` }]),
    ],
  };
}

function invoiceFacts(invoice: Invoice, document: InvoiceDocument): [string, string][] {
  const until = Temporal.PlainDate.from(invoice.period.to).subtract({ days: 1 });
  const due = invoice.status === 'open' ? invoice.balance.amount : fromMinor(0n, document.currency);
  return [
    ['Service period', `${invoice.period.from} to ${until}`],
    ['Issued', dateOf(document, document.issued_at)],
    ['Due', dateOf(document, invoice.due_at)],
    ['Amount due', `${grouped(due)} ${document.currency}`],
  ];
}

function facts(shown: readonly [string, string][]): Content {
  return {
    columns: shown.map(([title, text]) => ({
      stack: [
        { text: title, color: faint, fontSize: 8 },
        { text, bold: true },
      ],
    })),
    margin: [0, 0, 0, 20],
  };
}

/** Columns after the first hold figures, but for the unit. */
interface Column {
  title: string;
  alignment?: 'right';
}

const invoiceColumns: readonly Column[] = [
  { title: 'Description' },
  { title: 'Quantity', alignment: 'right' },
  { title: 'Unit' },
  { title: 'Amount', alignment: 'right' },
];

function invoiceRow(each: InvoiceLineDocument): TableCell[] {
  const count = each.usage === null ? '' : `${grouped(String(each.usage.count))} usage events`;
  return [
    described(textOf(each, 'description'), count),
    { text: grouped(each.quantity), alignment: 'right' },
    { text: textOf(each, 'unit') },
    { text: grouped(each.amount), alignment: 'right' },
  ];
}

const creditColumns: readonly Column[] = [
  { title: 'Description' },
  { title: 'Credited', alignment: 'right' },
  { title: 'Left of the line', alignment: 'right' },
];

function creditRow(each: CreditNoteLineDocument): TableCell[] {
  return [
    described(textOf(each, 'description'), `line ${each.corrects.line_id}`),
    { text: grouped(each.amount), alignment: 'right' },
    { text: grouped(each.left), alignment: 'right', color: faint },
  ];
}

function described(description: string, below: string): TableCell {
  return { stack: [{ text: description }, ...(below === '' ? [] : [{ text: below, color: faint, fontSize: 7.5 }])] };
}

function lines(currency: string, columns: readonly Column[], rows: readonly TableCell[][]): Content {
  const last = columns.length - 1;
  const head = columns.map(({ title, ...rest }, index): TableCell => {
    return { text: index === last ? `${title} (${currency})` : title, color: faint, fontSize: 8, ...rest };
  });
  return {
    table: { headerRows: 1, widths: columns.map((_, index) => (index === 0 ? '*' : 'auto')), body: [head, ...rows] },
    layout: {
      hLineWidth: (row: number) => (row === 0 ? 0 : 0.5),
      vLineWidth: () => 0,
      hLineColor: () => line,
      paddingTop: () => 5,
      paddingBottom: () => 5,
      paddingLeft: (column: number) => (column === 0 ? 0 : 8),
      paddingRight: (column: number) => (column === last ? 0 : 8),
    },
  };
}

function invoiceTotal(invoice: Invoice, document: InvoiceDocument): Content {
  const { currency } = document;
  const nothing = fromMinor(0n, currency);
  const note =
    invoice.status === 'void'
      ? `Void: ${invoice.void_reason}`
      : isCreditedWhole(invoice)
        ? 'Credited in full'
        : invoice.status === 'paid'
          ? `Paid on ${dateOf(document, invoice.paid_at!)}`
          : '';
  const credited: readonly Sum[] =
    invoice.credited.amount === nothing
      ? []
      : [
          ['Credited', opposite(invoice.credited.amount), currency],
          ['Balance', invoice.balance.amount, currency],
        ];
  return totals(note, [['Total', document.total, currency], ...credited]);
}

/** Nothing of it stands: paid by credit notes, or paid and then credited. */
function isCreditedWhole({ status, credited, total }: Invoice): boolean {
  return status === 'paid' && credited.amount === total.amount && credited.amount !== fromMinor(0n, total.currency);
}

function opposite(amount: string): string {
  return amount.startsWith('-') ? amount.slice(1) : `-${amount}`;
}

type Sum = readonly [title: string, amount: string, currency: string];

function totals(note: string, sums: readonly Sum[]): Content {
  return {
    columns: [
      { text: note, color: faint, width: '*' },
      { stack: sums.map(([title]) => ({ text: title, bold: true, fontSize: 11 })), width: 'auto', margin: [0, 0, 16, 0] },
      {
        stack: sums.map(([, amount, currency]) => ({ text: `${grouped(amount)} ${currency}`, bold: true, fontSize: 11 })),
        width: 'auto',
        alignment: 'right',
      },
    ],
    margin: [0, 14, 0, 28],
  };
}

function proof(what: string, opens: string, receipt: Invoice['receipt']): Content {
  if (!receipt) return { text: '' };
  return {
    stack: [
      { text: `This ${what} can be checked`, bold: true },
      {
        text: `${opens} The bundle of this ${what} verifies offline with “tallystick verify” against the seller’s published key; it is receipt ${receipt.seq} of the seller’s signed log.`,
        color: faint,
      },
      { text: receipt.hash, fontSize: 7.5, color: faint, margin: [0, 3, 0, 0] },
    ],
    unbreakable: true,
  };
}

/** A moment as the customer's calendar has it. */
function dateOf(document: Headed, moment: string): string {
  return localDate(Temporal.Instant.from(moment), textOf(document.customer, 'time_zone') || 'UTC').toString();
}

/** 1234567.5 → 1,234,567.5 */
function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.');
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}

function textOf(value: unknown, member: string): string {
  const found = (value as Record<string, unknown> | null)?.[member];
  return typeof found === 'string' ? found : '';
}

/** Loaded with the first PDF: most processes never make one. Neither files nor addresses in a document are ever followed. */
async function load() {
  const pdfmake = (await import('pdfmake')).default;
  const fonts = fileURLToPath(new URL('./fonts/Roboto/', import.meta.resolve('pdfmake/package.json')));
  pdfmake.setUrlAccessPolicy(() => false);
  pdfmake.setLocalAccessPolicy((path: string) => path.startsWith(fonts));
  pdfmake.setFonts({
    Roboto: {
      normal: `${fonts}Roboto-Regular.ttf`,
      bold: `${fonts}Roboto-Medium.ttf`,
      italics: `${fonts}Roboto-Italic.ttf`,
      bolditalics: `${fonts}Roboto-MediumItalic.ttf`,
    },
  });
  return pdfmake;
}
