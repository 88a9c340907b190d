import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { Attempt, Delivery } from '../../api/types.ts';
import { attemptsOf, deliveryById } from '../../api/webhooks.ts';
import { Badge } from '../../ui/badge.tsx';
import { formatMoment } from '../../ui/dates.ts';
import { formatCount } from '../../ui/format.ts';
import { Hash } from '../../ui/hash.tsx';
import { CodeBlock, readable } from '../../ui/json.tsx';
import { ProblemBox, Skeleton } from '../../ui/state.tsx';
import { EventLink } from '../events/event-columns.tsx';
import { formatExact } from '../events/time.ts';
import { useMay } from '../session/may.ts';

/** Every attempt of a delivery, with what was asked and answered and how long it took. */
export function Attempts({ delivery }: { delivery: Delivery }) {
  const { webhook_id, delivery_id } = delivery;
  const found = useQuery(attemptsOf(webhook_id, delivery_id));
  const sent = useQuery(deliveryById(webhook_id, delivery_id));
  const may_see = useMay('events:read');
  const { refetch } = found;
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever the delivery went on, there is another attempt
  useEffect(() => void refetch(), [delivery.attempts, delivery.status, refetch]);
  if (found.error) return <ProblemBox error={found.error} onRetry={found.refetch} className="m-4" />;
  if (sent.error) return <ProblemBox error={sent.error} onRetry={sent.refetch} className="m-4" />;
  if (!found.data || !sent.data) return <Skeleton className="m-4 h-24" />;
  const attempts = found.data.data;
  return (
    <div className="flex flex-col gap-4 px-4 pt-1 pb-4 sm:pl-9">
      <p className="flex flex-wrap items-center gap-x-4 gap-y-1 text-xs text-ink-2">
        <Hash value={delivery.event_id} label="Webhook id" />
        {may_see && delivery.kind !== 'test' ? <EventLink event_id={delivery.event_id}>See the event</EventLink> : null}
        {delivery.next_attempt_at ? <span>Next attempt {formatMoment(delivery.next_attempt_at)}</span> : null}
      </p>
      {attempts.length === 0 ? (
        <p className="text-ink-3">It was not tried yet.</p>
      ) : (
        <ol className="flex flex-col gap-3">
          {attempts.map((attempt) => (
            <OneAttempt key={attempt.number} attempt={attempt} />
          ))}
        </ol>
      )}
      <div>
        <h3 className="mb-1 text-xs font-medium text-ink-2">What is sent</h3>
        <CodeBlock label="What is sent" text={readable(sent.data.body)} />
      </div>
    </div>
  );
}

function OneAttempt({ attempt }: { attempt: Attempt }) {
  const taken = attempt.error_code === null && attempt.status !== null && attempt.status >= 200 && attempt.status < 300;
  return (
    <li className="rounded-lg border border-line bg-surface">
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2">
        <span className="font-medium">Attempt {formatCount(attempt.number)}</span>
        <Badge tone={taken ? 'good' : 'bad'}>{attempt.status === null ? 'No answer' : `Answered ${attempt.status}`}</Badge>
        {attempt.error_code ? <code className="font-mono text-xs text-bad">{attempt.error_code}</code> : null}
        <span className="tabular ml-auto text-xs text-ink-3">
          {formatExact(attempt.started_at)} · {formatCount(attempt.duration_ms)} ms
        </span>
      </p>
      {attempt.error_detail ? <p className="px-3 pb-2 text-ink-2">{attempt.error_detail}</p> : null}
      <div className="grid gap-3 border-t border-line p-3 lg:grid-cols-2">
        <div className="min-w-0">
          <h4 className="mb-1 text-xs font-medium text-ink-2">Request{attempt.address ? ` to ${attempt.address}` : ''}</h4>
          <CodeBlock label="Request" text={`POST ${attempt.url}\n${headersText(attempt.request_headers)}`} />
        </div>
        <div className="min-w-0">
          <h4 className="mb-1 text-xs font-medium text-ink-2">Answer{attempt.response_cut ? ', its first 64 KiB' : ''}</h4>
          {attempt.status === null ? (
            <p className="text-ink-3">There was none.</p>
          ) : (
            <CodeBlock
              label="Answer"
              text={`${attempt.status}\n${headersText(attempt.response_headers ?? {})}${attempt.response_body ? `\n\n${attempt.response_body}` : ''}`}
            />
          )}
        </div>
      </div>
    </li>
  );
}

export const headersText = (headers: Record<string, string>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
