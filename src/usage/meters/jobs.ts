import { enqueue, type JobDefinition } from '../../platform/jobs.ts';
import type { ImportDeps } from './service/import-progress.ts';
import { import_job } from './service/imports.ts';
import { reading_job, readingById, sendReading } from './service/readings.ts';
import { runImport, tenantNow } from './service/run-import.ts';
import { sweepFiles } from './service/stored-file.ts';

/** What runs beside requests: imports, the usage of readings, and the removal of files that nobody fetched. */
export function jobs(deps: Pick<ImportDeps, 'ingest' | 'data_dir'>): JobDefinition[] {
  return [
    {
      name: import_job,
      async run({ tenant_id = '', import_id = '' }, { postgres, clock, signal }) {
        const result = await runImport({ ...deps, postgres, clock }, tenant_id, import_id, signal);
        if (result === 'busy') throw new Error(`import ${import_id} is being worked on; it is looked at again later`);
        if (result !== 'interrupted') return;
        const scope = { tenant_id, now: clock.now(), actor: { kind: 'system', id: import_job } } as const;
        await postgres.transact(scope, (tx) => enqueue(tx, import_job, { import_id }));
      },
    },
    {
      name: reading_job,
      async run({ tenant_id = '', reading_id = '' }, { postgres, clock }) {
        const now = await tenantNow({ postgres, clock }, tenant_id);
        const reading = await postgres.read({ tenant_id, now }, (db) => readingById(db, reading_id));
        if (reading) await sendReading(deps.ingest, tenant_id, now, reading);
      },
    },
    {
      name: 'meters.sweep_files',
      cron: '17 4 * * *',
      run: (_payload, { clock }) => sweepFiles(deps.data_dir, clock.now()),
    },
  ];
}
