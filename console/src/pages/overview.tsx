import { Link } from '@tanstack/react-router';
import { FileUp } from 'lucide-react';
import { Attention } from '../features/events/attention.tsx';
import { Figures } from '../features/invoicing/figures.tsx';
import { LatestInvoices } from '../features/invoicing/latest-invoices.tsx';
import { RevenueChart } from '../features/invoicing/revenue-chart.tsx';
import { RunButton } from '../features/invoicing/run-button.tsx';
import { LatestImports } from '../features/metering/latest-imports.tsx';
import { UsageBySku } from '../features/metering/usage-by-sku.tsx';
import { useMay } from '../features/session/may.ts';
import { buttonClass } from '../ui/button.tsx';
import { Page } from '../ui/page.tsx';

/** Where the business stands: what was billed, what is owed, what was used, what happened last. */
export function OverviewPage() {
  const may_import = useMay('usage:write');
  return (
    <Page
      title="Overview"
      actions={
        <>
          {may_import ? (
            <Link to="/imports" search={{}} className={buttonClass()}>
              <FileUp size={14} aria-hidden="true" /> Import usage
            </Link>
          ) : null}
          <RunButton />
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <Attention />
        <Figures />
        <div className="grid gap-4 xl:grid-cols-[1.35fr_1fr]">
          <RevenueChart />
          <UsageBySku />
        </div>
        <div className="grid gap-4 xl:grid-cols-[1.35fr_1fr]">
          <LatestInvoices />
          <LatestImports />
        </div>
      </div>
    </Page>
  );
}
