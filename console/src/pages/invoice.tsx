import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { FileArchive, FileDown } from 'lucide-react';
import { useState } from 'react';
import { bundleAddress, invoiceById, pdfAddress } from '../api/billing.ts';
import { orgById } from '../api/orgs.ts';
import type { Invoice } from '../api/types.ts';
import { CreditDialog } from '../features/invoicing/credit-dialog.tsx';
import { CreditNotes } from '../features/invoicing/credit-notes.tsx';
import { PayDialog, VoidDialog } from '../features/invoicing/invoice-dialogs.tsx';
import { InvoiceLines } from '../features/invoicing/invoice-lines.tsx';
import { ProofCard } from '../features/invoicing/proof-card.tsx';
import { isCredited, leftOf, stateOf } from '../features/invoicing/totals.ts';
import { useMay } from '../features/session/may.ts';
import { StatusBadge } from '../ui/badge.tsx';
import { Button, buttonClass } from '../ui/button.tsx';
import { formatDateIn, formatPeriod } from '../ui/dates.ts';
import { Money } from '../ui/money.tsx';
import { Card, Facts, Page } from '../ui/page.tsx';
import { ProblemBox, Skeleton, SkeletonRows } from '../ui/state.tsx';

/** An invoice whose every line opens into what made it. */
export function InvoicePage() {
  const { invoice_id } = useParams({ from: '/signed/invoices/$invoice_id' });
  const invoice = useQuery(invoiceById(invoice_id));
  const [asked, ask] = useState<Asked | null>(null);
  const number = invoice.data ? invoice.data.number : 'Invoice';
  return (
    <Page
      title={invoice.data ? `Invoice ${invoice.data.number}` : 'Invoice'}
      trail={
        <Link to="/invoices" search={{}}>
          Invoices
        </Link>
      }
      heading={
        invoice.data ? (
          <span className="flex items-center gap-3">
            <span className="tabular">{number}</span>
            <StatusBadge status={stateOf(invoice.data)} />
          </span>
        ) : (
          number
        )
      }
      actions={invoice.data ? <Actions invoice={invoice.data} ask={ask} /> : null}
    >
      {invoice.error ? (
        <ProblemBox error={invoice.error} onRetry={invoice.refetch} />
      ) : (
        <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_17.5rem]">
          {invoice.data ? (
            <div className="grid min-w-0 gap-4">
              <InvoiceLines invoice={invoice.data} />
              <CreditNotes invoice={invoice.data} />
            </div>
          ) : (
            <Card flush>
              <SkeletonRows label="the invoice" />
            </Card>
          )}
          <div className="grid gap-4 sm:grid-cols-2 xl:grid-cols-1">
            {invoice.data ? <Summary invoice={invoice.data} /> : <Skeleton className="h-56 rounded-xl" />}
            {invoice.data ? <ProofCard receipt={invoice.data.receipt} /> : null}
          </div>
        </div>
      )}
      {invoice.data ? (
        <>
          <PayDialog invoice={invoice.data} open={asked === 'pay'} onClose={() => ask(null)} />
          <CreditDialog invoice={invoice.data} open={asked === 'credit'} onClose={() => ask(null)} />
          <VoidDialog invoice={invoice.data} open={asked === 'void'} onClose={() => ask(null)} />
        </>
      ) : null}
    </Page>
  );
}

type Asked = 'pay' | 'credit' | 'void';

function Actions({ invoice, ask }: { invoice: Invoice; ask: (what: Asked) => void }) {
  const may = useMay('invoices:write');
  const open = may && invoice.status === 'open';
  const creditable = may && (open || invoice.status === 'paid') && invoice.lines.some((line) => leftOf(line) !== null);
  return (
    <>
      <a href={pdfAddress('invoices', invoice.invoice_id)} download className={buttonClass()}>
        <FileDown size={14} aria-hidden="true" /> PDF
      </a>
      <a href={bundleAddress('invoices', invoice.invoice_id)} download className={buttonClass()}>
        <FileArchive size={14} aria-hidden="true" /> Bundle
      </a>
      {creditable ? <Button onClick={() => ask('credit')}>Credit</Button> : null}
      {open && !isCredited(invoice) ? (
        <Button look="danger" onClick={() => ask('void')}>
          Void
        </Button>
      ) : null}
      {open ? (
        <Button look="primary" onClick={() => ask('pay')}>
          Mark as paid
        </Button>
      ) : null}
    </>
  );
}

function Summary({ invoice }: { invoice: Invoice }) {
  // Dates as the customer's own calendar has them.
  const zone = useQuery(orgById(invoice.org_id)).data?.default_timezone ?? 'UTC';
  return (
    <Card>
      <p className="text-xs text-ink-3">Total</p>
      <p className="mb-4 text-2xl font-semibold tracking-tight">
        <Money value={invoice.total} />
      </p>
      <Facts
        facts={[
          [
            'Customer',
            <Link
              key="org"
              to="/organizations/$org_id"
              params={{ org_id: invoice.org_id }}
              className="rounded-sm underline decoration-line-strong underline-offset-2 hover:decoration-current"
            >
              {invoice.org_name}
            </Link>,
          ],
          ...(isCredited(invoice)
            ? [
                ['Credited', <Money key="credited" value={invoice.credited} />] as const,
                ['Balance', <Money key="balance" value={invoice.balance} />] as const,
              ]
            : []),
          ['Period', formatPeriod(invoice.period.from, invoice.period.to)],
          ['Issued', formatDateIn(invoice.issued_at, zone)],
          ['Due', formatDateIn(invoice.due_at, zone)],
          ...(invoice.paid_at ? [['Paid', formatDateIn(invoice.paid_at, zone)] as const] : []),
          ...(invoice.payment_reference ? [['Reference', invoice.payment_reference] as const] : []),
          ...(invoice.voided_at ? [['Void since', formatDateIn(invoice.voided_at, zone)] as const] : []),
          ...(invoice.void_reason ? [['Reason', invoice.void_reason] as const] : []),
        ]}
      />
    </Card>
  );
}
