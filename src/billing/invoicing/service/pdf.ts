import { fileURLToPath } from 'node:url';
import type { Content, TableCell } from 'pdfmake';
import type { InvoiceDocument } from '../../../kernel/bundle.ts';
import { localDate } from '../../../kernel/period.ts';
import type { Invoice } from '../model.ts';

const ink = '#1c2430';
const faint = '#667085';
const line = '#d7dce3';

/**
 * The issued document as a PDF of A4 pages: who owes whom what, until when, every line, and the hash by which the signed log
 * knows it. Written from the document that the receipt covers, never from what is in the tables now.
 */
export async function renderInvoice(invoice: Invoice, document: InvoiceDocument): Promise<Buffer> {
  const pdfmake = await load();
  const pdf = pdfmake.createPdf({
    info: { title: `Invoice ${document.number}`, author: textOf(document.seller, 'legal_name'), creator: 'Tallystick' },
    pageSize: 'A4',
    pageMargins: [48, 48, 48, 64],
    defaultStyle: { font: 'Roboto', fontSize: 9, color: ink, lineHeight: 1.25 },
    footer: (page: number, pages: number) => ({
      columns: [
        { text: `${textOf(document.seller, 'legal_name')} · Invoice ${document.number}`, color: faint },
        { text: `Page ${page} of ${pages}`, alignment: 'right', color: faint },
      ],
      margin: [48, 20, 48, 0],
      fontSize: 8,
    }),
    content: [
      heading(invoice, document),
      parties(document),
      facts(invoice, document),
      lines(document),
      total(invoice, document),
      proof(invoice),
    ],
  });
  return pdf.getBuffer();
}

function heading(invoice: Invoice, document: InvoiceDocument): Content {
  const stamp =
    invoice.status === 'open'
      ? []
      : [{ text: invoice.status.toUpperCase(), color: invoice.status === 'void' ? '#b42318' : '#087443', bold: true }];
  return {
    columns: [
      { text: textOf(document.seller, 'legal_name'), fontSize: 15, bold: true },
      {
        stack: [{ text: 'Invoice', fontSize: 15, bold: true }, { text: document.number, fontSize: 10, color: faint }, ...stamp],
        alignment: 'right',
      },
    ],
    margin: [0, 0, 0, 24],
  };
}

function parties(document: InvoiceDocument): Content {
  return {
    columns: [partyOf('From', document.seller), partyOf('Billed to', document.customer)],
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

function facts(invoice: Invoice, document: InvoiceDocument): Content {
  const until = Temporal.PlainDate.from(invoice.period.to).subtract({ days: 1 });
  const shown: [string, string][] = [
    ['Service period', `${invoice.period.from} to ${until}`],
    ['Issued', dateOf(document, document.issued_at)],
    ['Due', dateOf(document, invoice.due_at)],
    ['Amount due', `${invoice.status === 'open' ? document.total : '0.00'} ${document.currency}`],
  ];
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

function lines(document: InvoiceDocument): Content {
  const head: TableCell[] = [
    { text: 'Description', color: faint, fontSize: 8 },
    { text: 'Quantity', color: faint, fontSize: 8, alignment: 'right' },
    { text: 'Unit', color: faint, fontSize: 8 },
    { text: `Amount (${document.currency})`, color: faint, fontSize: 8, alignment: 'right' },
  ];
  return {
    table: {
      headerRows: 1,
      widths: ['*', 'auto', 'auto', 'auto'],
      body: [
        head,
        ...document.lines.map((each): TableCell[] => {
          const description = textOf(each, 'description');
          const count = each.usage === null ? '' : `${grouped(String(each.usage.count))} usage events`;
          return [
            { stack: [{ text: description }, ...(count === '' ? [] : [{ text: count, color: faint, fontSize: 7.5 }])] },
            { text: grouped(each.quantity), alignment: 'right' },
            { text: textOf(each, 'unit') },
            { text: grouped(each.amount), alignment: 'right' },
          ];
        }),
      ],
    },
    layout: {
      hLineWidth: (row: number) => (row === 0 ? 0 : 0.5),
      vLineWidth: () => 0,
      hLineColor: () => line,
      paddingTop: () => 5,
      paddingBottom: () => 5,
      paddingLeft: (column: number) => (column === 0 ? 0 : 8),
      paddingRight: (column: number) => (column === 3 ? 0 : 8),
    },
  };
}

function total(invoice: Invoice, document: InvoiceDocument): Content {
  const note =
    invoice.status === 'void'
      ? `Void: ${invoice.void_reason}`
      : invoice.status === 'paid'
        ? `Paid on ${dateOf(document, invoice.paid_at!)}`
        : '';
  return {
    columns: [
      { text: note, color: faint, width: '*' },
      { text: 'Total', bold: true, fontSize: 11, width: 'auto', margin: [0, 0, 16, 0] },
      { text: `${grouped(document.total)} ${document.currency}`, bold: true, fontSize: 11, width: 'auto' },
    ],
    margin: [0, 14, 0, 28],
  };
}

function proof(invoice: Invoice): Content {
  if (!invoice.receipt) return { text: '' };
  return {
    stack: [
      { text: 'This invoice can be checked', bold: true },
      {
        text: `Every line opens into its usage and arithmetic. The bundle of this invoice verifies offline with “tallystick verify” against the seller’s published key; it is receipt ${invoice.receipt.seq} of the seller’s signed log.`,
        color: faint,
      },
      { text: invoice.receipt.hash, fontSize: 7.5, color: faint, margin: [0, 3, 0, 0] },
    ],
    unbreakable: true,
  };
}

/** A moment as the customer's calendar has it. */
function dateOf(document: InvoiceDocument, moment: string): string {
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
