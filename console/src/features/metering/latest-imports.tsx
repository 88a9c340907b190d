import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { imports } from '../../api/metering.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Card } from '../../ui/page.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../../ui/state.tsx';
import { ImportLine } from './import-line.tsx';

export function LatestImports() {
  const list = useQuery(imports(6));
  return (
    <Card
      flush
      title="Latest imports"
      actions={
        <Link to="/imports" search={{}} className="rounded-sm text-xs text-ink-3 hover:text-ink">
          All imports
        </Link>
      }
    >
      {list.error ? (
        <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
      ) : list.isPending ? (
        <SkeletonRows label="imports" />
      ) : list.data.data.length === 0 ? (
        <Empty
          title="No file has been imported"
          action={
            <Link to="/imports" search={{}} className={buttonClass()}>
              Import a file
            </Link>
          }
        >
          Usage also arrives over the API, without files.
        </Empty>
      ) : (
        <ul className="divide-y divide-line border-t border-line">
          {list.data.data.slice(0, 6).map((job) => (
            <li key={job.import_id}>
              <ImportLine job={job} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
