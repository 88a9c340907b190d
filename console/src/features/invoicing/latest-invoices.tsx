import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { recentInvoices } from '../../api/billing.ts';
import { Card } from '../../ui/page.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../../ui/state.tsx';
import { DataTable } from '../../ui/table.tsx';
import { invoiceColumns } from './columns.tsx';

const shown = ['number', 'org', 'status', 'total'];
const columns = invoiceColumns.filter((column) => shown.includes(column.id));

export function LatestInvoices() {
  const navigate = useNavigate();
  const all = useQuery(recentInvoices({}, 5));
  const latest = all.data?.invoices.slice(0, 7) ?? [];
  return (
    <Card
      flush
      title="Latest invoices"
      actions={
        <Link to="/invoices" search={{}} className="rounded-sm text-xs text-ink-3 hover:text-ink">
          All invoices
        </Link>
      }
    >
      {all.error ? (
        <ProblemBox error={all.error} onRetry={all.refetch} className="m-4" />
      ) : all.isPending ? (
        <SkeletonRows label="invoices" />
      ) : latest.length === 0 ? (
        <Empty title="No invoices yet">The first billing run makes them.</Empty>
      ) : (
        <DataTable
          caption="Latest invoices"
          columns={columns}
          rows={latest}
          rowKey={(invoice) => invoice.invoice_id}
          onRow={(invoice) => navigate({ to: '/invoices/$invoice_id', params: { invoice_id: invoice.invoice_id } })}
        />
      )}
    </Card>
  );
}
