import { enqueue, type JobDefinition } from '../../platform/jobs.ts';
import { meteringCorrections } from './service/corrections.ts';
import { findAllGaps, gap_job } from './service/gaps.ts';
import type { ImportDeps } from './service/import-progress.ts';
import { import_job } from './service/imports.ts';
import { runImport, tenantNow } from './service/run-import.ts';
import { sweepFiles } from './service/stored-file.ts';
import { reportSupply, supply_job } from './service/supply.ts';
import { tell_job, tellUsage } from './service/tell-usage.ts';

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
      name: tell_job,
      async run({ tenant_id = '', meter_id = '' }, { postgres, clock }) {
        const usage = { ...deps, postgres, corrections: meteringCorrections({ ...deps, postgres }) };
        await tellUsage(usage, tenant_id, await tenantNow({ postgres, clock }, tenant_id), meter_id);
      },
    },
    {
      name: gap_job,
      cron: '23 3 * * *',
      run: (_payload, { postgres, clock, signal }) => findAllGaps({ postgres, clock }, signal),
    },
    {
      // Often, so that a month's last day is there before the month is billed.
      name: supply_job,
      cron: '7 * * * *',
      run: (_payload, { postgres, clock, signal }) => reportSupply({ ...deps, postgres, clock }, signal),
    },
    {
      name: 'meters.sweep_files',
      cron: '17 4 * * *',
      run: (_payload, { clock }) => sweepFiles(deps.data_dir, clock.now()),
    },
  ];
}
