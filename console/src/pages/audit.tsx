import { useInfiniteQuery } from '@tanstack/react-query';
import { ChevronRight, ScrollText } from 'lucide-react';
import { useMemo, useState } from 'react';
import { auditPages } from '../api/access.ts';
import type { AuditEntry } from '../api/types.ts';
import { changesBetween } from '../features/audit/changes.ts';
import { Button } from '../ui/button.tsx';
import { cx } from '../ui/cx.ts';
import { formatMoment } from '../ui/dates.ts';
import { Hash } from '../ui/hash.tsx';
import { Card, Page } from '../ui/page.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../ui/state.tsx';
import { type Column, DataTable } from '../ui/table.tsx';

/** Who did what, newest first; an entry opens into what changed. */
export function AuditPage() {
  const list = useInfiniteQuery(auditPages);
  const [open, setOpen] = useState<string | null>(null);
  const columns = useMemo(() => columnsFor(open, setOpen), [open]);
  const entries = list.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <Page title="Audit log" lead="Who did what. Entries are only ever added.">
      <Card flush>
        {list.error ? (
          <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
        ) : list.isPending ? (
          <SkeletonRows rows={10} label="the audit log" />
        ) : entries.length === 0 ? (
          <Empty icon={<ScrollText size={22} aria-hidden="true" />} title="Nothing has been done yet">
            Every change leaves an entry here, with its actor, before and after.
          </Empty>
        ) : (
          <DataTable
            caption="Audit entries, newest first"
            columns={columns}
            rows={entries}
            rowKey={(entry) => entry.audit_id}
            onRow={(entry) => setOpen(entry.audit_id === open ? null : entry.audit_id)}
            below={(entry) => (entry.audit_id === open ? <Changes entry={entry} /> : null)}
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

function columnsFor(open: string | null, setOpen: (audit_id: string | null) => void): Column<AuditEntry>[] {
  return [
    {
      id: 'action',
      header: 'Action',
      cell: (entry) => (
        <button
          type="button"
          aria-expanded={entry.audit_id === open}
          onClick={() => setOpen(entry.audit_id === open ? null : entry.audit_id)}
          className="-ml-1 flex items-center gap-1.5 rounded-md text-left font-medium"
        >
          <ChevronRight
            size={14}
            aria-hidden="true"
            className={cx('text-ink-3 transition-transform', entry.audit_id === open && 'rotate-90')}
          />
          {entry.action}
        </button>
      ),
    },
    {
      id: 'actor',
      header: 'Actor',
      cell: (entry) => (
        <>
          {entry.actor.name ?? entry.actor.id} <span className="text-xs text-ink-3">{entry.actor.kind.replace('_', ' ')}</span>
        </>
      ),
    },
    {
      id: 'target',
      header: 'Target',
      cell: (entry) => (
        <span className="flex items-center gap-2 text-ink-2">
          {entry.target_type} <Hash value={entry.target_id} label="Target id" />
        </span>
      ),
    },
    { id: 'at', header: 'When', align: 'right', cell: (entry) => <span className="text-ink-2">{formatMoment(entry.at)}</span> },
  ];
}

function Changes({ entry }: { entry: AuditEntry }) {
  const changes = changesBetween(entry.before, entry.after);
  if (changes.length === 0) return <p className="px-4 pb-3 pl-9 text-ink-3">Nothing but the fact itself is on record.</p>;
  return (
    <table className="mb-3 ml-9 text-xs">
      <caption className="sr-only">What changed</caption>
      <thead>
        <tr className="text-2xs text-ink-3">
          {['Field', 'Before', 'After'].map((name) => (
            <th key={name} scope="col" className="py-1 pr-8 text-left font-medium">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {changes.map((change) => (
          <tr key={change.field} className="border-t border-line align-top">
            <th scope="row" className="py-1 pr-8 text-left font-mono font-normal text-ink-2">
              {change.field}
            </th>
            <td className="max-w-xs py-1 pr-8 font-mono break-all text-ink-3">{change.before ?? '–'}</td>
            <td className="max-w-xs py-1 pr-4 font-mono break-all">{change.after ?? '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
