import { Link } from '@tanstack/react-router';
import type { ImportJob } from '../../api/types.ts';
import { StatusBadge } from '../../ui/badge.tsx';
import { formatAgo } from '../../ui/dates.ts';
import { formatCount } from '../../ui/format.ts';

/** An import in one line: its file, what came of it, when. */
export function ImportLine({ job }: { job: ImportJob }) {
  return (
    <Link
      to="/imports"
      search={{ import_id: job.import_id }}
      className="flex h-[45px] items-center gap-3 px-4 hover:bg-sunken focus-visible:-outline-offset-2"
    >
      <span className="min-w-0 flex-1">
        <span className="block truncate font-medium">{job.filename}</span>
        <span className="tabular block truncate text-2xs text-ink-3">
          {formatAgo(job.created_at)} · {formatCount(job.totals.accepted)} accepted
          {job.totals.rejected > 0 ? ` · ${formatCount(job.totals.rejected)} rejected` : ''}
        </span>
      </span>
      <StatusBadge status={job.status} />
    </Link>
  );
}
