import { Link } from '@tanstack/react-router';
import { FileUp, RefreshCcwDot } from 'lucide-react';
import { useState } from 'react';
import { Figures } from '../features/invoicing/figures.tsx';
import { LatestInvoices } from '../features/invoicing/latest-invoices.tsx';
import { RevenueChart } from '../features/invoicing/revenue-chart.tsx';
import { RunDialog } from '../features/invoicing/run-dialog.tsx';
import { LatestImports } from '../features/metering/latest-imports.tsx';
import { UsageBySku } from '../features/metering/usage-by-sku.tsx';
import { Button, buttonClass } from '../ui/button.tsx';
import { Page } from '../ui/page.tsx';

/** Where the business stands: what was billed, what is owed, what was used, what happened last. */
export function OverviewPage() {
  const [billing, setBilling] = useState(false);
  return (
    <Page
      title="Overview"
      actions={
        <>
          <Link to="/imports" search={{}} className={buttonClass()}>
            <FileUp size={14} aria-hidden="true" /> Import usage
          </Link>
          <Button look="primary" onClick={() => setBilling(true)}>
            <RefreshCcwDot size={14} aria-hidden="true" /> Run billing
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
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
      <RunDialog open={billing} onClose={() => setBilling(false)} />
    </Page>
  );
}
