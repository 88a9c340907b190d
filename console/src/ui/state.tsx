import { RotateCw, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { problemOf } from '../api/problem.ts';
import { Button } from './button.tsx';
import { cx } from './cx.ts';

/** Nothing is here yet, and what to do about it. */
export function Empty({
  icon,
  title,
  children,
  action,
}: {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="flex flex-col items-center px-6 py-10 text-center">
      {icon ? <div className="mb-3 text-ink-3">{icon}</div> : null}
      <p className="text-sm font-medium">{title}</p>
      {children ? <div className="mt-1 max-w-md text-sm text-balance text-ink-3">{children}</div> : null}
      {action ? <div className="mt-4 flex gap-2">{action}</div> : null}
    </div>
  );
}

/** What the server refused, as it said it, with the request's id. */
export function ProblemBox({ error, onRetry, className }: { error: unknown; onRetry?: () => void; className?: string }) {
  const problem = problemOf(error);
  return (
    <div role="alert" className={cx('flex items-start gap-3 rounded-lg bg-bad-soft px-4 py-3 text-sm', className)}>
      <TriangleAlert size={16} className="mt-0.5 shrink-0 text-bad" aria-hidden="true" />
      <div className="min-w-0 flex-1">
        <p className="font-medium text-bad">{problem.title}</p>
        {problem.detail ? <p className="mt-0.5 break-words text-ink">{problem.detail}</p> : null}
        {problem.errors?.length ? (
          <ul className="mt-1 list-disc pl-4 text-ink-2">
            {problem.errors.slice(0, 8).map((item) => (
              <li key={`${item.pointer}${item.code}${item.detail}`}>
                {item.pointer ? <code className="font-mono text-xs">{item.pointer}</code> : null} {item.detail ?? item.code}
              </li>
            ))}
          </ul>
        ) : null}
        {problem.http_request_id ? (
          <p className="mt-1 text-xs text-ink-2">
            Request <code className="font-mono">{problem.http_request_id}</code>
          </p>
        ) : null}
      </div>
      {onRetry ? (
        <Button size="small" onClick={onRetry}>
          <RotateCw size={12} aria-hidden="true" /> Try again
        </Button>
      ) : null}
    </div>
  );
}

/** The place of something that is on its way. */
export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden="true" className={cx('skeleton block rounded bg-line', className)} />;
}

/** The place of a page's heading while its name is on its way; read out as what the page is about. */
export function HeadingSkeleton({ title }: { title: string }) {
  return (
    <>
      <span className="sr-only">{title}</span>
      <Skeleton className="my-1 h-6 w-52" />
    </>
  );
}

/** Rows of a table, or of anything listed, on their way. */
export function SkeletonRows({ rows = 6, label }: { rows?: number; label: string }) {
  return (
    <div role="status" aria-label={`Loading ${label}`} className="divide-y divide-line">
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: placeholders have no other identity
        <div key={row} className="flex h-10 items-center gap-6 px-4">
          <Skeleton className="h-3 w-28" />
          <Skeleton className="h-3 flex-1" />
          <Skeleton className="h-3 w-20" />
        </div>
      ))}
    </div>
  );
}
