import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { creditNotesOf } from '../../api/billing.ts';
import { orgById } from '../../api/orgs.ts';
import type { CreditNoteSummary, Invoice } from '../../api/types.ts';
import { formatDateIn } from '../../ui/dates.ts';
import { Money } from '../../ui/money.tsx';
import { Card } from '../../ui/page.tsx';
import { ProblemBox } from '../../ui/state.tsx';
import { type Column, DataTable } from '../../ui/table.tsx';

/** `zone` is the customer's: dates are as its own calendar has them. */
const columnsIn = (zone: string): readonly Column<CreditNoteSummary>[] => [
  {
    id: 'number',
    header: 'Number',
    cell: (note) => (
      <Link
        to="/credit-notes/$credit_note_id"
        params={{ credit_note_id: note.credit_note_id }}
        className="tabular rounded-sm font-medium whitespace-nowrap hover:underline"
      >
        {note.number}
      </Link>
    ),
  },
  { id: 'reason', header: 'Reason', cell: (note) => <span className="line-clamp-2">{note.reason}</span> },
  {
    id: 'issued',
    header: 'Issued',
    cell: (note) => <span className="whitespace-nowrap text-ink-2">{formatDateIn(note.issued_at, zone)}</span>,
  },
  { id: 'total', header: 'Credited', align: 'right', cell: (note) => <Money value={note.total} className="font-medium" /> },
];

/** What took lines of the invoice back; nothing where nothing did. */
export function CreditNotes({ invoice }: { invoice: Invoice }) {
  const navigate = useNavigate();
  const list = useQuery(creditNotesOf(invoice.invoice_id));
  const zone = useQuery(orgById(invoice.org_id)).data?.default_timezone ?? 'UTC';
  const columns = useMemo(() => columnsIn(zone), [zone]);
  if (list.error) return <ProblemBox error={list.error} onRetry={list.refetch} />;
  if (!list.data || list.data.data.length === 0) return null;
  return (
    <Card flush title="Credit notes">
      <DataTable
        caption={`Credit notes for invoice ${invoice.number}`}
        columns={columns}
        rows={list.data.data}
        rowKey={(note) => note.credit_note_id}
        onRow={(note) => navigate({ to: '/credit-notes/$credit_note_id', params: { credit_note_id: note.credit_note_id } })}
      />
    </Card>
  );
}
