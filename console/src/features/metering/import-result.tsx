import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { atWork, importById } from '../../api/metering.ts';
import type { ImportJob, ImportReport, RowError } from '../../api/types.ts';
import { StatusBadge } from '../../ui/badge.tsx';
import { buttonClass } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { formatMoment } from '../../ui/dates.ts';
import { formatCount, formatDecimal } from '../../ui/format.ts';
import { Card } from '../../ui/page.tsx';
import { ProgressBar } from '../../ui/progress.tsx';
import { ProblemBox, Skeleton } from '../../ui/state.tsx';
import { type Column, DataTable } from '../../ui/table.tsx';

/** One import while it works and after it ended. */
export function ImportResult({ import_id }: { import_id: string }) {
  const queries = useQueryClient();
  const job = useQuery(importById(import_id));
  const ended = job.data !== undefined && !atWork(job.data);
  useEffect(() => {
    if (!ended) return;
    queries.invalidateQueries({ queryKey: ['imports'], predicate: (query) => query.queryKey[1] !== 'one' });
    queries.invalidateQueries({ queryKey: ['usage'] });
  }, [ended, queries]);
  if (job.error) return <ProblemBox error={job.error} onRetry={job.refetch} />;
  if (!job.data) return <Skeleton className="h-32 w-full rounded-xl" />;
  return <Report job={job.data} />;
}

function Report({ job }: { job: ImportReport }) {
  const working = atWork(job);
  const { accepted, duplicates, rejected } = job.totals;
  return (
    <Card
      title={job.filename}
      lead={`${job.format.toUpperCase()} · ${formatMoment(job.created_at)}`}
      actions={<StatusBadge status={job.status} />}
    >
      {working ? (
        <ProgressBar
          label={`Reading, ${formatCount(job.progress.rows_done)} rows so far`}
          done={job.progress.bytes_done}
          total={job.progress.bytes_total}
        />
      ) : (
        <div role="status">
          <dl className="mb-3 grid grid-cols-3 gap-px overflow-hidden rounded-lg border border-line bg-line">
            <Total label="Accepted" value={accepted} />
            <Total label="Already known" value={duplicates} />
            <Total label="Rejected" value={rejected} bad={rejected > 0} />
          </dl>
          {job.totals.held > 0 ? (
            <p className="mb-2 text-warn">
              {formatCount(job.totals.held)} {job.totals.held === 1 ? 'reading waits' : 'readings wait'} in the{' '}
              <Link to="/reviews" search={{}} className="rounded-sm underline underline-offset-2">
                review queue
              </Link>
              .
            </p>
          ) : null}
          <p className="text-ink-2">{verdict(job)}</p>
          <Quantities quantities={job.totals.quantities} />
          {accepted + duplicates > 0 && job.status === 'completed' ? (
            <Link to="/usage" search={{}} className={cx(buttonClass('secondary', 'small'), 'mt-3')}>
              See it in the usage explorer
            </Link>
          ) : null}
        </div>
      )}
      <Findings title="Refused" rows={job.errors} of={job.error_count} />
      <Findings title="Left out on purpose" rows={job.notes} of={job.notes.length} />
    </Card>
  );
}

/** What the file holds by SKU, whether stored now or before. */
function Quantities({ quantities }: { quantities: Record<string, string> }) {
  const list = Object.entries(quantities);
  if (list.length === 0) return null;
  return (
    <p className="tabular mt-1 flex flex-wrap gap-x-4 text-ink-2">
      {list.map(([sku, quantity]) => (
        <span key={sku}>
          <span className="text-ink-3">{sku}</span> <span className="font-medium text-ink">{formatDecimal(quantity)}</span>
        </span>
      ))}
    </p>
  );
}

/** Rows by line. The server lists the first of them; `of` is how many there are. */
function Findings({ title, rows, of }: { title: string; rows: RowError[]; of: number }) {
  if (rows.length === 0) return null;
  return (
    <div className="mt-4">
      <h3 className="mb-1 text-xs font-medium text-ink-3">
        {title}, {of > rows.length ? `the first ${formatCount(rows.length)} of ${formatCount(of)}` : formatCount(of)}
      </h3>
      <div className="-mx-4 max-h-80 overflow-y-auto border-t border-line last:-mb-4">
        <DataTable caption={title} columns={columns} rows={rows} rowKey={rowKey} />
      </div>
    </div>
  );
}

function Total({ label, value, bad = false }: { label: string; value: number; bad?: boolean }) {
  return (
    <div className="bg-surface px-3 py-2">
      <dt className="text-xs text-ink-3">{label}</dt>
      <dd className={`tabular text-lg font-semibold ${bad ? 'text-bad' : ''}`}>{formatCount(value)}</dd>
    </div>
  );
}

function verdict(job: ImportJob): string {
  const { accepted, duplicates, rejected } = job.totals;
  if (job.same_as) return 'This file was imported before, so there was nothing to do.';
  if (job.status === 'failed') return 'The import stopped before its end. Importing the same file again counts nothing twice.';
  if (job.status === 'rejected') return 'Nothing was imported. Mend the rows below, or import again with “Keep good rows”.';
  if (rejected > 0) return 'The good rows count. The rows below do not.';
  if (accepted === 0 && duplicates > 0) return 'Every row was known already, so nothing changed.';
  return 'Every row counts.';
}

const columns: readonly Column<RowError>[] = [
  { id: 'line', header: 'Line', align: 'right', className: 'w-16', cell: (row) => formatCount(row.line) },
  { id: 'code', header: 'Reason', cell: (row) => <code className="font-mono text-xs">{row.code}</code> },
  { id: 'detail', header: 'What is wrong', cell: (row) => row.detail },
];

const rowKey = (row: RowError) => `${row.line} ${row.code} ${row.detail}`;
