import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { controlReplay, isAtWork, type ReplayControl, replayById } from '../api/replays.ts';
import type { ReplayJob } from '../api/types.ts';
import { EventLink } from '../features/events/event-columns.tsx';
import { Forecast } from '../features/reconciliation/forecast.tsx';
import { selectionText } from '../features/reconciliation/selection-text.ts';
import { useMay } from '../features/session/may.ts';
import { Badge, StatusBadge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { formatMoment } from '../ui/dates.ts';
import { formatCount } from '../ui/format.ts';
import { JsonBlock } from '../ui/json.tsx';
import { Card, Facts, Page } from '../ui/page.tsx';
import { ProgressBar } from '../ui/progress.tsx';
import { HeadingSkeleton, ProblemBox, Skeleton } from '../ui/state.tsx';
import { announceProblem } from '../ui/toast.tsx';

/** One replay: how far it is, or what a dry run foresaw. */
export function ReplayPage() {
  const { replay_id } = useParams({ from: '/signed/replays/$replay_id' });
  const job = useQuery(replayById(replay_id));
  return (
    <Page
      title="Replay"
      heading={
        job.data ? (
          <span className="flex flex-wrap items-center gap-2.5">
            {job.data.dry_run ? 'Dry run' : 'Replay'}
            {job.data.dry_run ? <Badge>Nothing was done</Badge> : <StatusBadge status={job.data.status} />}
          </span>
        ) : (
          <HeadingSkeleton title="Replay" />
        )
      }
      lead={job.data ? `Events: ${selectionText(job.data)}` : undefined}
      trail={
        <Link to="/replays" search={{}}>
          Replay
        </Link>
      }
      actions={job.data ? <Controls job={job.data} /> : null}
    >
      {job.error ? (
        <ProblemBox error={job.error} onRetry={job.refetch} />
      ) : !job.data ? (
        <Skeleton className="h-64 w-full rounded-xl" />
      ) : (
        <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_20rem]">
          <div className="flex min-w-0 flex-col gap-4">
            <Outcome job={job.data} />
            <Card title="Selection">
              <JsonBlock label="Selection" value={job.data.selection} />
            </Card>
          </div>
          <About job={job.data} />
        </div>
      )}
    </Page>
  );
}

function Outcome({ job }: { job: ReplayJob }) {
  if (job.forecast)
    return (
      <Card title="What would happen">
        <Forecast forecast={job.forecast} />
        {job.forecast.sample.length > 0 ? (
          <p className="mt-3 flex flex-wrap gap-x-3 text-xs text-ink-3">
            The first of them:
            {job.forecast.sample.map((event_id, index) => (
              <EventLink key={event_id} event_id={event_id}>{`event ${index + 1}`}</EventLink>
            ))}
          </p>
        ) : null}
      </Card>
    );
  const { done, total } = job.progress;
  return (
    <Card title="Progress">
      <div role="status">
        <ProgressBar label="Events sent again" done={done} total={total} />
        <p className="tabular mt-2 text-xs text-ink-3">
          {formatCount(done)} of {formatCount(total)}
        </p>
      </div>
      {job.problem ? (
        <p className="mt-3 rounded-lg bg-bad-soft px-3 py-2">
          <code className="font-mono text-xs text-bad">{job.problem.code}</code> {job.problem.detail}
        </p>
      ) : null}
    </Card>
  );
}

function About({ job }: { job: ReplayJob }) {
  return (
    <Card title="About">
      <Facts
        facts={[
          ['Asked for by', job.requested_by],
          ['Reason', job.reason ?? '–'],
          ['Begun', formatMoment(job.created_at)],
          ['Ended', job.finished_at ? formatMoment(job.finished_at) : '–'],
          ['At the most', `${formatCount(job.rate_per_second)} events/s`],
        ]}
      />
    </Card>
  );
}

const controls: readonly [ReplayControl, label: string, look: 'secondary' | 'primary' | 'danger'][] = [
  ['pause', 'Pause', 'secondary'],
  ['resume', 'Resume', 'primary'],
  ['cancel', 'Cancel the replay', 'danger'],
];

function Controls({ job }: { job: ReplayJob }) {
  const queries = useQueryClient();
  const may = useMay('events:write');
  const control = useMutation({
    mutationFn: (what: ReplayControl) => controlReplay(job.replay_id, what),
    onSuccess: (next) => {
      queries.setQueryData(replayById(job.replay_id).queryKey, next);
      return queries.invalidateQueries({ queryKey: ['replays'] });
    },
    onError: announceProblem,
  });
  const offered: Record<ReplayControl, boolean> = {
    pause: isAtWork(job),
    resume: job.status === 'paused',
    cancel: isAtWork(job) || job.status === 'paused',
  };
  if (!may) return null;
  return controls
    .filter(([what]) => offered[what])
    .map(([what, label, look]) => (
      <Button key={what} look={look} busy={control.isPending && control.variables === what} onClick={() => control.mutate(what)}>
        {label}
      </Button>
    ));
}
