import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Scale } from 'lucide-react';
import type { ReactNode } from 'react';
import { isAtWork, verificationPages } from '../../api/replays.ts';
import type { Verification } from '../../api/types.ts';
import { Badge, StatusBadge } from '../../ui/badge.tsx';
import { formatDate, formatMoment } from '../../ui/dates.ts';
import { formatCount } from '../../ui/format.ts';
import { ListCard } from '../../ui/list.tsx';
import { Empty } from '../../ui/state.tsx';
import type { Column } from '../../ui/table.tsx';
import { OrgName } from '../tenancy/org-name.tsx';

/** What was issued, worked out again, newest first. */
export function VerificationList({ action }: { action: ReactNode }) {
  const navigate = useNavigate();
  const list = useInfiniteQuery(verificationPages);
  return (
    <ListCard
      list={list}
      rows={list.data?.pages.flatMap((page) => page.data) ?? []}
      caption="Verifications, newest first"
      columns={columns}
      rowKey={(one) => one.verification_id}
      onRow={({ verification_id }) => navigate({ to: '/verifications/$verification_id', params: { verification_id } })}
      empty={
        <Empty icon={<Scale size={22} aria-hidden="true" />} title="Nothing was verified yet" action={action}>
          Charges, ledger and invoices are worked out again from the stored usage, and compared with what was issued.
        </Empty>
      }
    />
  );
}

/** "1 Mar 2026 – 1 Apr 2026", as it was asked for. */
export function spanText({ from, to }: Pick<Verification, 'from' | 'to'>): string {
  if (from === null && to === null) return 'Every period';
  if (to === null) return `From ${formatDate(from!)}`;
  return from === null ? `Before ${formatDate(to)}` : `${formatDate(from)} to ${formatDate(to)}`;
}

export function differencesText(count: number): string {
  return `${formatCount(count)} ${count === 1 ? 'difference' : 'differences'}`;
}

export function VerdictBadge({ verification }: { verification: Verification }) {
  if (verification.status !== 'completed') return <StatusBadge status={verification.status} />;
  return <Badge tone={verification.differences === 0 ? 'good' : 'bad'}>{differencesText(verification.differences)}</Badge>;
}

const columns: readonly Column<Verification>[] = [
  {
    id: 'span',
    header: 'Periods',
    cell: (one) => (
      <Link
        to="/verifications/$verification_id"
        params={{ verification_id: one.verification_id }}
        className="rounded-sm font-medium whitespace-nowrap hover:text-accent hover:underline"
      >
        {spanText(one)}
      </Link>
    ),
  },
  {
    id: 'org',
    header: 'Of',
    cell: (one) => (one.org_id ? <OrgName org_id={one.org_id} /> : <span className="text-ink-3">Every organization</span>),
  },
  { id: 'verdict', header: 'Result', cell: (one) => <VerdictBadge verification={one} /> },
  {
    id: 'checked',
    header: 'Invoices',
    align: 'right',
    cell: (one) =>
      isAtWork(one)
        ? `${formatCount(one.progress.done)} of ${formatCount(one.progress.total)}`
        : formatCount(one.checked.invoices),
  },
  {
    id: 'at',
    header: 'When',
    align: 'right',
    cell: (one) => <span className="text-ink-2">{formatMoment(one.created_at)}</span>,
  },
];
