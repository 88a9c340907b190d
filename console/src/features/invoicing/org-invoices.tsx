import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { recentInvoices } from '../../api/billing.ts';
import { Card } from '../../ui/page.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../../ui/state.tsx';
import { DataTable } from '../../ui/table.tsx';
import { invoiceColumns } from './columns.tsx';

const columns = invoiceColumns.filter((column) => column.id !== 'org');

export function OrgInvoices({ org_id }: { org_id: string }) {
  const navigate = useNavigate();
  const list = useQuery(recentInvoices({ org_id }, 1));
  return (
    <Card flush title="Invoices">
      {list.error ? (
        <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
      ) : list.isPending ? (
        <SkeletonRows rows={3} label="invoices" />
      ) : list.data.invoices.length === 0 ? (
        <Empty title="Never billed">It shows here after the first billing run that covers its subscription.</Empty>
      ) : (
        <DataTable
          caption="Invoices of this organization"
          columns={columns}
          rows={list.data.invoices.slice(0, 12)}
          rowKey={(invoice) => invoice.invoice_id}
          onRow={(invoice) => navigate({ to: '/invoices/$invoice_id', params: { invoice_id: invoice.invoice_id }, search: {} })}
        />
      )}
    </Card>
  );
}
