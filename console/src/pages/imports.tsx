import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { imports } from '../api/metering.ts';
import { ImportForm } from '../features/metering/import-form.tsx';
import { ImportLine } from '../features/metering/import-line.tsx';
import { ImportResult } from '../features/metering/import-result.tsx';
import { useMay } from '../features/session/may.ts';
import { Card, Page } from '../ui/page.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../ui/state.tsx';

/** Brings a file of usage in, shows how far it got, and names what was wrong with it by line. */
export function ImportsPage() {
  const { import_id } = useSearch({ from: '/signed/imports' });
  const navigate = useNavigate({ from: '/imports' });
  const may_import = useMay('usage:write');
  const history = useQuery(imports(50));
  return (
    <Page title="Import usage" lead="CSV and NEM12 meter files. The same file again changes nothing.">
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1.5fr)_minmax(0,1fr)]">
        <div className="flex min-w-0 flex-col gap-4">
          {may_import ? <ImportForm onStarted={(job) => navigate({ search: { import_id: job.import_id } })} /> : null}
          {import_id ? <ImportResult key={import_id} import_id={import_id} /> : null}
        </div>
        <Card flush title="History">
          {history.error ? (
            <ProblemBox error={history.error} onRetry={history.refetch} className="m-4" />
          ) : history.isPending ? (
            <SkeletonRows label="imports" />
          ) : history.data.data.length === 0 ? (
            <Empty title="No file has been imported">Drop the first one here.</Empty>
          ) : (
            <ul className="max-h-[38rem] divide-y divide-line overflow-y-auto border-t border-line">
              {history.data.data.map((job) => (
                <li key={job.import_id}>
                  <ImportLine job={job} />
                </li>
              ))}
            </ul>
          )}
        </Card>
      </div>
    </Page>
  );
}
