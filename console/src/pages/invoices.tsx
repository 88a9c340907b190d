import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { ReceiptText } from 'lucide-react';
import { invoicePages } from '../api/billing.ts';
import type { InvoiceStatus } from '../api/types.ts';
import { invoiceColumns } from '../features/invoicing/columns.tsx';
import { RunButton } from '../features/invoicing/run-button.tsx';
import { OrgPicker } from '../features/tenancy/org-picker.tsx';
import { Button } from '../ui/button.tsx';
import { Card, Page } from '../ui/page.tsx';
import { Select } from '../ui/select.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../ui/state.tsx';
import { DataTable } from '../ui/table.tsx';

const statuses = [
  { value: '', label: 'Any status' },
  { value: 'open', label: 'Open' },
  { value: 'paid', label: 'Paid' },
  { value: 'void', label: 'Void' },
  { value: 'uncollectible', label: 'Uncollectible' },
] as const;

export function InvoicesPage() {
  const search = useSearch({ from: '/signed/invoices' });
  const navigate = useNavigate({ from: '/invoices' });
  const status = statuses.find((one) => one.value === search.status)?.value ?? '';
  const filter = { org_id: search.org_id, status: (status || undefined) as InvoiceStatus | undefined };
  const list = useInfiniteQuery(invoicePages(filter));
  const invoices = list.data?.pages.flatMap((page) => page.data) ?? [];
  const filtered = filter.org_id !== undefined || filter.status !== undefined;
  return (
    <Page title="Invoices" actions={<RunButton />}>
      <form aria-label="Filter invoices" onSubmit={(event) => event.preventDefault()} className="mb-4 flex flex-wrap gap-3">
        <OrgPicker
          quiet
          label="Organization"
          className="w-72"
          value={search.org_id ?? ''}
          onChange={(org_id) => navigate({ search: (before) => ({ ...before, org_id: org_id || undefined }), replace: true })}
        />
        <Select
          quiet
          label="Status"
          className="w-40"
          value={status}
          choices={statuses}
          onChange={(next) => navigate({ search: (before) => ({ ...before, status: next || undefined }), replace: true })}
        />
      </form>
      <Card flush>
        {list.error ? (
          <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
        ) : list.isPending ? (
          <SkeletonRows rows={10} label="invoices" />
        ) : invoices.length === 0 ? (
          <Empty
            icon={<ReceiptText size={22} aria-hidden="true" />}
            title={filtered ? 'No invoice matches' : 'No invoices yet'}
            action={filtered ? null : <RunButton />}
          >
            {filtered
              ? 'Change the organization or the status.'
              : 'A billing run turns a period’s usage and plans into invoices.'}
          </Empty>
        ) : (
          <DataTable
            caption="Invoices, newest first"
            columns={invoiceColumns}
            rows={invoices}
            rowKey={(invoice) => invoice.invoice_id}
            onRow={(invoice) => navigate({ to: '/invoices/$invoice_id', params: { invoice_id: invoice.invoice_id }, search: {} })}
          />
        )}
      </Card>
      {list.hasNextPage ? (
        <div className="mt-4 text-center">
          <Button busy={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      ) : null}
    </Page>
  );
}
