import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { ChevronRight } from 'lucide-react';
import { useMemo } from 'react';
import { orgById } from '../../api/orgs.ts';
import type { Invoice, InvoiceLine } from '../../api/types.ts';
import { cx } from '../../ui/cx.ts';
import { dateIn, formatPeriod } from '../../ui/dates.ts';
import { formatDecimal } from '../../ui/format.ts';
import { Money } from '../../ui/money.tsx';
import { Card } from '../../ui/page.tsx';
import { type Column, DataTable } from '../../ui/table.tsx';
import { LineExplanation } from './line-explanation.tsx';
import { isCredited } from './totals.ts';

/** The lines; the open one stands in the address, so that a question about a cent can be sent as a link. */
export function InvoiceLines({ invoice }: { invoice: Invoice }) {
  const { line: open } = useSearch({ from: '/signed/invoices/$invoice_id' });
  const navigate = useNavigate({ from: '/invoices/$invoice_id' });
  const zone = useQuery(orgById(invoice.org_id)).data?.default_timezone;
  const lines = useMemo(() => invoice.lines.map((line) => ({ ...line, period: localPeriod(line, zone) })), [invoice, zone]);
  const columns = useMemo(() => {
    const toggle = (line: InvoiceLine) =>
      navigate({ search: { line: line.line_id === open ? undefined : line.line_id }, replace: true, resetScroll: false });
    return { list: columnsFor(invoice, open, toggle), toggle };
  }, [invoice, open, navigate]);
  return (
    <Card flush title="Lines" lead="open one to see what made it">
      <DataTable
        caption={`Lines of invoice ${invoice.number}`}
        columns={columns.list}
        rows={lines}
        rowKey={(line) => line.line_id}
        onRow={columns.toggle}
        below={(line) => (line.line_id === open ? <LineExplanation invoice={invoice} line={line} /> : null)}
        footer={
          <tr className="border-t border-line-strong">
            <th scope="row" colSpan={2} className="h-11 px-4 text-left text-sm font-semibold">
              Total
            </th>
            <td className="px-4 text-right text-base font-semibold">
              <Money value={invoice.total} />
            </td>
          </tr>
        }
      />
    </Card>
  );
}

/** Lines say moments, the invoice says dates of the customer's time zone. Until the zone is known, the dates as they are written. */
function localPeriod(line: InvoiceLine, zone: string | undefined): InvoiceLine['period'] {
  if (zone === undefined) return line.period;
  return { from: dateIn(line.period.from, zone), to: dateIn(line.period.to, zone) };
}

function columnsFor(invoice: Invoice, open: string | undefined, toggle: (line: InvoiceLine) => void): Column<InvoiceLine>[] {
  const whole = formatPeriod(invoice.period.from, invoice.period.to);
  return [
    {
      id: 'description',
      header: 'Description',
      cell: (line) => {
        const period = formatPeriod(line.period.from, line.period.to);
        return (
          <button
            type="button"
            aria-expanded={line.line_id === open}
            aria-controls={`explanation-${line.line_id}`}
            onClick={() => toggle(line)}
            className="-ml-1 flex w-full items-start gap-1.5 rounded-md py-0.5 text-left"
          >
            <ChevronRight
              size={14}
              aria-hidden="true"
              className={cx('mt-[3px] shrink-0 text-ink-3 transition-transform', line.line_id === open && 'rotate-90')}
            />
            <span>
              <span className="font-medium">{line.description}</span>
              {period === whole ? null : <span className="block text-xs text-ink-3">{period}</span>}
            </span>
          </button>
        );
      },
    },
    {
      id: 'quantity',
      header: 'Quantity',
      align: 'right',
      cell: (line) =>
        line.unit === null ? (
          ''
        ) : (
          <>
            {formatDecimal(line.quantity)} <span className="text-xs text-ink-3">{line.unit}</span>
          </>
        ),
    },
    {
      id: 'amount',
      header: 'Amount',
      align: 'right',
      cell: (line) => (
        <>
          <Money value={line.amount} className="font-medium" />
          {isCredited(line) ? (
            <span className="tabular block text-xs text-ink-3">{formatDecimal(line.credited.amount)} credited</span>
          ) : null}
        </>
      ),
    },
  ];
}
