import { useNavigate, useSearch } from '@tanstack/react-router';
import { ImportForm } from '../features/metering/import-form.tsx';
import { ImportHistory } from '../features/metering/import-history.tsx';
import { ImportResult } from '../features/metering/import-result.tsx';
import { useMay } from '../features/session/may.ts';
import { Page } from '../ui/page.tsx';

/** Brings a file of usage in, shows how far it got, and names what was wrong with it by line. */
export function ImportsPage() {
  const { import_id } = useSearch({ from: '/signed/imports' });
  const navigate = useNavigate({ from: '/imports' });
  const may_import = useMay('usage:write');
  return (
    <Page title="Import usage" lead="CSV and meter files. The same file again changes nothing.">
      <div className="flex flex-col gap-4">
        <div className={import_id && may_import ? 'grid items-start gap-4 lg:grid-cols-[minmax(0,1.4fr)_minmax(0,1fr)]' : ''}>
          {may_import ? <ImportForm onStarted={(job) => navigate({ search: { import_id: job.import_id } })} /> : null}
          {import_id ? <ImportResult key={import_id} import_id={import_id} /> : null}
        </div>
        <ImportHistory />
      </div>
    </Page>
  );
}
