import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { CircleCheck } from 'lucide-react';
import { differencePages, isAtWork, verificationById } from '../api/replays.ts';
import type { Verification, VerifiedDifference } from '../api/types.ts';
import { differencesText, spanText, VerdictBadge } from '../features/reconciliation/verification-list.tsx';
import { OrgName } from '../features/tenancy/org-name.tsx';
import { Button } from '../ui/button.tsx';
import { formatMoment } from '../ui/dates.ts';
import { formatCount, formatLabel } from '../ui/format.ts';
import { Card, Facts, Page } from '../ui/page.tsx';
import { ProgressBar } from '../ui/progress.tsx';
import { ScrollRegion } from '../ui/scroll.tsx';
import { Empty, HeadingSkeleton, ProblemBox, Skeleton } from '../ui/state.tsx';

/** One verification: how far it is, what it looked at, and each thing that does not come to the same again. */
export function VerificationPage() {
  const { verification_id } = useParams({ from: '/signed/verifications/$verification_id' });
  const found = useQuery(verificationById(verification_id));
  return (
    <Page
      title="Verification"
      heading={
        found.data ? (
          <span className="flex flex-wrap items-center gap-2.5">
            Verification <VerdictBadge verification={found.data} />
          </span>
        ) : (
          <HeadingSkeleton title="Verification" />
        )
      }
      lead={found.data ? spanText(found.data) : undefined}
      trail={
        <Link to="/replays" search={{ tab: 'verifications' }}>
          Verifications
        </Link>
      }
    >
      {found.error ? (
        <ProblemBox error={found.error} onRetry={found.refetch} />
      ) : !found.data ? (
        <Skeleton className="h-64 w-full rounded-xl" />
      ) : (
        <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_20rem]">
          <Outcome verification={found.data} />
          <About verification={found.data} />
        </div>
      )}
    </Page>
  );
}

function Outcome({ verification }: { verification: Verification }) {
  const { progress, problem, status, differences, verification_id } = verification;
  if (isAtWork(verification))
    return (
      <Card title="Progress">
        <div role="status">
          <ProgressBar label="Invoices worked out again" done={progress.done} total={progress.total} />
          <p className="tabular mt-2 text-xs text-ink-3">
            {formatCount(progress.done)} of {formatCount(progress.total)}
          </p>
        </div>
      </Card>
    );
  if (status === 'failed')
    return (
      <Card>
        <Empty title={problem?.code ?? 'Failed'}>{problem?.detail}</Empty>
      </Card>
    );
  if (differences === 0)
    return (
      <Card>
        <Empty icon={<CircleCheck size={26} aria-hidden="true" className="text-good" />} title="0 differences">
          Everything that was looked at comes to the same again, to the last digit.
        </Empty>
      </Card>
    );
  return <Differences verification_id={verification_id} />;
}

function Differences({ verification_id }: { verification_id: string }) {
  const list = useInfiniteQuery(differencePages(verification_id));
  if (list.error) return <ProblemBox error={list.error} onRetry={list.refetch} />;
  if (list.isPending) return <Skeleton className="h-64 w-full rounded-xl" />;
  return (
    <div className="flex min-w-0 flex-col gap-4">
      {list.data.pages
        .flatMap((page) => page.data)
        .map((difference) => (
          <OneDifference key={`${difference.subject} ${difference.subject_id}`} difference={difference} />
        ))}
      {list.hasNextPage ? (
        <div className="text-center">
          <Button busy={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      ) : null}
    </div>
  );
}

function OneDifference({ difference }: { difference: VerifiedDifference }) {
  const { document, line, sku, subject, fields, events } = difference;
  const name = [document ?? formatLabel(subject), line === null ? null : `line ${line}`, sku].filter(Boolean).join(' · ');
  return (
    <Card title={name} lead={formatLabel(subject)} actions={<OrgName org_id={difference.org_id} />}>
      <ScrollRegion label={`Differences of ${name}`}>
        <table className="w-full text-sm">
          <caption className="sr-only">Differences of {name}</caption>
          <thead>
            <tr className="text-left text-2xs text-ink-3">
              {['Field', 'Comes to', 'Was found', 'In'].map((head) => (
                <th key={head} scope="col" className="py-1 pr-4 font-medium">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {fields.map((field) => (
              <tr key={field.field} className="border-t border-line align-top">
                <th scope="row" className="py-1 pr-4 text-left font-mono text-xs font-normal">
                  {field.field}
                </th>
                <td className="tabular py-1 pr-4">{field.expected ?? 'nothing'}</td>
                <td className="tabular py-1 pr-4 text-bad">{field.found ?? 'nothing'}</td>
                <td className="py-1 text-ink-2">{field.in.join(', ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      {events.length > 0 ? (
        <p className="mt-3">
          Usage events that are not as they were received: <code className="font-mono text-xs text-bad">{events.join(', ')}</code>
        </p>
      ) : null}
    </Card>
  );
}

function About({ verification }: { verification: Verification }) {
  const { checked } = verification;
  return (
    <Card title="Looked at">
      <Facts
        facts={[
          ['Invoices', formatCount(checked.invoices)],
          ['Lines', formatCount(checked.lines)],
          ['Credit notes', formatCount(checked.credit_notes)],
          ['Billed periods', formatCount(checked.billed_periods)],
          ['Single charges', formatCount(checked.actions)],
          ['Usage events read', formatCount(checked.events)],
          ['Result', verification.status === 'completed' ? differencesText(verification.differences) : '–'],
          ['Of', verification.org_id ? <OrgName key="org" org_id={verification.org_id} /> : 'Every organization'],
          ['Begun', formatMoment(verification.created_at)],
          ['Ended', verification.finished_at ? formatMoment(verification.finished_at) : '–'],
        ]}
      />
    </Card>
  );
}
