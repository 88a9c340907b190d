import type { EstimateInput } from '../../api/catalog.ts';
import type { Estimate } from '../../api/types.ts';
import { formatDecimal } from '../../ui/format.ts';
import { Money } from '../../ui/money.tsx';
import { Card } from '../../ui/page.tsx';
import { type Column, DataTable } from '../../ui/table.tsx';

type Line = Estimate['lines'][number];

export function EstimateResult({ estimate, asked }: { estimate: Estimate; asked: EstimateInput }) {
  const total = estimate.grand_total;
  return (
    <Card flush>
      <div className="px-4 pt-4 pb-3">
        <p className="text-xs text-ink-3">{formatDecimal(asked.leads)} leads in one period</p>
        <p className="mt-0.5 text-2xl font-semibold tracking-tight">
          <Money value={total} />
        </p>
      </div>
      <DataTable
        caption="Estimated lines"
        columns={columns}
        rows={estimate.lines}
        rowKey={(line) => line.sku}
        footer={
          <>
            <tr className="border-t border-line">
              <th scope="row" colSpan={4} className="h-9 px-4 text-left font-normal text-ink-2">
                Base
              </th>
              <td className="px-4 text-right">{formatDecimal(estimate.base.amount)}</td>
            </tr>
            <tr className="border-t border-line-strong">
              <th scope="row" colSpan={4} className="h-11 px-4 text-left font-semibold">
                Total
              </th>
              <td className="px-4 text-right font-semibold">
                <Money value={total} />
              </td>
            </tr>
          </>
        }
      />
    </Card>
  );
}

const columns: readonly Column<Line>[] = [
  { id: 'sku', header: 'SKU', cell: (line) => <code className="font-mono text-xs">{line.sku}</code> },
  { id: 'quantity', header: 'Used', align: 'right', cell: (line) => formatDecimal(line.quantity) },
  { id: 'included', header: 'Included', align: 'right', cell: (line) => formatDecimal(line.included) },
  { id: 'overage', header: 'Beyond', align: 'right', cell: (line) => formatDecimal(line.overage) },
  { id: 'total', header: 'Amount', align: 'right', cell: (line) => formatDecimal(line.total.amount) },
];
