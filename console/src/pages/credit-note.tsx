import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { FileArchive, FileDown } from 'lucide-react';
import { bundleAddress, creditNoteById, pdfAddress } from '../api/billing.ts';
import { orgById } from '../api/orgs.ts';
import type { CreditNote } from '../api/types.ts';
import { ProofCard } from '../features/invoicing/proof-card.tsx';
import { buttonClass } from '../ui/button.tsx';
import { formatDateIn } from '../ui/dates.ts';
import { Money } from '../ui/money.tsx';
import { Card, Facts, Page } from '../ui/page.tsx';
import { HeadingSkeleton, ProblemBox, Skeleton, SkeletonRows } from '../ui/state.tsx';
import { type Column, DataTable } from '../ui/table.tsx';

/** What was taken back of which invoice, why, and what of each line stands. */
export function CreditNotePage() {
  const { credit_note_id } = useParams({ from: '/signed/credit-notes/$credit_note_id' });
  const note = useQuery(creditNoteById(credit_note_id));
  return (
    <Page
      title={note.data ? `Credit note ${note.data.number}` : 'Credit note'}
      trail={note.data ? <Trail note={note.data} /> : <Link to="/invoices">Invoices</Link>}
      heading={
        note.data ? (
          <span className="tabular">{note.data.number}</span>
        ) : note.error ? null : (
          <HeadingSkeleton title="Credit note" />
        )
      }
      lead={note.data?.reason}
      actions={note.data ? <Actions note={note.data} /> : null}
    >
      {note.error ? (
        <ProblemBox error={note.error} onRetry={note.refetch} />
      ) : (
        <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_17.5rem]">
          {note.data ? (
            <Lines note={note.data} />
          ) : (
            <Card flush>
              <SkeletonRows label="the credit note" />
            </Card>
          )}
          <div className="grid gap-4 sm:grid-cols-2 xl:grid-cols-1">
            {note.data ? <Summary note={note.data} /> : <Skeleton className="h-56 rounded-xl" />}
            {note.data ? <ProofCard receipt={note.data.receipt} /> : null}
          </div>
        </div>
      )}
    </Page>
  );
}

function Trail({ note }: { note: CreditNote }) {
  return (
    <>
      <Link to="/invoices">Invoices</Link>
      {' / '}
      <Link to="/invoices/$invoice_id" params={{ invoice_id: note.invoice_id }} search={{}}>
        {note.invoice_number}
      </Link>
    </>
  );
}

function Actions({ note }: { note: CreditNote }) {
  return (
    <>
      <a href={pdfAddress('credit-notes', note.credit_note_id)} download className={buttonClass()}>
        <FileDown size={14} aria-hidden="true" /> PDF
      </a>
      <a href={bundleAddress('credit-notes', note.credit_note_id)} download className={buttonClass()}>
        <FileArchive size={14} aria-hidden="true" /> Bundle
      </a>
    </>
  );
}

function Lines({ note }: { note: CreditNote }) {
  const columns: readonly Column<CreditNote['lines'][number]>[] = [
    {
      id: 'description',
      header: 'Line of the invoice',
      cell: (line) => (
        <Link
          to="/invoices/$invoice_id"
          params={{ invoice_id: note.invoice_id }}
          search={{ line: line.invoice_line_id }}
          className="rounded-sm font-medium hover:underline"
        >
          {line.description}
        </Link>
      ),
    },
    { id: 'left', header: 'Left of it', align: 'right', cell: (line) => <Money value={line.left} className="text-ink-2" /> },
    { id: 'amount', header: 'Credited', align: 'right', cell: (line) => <Money value={line.amount} className="font-medium" /> },
  ];
  return (
    <Card flush title="Lines">
      <DataTable
        caption={`Lines of credit note ${note.number}`}
        columns={columns}
        rows={note.lines}
        rowKey={(line) => line.line_id}
        footer={
          <tr className="border-t border-line-strong">
            <th scope="row" colSpan={2} className="h-11 px-4 text-left text-sm font-semibold">
              Total
            </th>
            <td className="px-4 text-right text-base font-semibold">
              <Money value={note.total} />
            </td>
          </tr>
        }
      />
    </Card>
  );
}

const underlined = 'rounded-sm underline decoration-line-strong underline-offset-2 hover:decoration-current';

function Summary({ note }: { note: CreditNote }) {
  // Dates as the customer's own calendar has them.
  const zone = useQuery(orgById(note.org_id)).data?.default_timezone ?? 'UTC';
  return (
    <Card>
      <p className="text-xs text-ink-3">Credited</p>
      <p className="mb-4 text-2xl font-semibold tracking-tight">
        <Money value={note.total} />
      </p>
      <Facts
        facts={[
          [
            'Customer',
            <Link key="org" to="/organizations/$org_id" params={{ org_id: note.org_id }} className={underlined}>
              {note.org_name}
            </Link>,
          ],
          [
            'Invoice',
            <Link
              key="invoice"
              to="/invoices/$invoice_id"
              params={{ invoice_id: note.invoice_id }}
              search={{}}
              className={underlined}
            >
              {note.invoice_number}
            </Link>,
          ],
          ['Issued', formatDateIn(note.issued_at, zone)],
          ['Why', note.kind === 'rebill' ? 'Billed anew on another invoice' : 'Correction'],
          ['Settlement', note.after_payment ? 'Owed back: the invoice was paid' : 'Taken off what was to be paid'],
        ]}
      />
    </Card>
  );
}
