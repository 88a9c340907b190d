import {
  type ColumnDef,
  createSortedRowModel,
  type Row,
  rowSortingFeature,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { Fragment, type ReactNode, useMemo } from 'react';
import { cx } from './cx.ts';
import { ScrollRegion } from './scroll.tsx';

/** One column: how a row shows in it and, where all rows are on the page, how rows compare in it. */
export interface Column<T> {
  id: string;
  header: string;
  cell: (row: T) => ReactNode;
  align?: 'right';
  compare?: (a: T, b: T) => number;
  /** Extra classes of its cells, such as a width. */
  className?: string;
}

interface DataTableProps<T> {
  /** What the table lists; read out, not shown. */
  caption: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string;
  /** Makes a click anywhere on the row do what the link in its first cell does. */
  onRow?: (row: T) => void;
  /** Rows that open: what shows beneath, or null. */
  below?: (row: T) => ReactNode;
  footer?: ReactNode;
}

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });

export function DataTable<T extends object>({ caption, columns, rows, rowKey, onRow, below, footer }: DataTableProps<T>) {
  const defs = useMemo(() => columns.map(definitionOf), [columns]);
  const table = useTable({ features, columns: defs, data: rows as T[], getRowId: rowKey });
  const byId = new Map(columns.map((column) => [column.id, column]));
  return (
    <ScrollRegion label={caption}>
      <table className="w-full border-collapse text-sm">
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr className="border-b border-line">
            {table.getFlatHeaders().map((header) => {
              const column = byId.get(header.column.id)!;
              const sorted = header.column.getIsSorted();
              return (
                <th
                  key={header.id}
                  scope="col"
                  aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : undefined}
                  className={cx(
                    'h-8 px-3 text-2xs font-medium whitespace-nowrap text-ink-3 first:pl-4 last:pr-4',
                    column.align === 'right' ? 'text-right' : 'text-left',
                  )}
                >
                  {column.compare ? (
                    <button
                      type="button"
                      onClick={header.column.getToggleSortingHandler()}
                      className="inline-flex items-center gap-1 rounded hover:text-ink"
                    >
                      {column.header}
                      {sorted === 'asc' ? <ArrowUp size={11} aria-hidden="true" /> : null}
                      {sorted === 'desc' ? <ArrowDown size={11} aria-hidden="true" /> : null}
                    </button>
                  ) : column.header === '' ? (
                    <span className="sr-only">Actions</span>
                  ) : (
                    column.header
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {table.getRowModel().rows.map((row) => (
            <BodyRow key={row.id} row={row} columns={columns} onRow={onRow} below={below} />
          ))}
        </tbody>
        {footer ? <tfoot>{footer}</tfoot> : null}
      </table>
    </ScrollRegion>
  );
}

interface BodyRowProps<T extends object> extends Pick<DataTableProps<T>, 'columns' | 'onRow' | 'below'> {
  row: Row<typeof features, T>;
}

function BodyRow<T extends object>({ row, columns, onRow, below }: BodyRowProps<T>) {
  const opened = below?.(row.original);
  return (
    <Fragment>
      <tr
        onClick={onRow ? (event) => pressed(event.target) || onRow(row.original) : undefined}
        className={cx(
          'border-b border-line last:border-b-0',
          onRow && 'cursor-pointer hover:bg-sunken',
          Boolean(opened) && 'border-b-0 bg-canvas',
        )}
      >
        {columns.map((column) => (
          <td
            key={column.id}
            className={cx(
              'h-9 px-3 py-1.5 first:pl-4 last:pr-4',
              column.align === 'right' && 'text-right whitespace-nowrap',
              column.className,
            )}
          >
            {column.cell(row.original)}
          </td>
        ))}
      </tr>
      {opened ? (
        <tr className="border-b border-line bg-canvas">
          <td colSpan={columns.length} className="p-0">
            {opened}
          </td>
        </tr>
      ) : null}
    </Fragment>
  );
}

function definitionOf<T extends object>(column: Column<T>): ColumnDef<typeof features, T> {
  const { compare } = column;
  return {
    id: column.id,
    header: column.header,
    accessorFn: () => null,
    enableSorting: compare !== undefined,
    ...(compare ? { sortFn: (a: Row<typeof features, T>, b: Row<typeof features, T>) => compare(a.original, b.original) } : {}),
  };
}

/** Links and buttons inside a row do their own work. */
function pressed(target: EventTarget): boolean {
  return target instanceof Element && target.closest('a, button, input, label') !== null;
}
