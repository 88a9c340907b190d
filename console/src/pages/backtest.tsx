import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useEffect } from 'react';
import { planById } from '../api/catalog.ts';
import { backtestById, cancelBacktest, draftById } from '../api/pricing.ts';
import type { Backtest, BacktestSummary } from '../api/types.ts';
import { ChangeChart, MonthChart, SkuChart } from '../features/rating/backtest-charts.tsx';
import { BacktestFigures, BacktestSpread, sidesOf } from '../features/rating/backtest-figures.tsx';
import { BacktestOrganizations } from '../features/rating/backtest-organizations.tsx';
import { useMay } from '../features/session/may.ts';
import { StatusBadge } from '../ui/badge.tsx';
import { Button, buttonClass } from '../ui/button.tsx';
import { formatCount } from '../ui/format.ts';
import { Card, Page } from '../ui/page.tsx';
import { ProgressBar } from '../ui/progress.tsx';
import { Empty, HeadingSkeleton, ProblemBox, Skeleton } from '../ui/state.tsx';
import { announceProblem } from '../ui/toast.tsx';
import { monthsName } from './backtests.tsx';

/** A backtest while it runs, and what it comes to. */
export function BacktestPage() {
  const { backtest_id } = useParams({ from: '/signed/backtests/$backtest_id' });
  const found = useQuery(backtestById(backtest_id));
  const names = useNames(found.data);
  const { data } = found;
  useRefreshedDrafts(data);
  return (
    <Page
      title={data ? `Backtest of ${names.draft}` : 'Backtest'}
      trail={<Link to="/backtests">Backtests</Link>}
      heading={
        data ? (
          <span className="flex items-center gap-2">
            {names.draft} <StatusBadge status={data.status} />
          </span>
        ) : (
          <HeadingSkeleton title="Backtest" />
        )
      }
      lead={
        data
          ? `${names.plan}, ${monthsName(data)}${data.org_ids ? `, ${formatCount(data.org_ids.length)} organizations` : ''}`
          : null
      }
      actions={data ? <Actions backtest={data} /> : null}
    >
      {found.error ? (
        <ProblemBox error={found.error} onRetry={found.refetch} />
      ) : !data ? (
        <Skeleton className="h-96 rounded-xl" />
      ) : data.summary ? (
        <Findings backtest_id={backtest_id} summary={data.summary} names={names} />
      ) : (
        <Underway backtest={data} />
      )}
    </Page>
  );
}

interface Names {
  draft: string;
  compare: string;
  plan: string;
}

function useNames(data: Backtest | undefined): Names {
  const draft = useQuery({ ...draftById(data?.draft_id ?? ''), enabled: typeof data?.draft_id === 'string' });
  const compare = useQuery({ ...draftById(data?.compare_draft_id ?? ''), enabled: typeof data?.compare_draft_id === 'string' });
  const plan = useQuery({ ...planById(data?.plan_id ?? ''), enabled: data !== undefined });
  return {
    draft: draft.data?.name ?? 'the change',
    compare: compare.data?.name ?? 'the other draft',
    plan: plan.data?.name ?? '',
  };
}

/** Whether a draft may be published is another question once a backtest of it has ended. */
function useRefreshedDrafts(data: Backtest | undefined): void {
  const queries = useQueryClient();
  const ended = data !== undefined && data.finished_at !== null;
  useEffect(() => {
    if (ended) void queries.invalidateQueries({ queryKey: ['drafts'] });
  }, [ended, queries]);
}

function Actions({ backtest }: { backtest: Backtest }) {
  const queries = useQueryClient();
  const may = useMay('billing:write');
  const cancel = useMutation({
    mutationFn: () => cancelBacktest(backtest.backtest_id),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['backtests'] }),
    onError: announceProblem,
  });
  return (
    <>
      {may && backtest.finished_at === null ? (
        <Button look="danger" busy={cancel.isPending} onClick={() => cancel.mutate()}>
          Cancel
        </Button>
      ) : null}
      {backtest.draft_id ? (
        <Link to="/drafts/$draft_id" params={{ draft_id: backtest.draft_id }} search={{}} className={buttonClass('secondary')}>
          Open the draft
        </Link>
      ) : null}
    </>
  );
}

function Underway({ backtest }: { backtest: Backtest }) {
  const { status, progress, problem } = backtest;
  return (
    <Card>
      {status === 'queued' || status === 'running' ? (
        <div role="status">
          <ProgressBar label="Rating organization-months" done={progress.done} total={progress.total} />
          <p className="tabular mt-2 text-xs text-ink-3">
            {formatCount(progress.done)} of {formatCount(progress.total)}
          </p>
        </div>
      ) : (
        <Empty title={status === 'cancelled' ? 'Cancelled' : (problem?.code ?? 'Failed')}>
          {problem?.detail ?? `${formatCount(progress.done)} of ${formatCount(progress.total)} organization-months were rated.`}
        </Empty>
      )}
    </Card>
  );
}

function Findings({ backtest_id, summary, names }: { backtest_id: string; summary: BacktestSummary; names: Names }) {
  const sides = sidesOf(summary, names);
  if (summary.organizations === 0 && summary.faulty_organizations === 0)
    return (
      <Card>
        <Empty title="Nobody had the plan in these months">So there is nothing to compare: neither revenue nor a change.</Empty>
      </Card>
    );
  return (
    <div className="flex flex-col gap-4">
      <BacktestFigures summary={summary} sides={sides} />
      {summary.faulty_organizations > 0 ? <Faults summary={summary} /> : null}
      <ChangeChart sides={sides} />
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <MonthChart summary={summary} sides={sides} />
        <SkuChart summary={summary} sides={sides} />
      </div>
      <BacktestSpread sides={sides} />
      <BacktestOrganizations backtest_id={backtest_id} compared={summary.compare !== null} />
    </div>
  );
}

function Faults({ summary }: { summary: BacktestSummary }) {
  const { faulty_organizations: count, faults } = summary;
  return (
    <div role="alert" className="rounded-lg bg-bad-soft px-4 py-3">
      <p className="font-medium text-bad">
        {formatCount(count)} {count === 1 ? 'organization' : 'organizations'} could not be rated, and {count === 1 ? 'is' : 'are'}{' '}
        in no other figure.
      </p>
      <ul className="mt-1 list-disc pl-5">
        {faults.slice(0, 5).map((fault) => (
          <li key={fault.org_id}>
            <code className="font-mono text-xs text-bad">{fault.code}</code> {fault.detail}
          </li>
        ))}
      </ul>
    </div>
  );
}
