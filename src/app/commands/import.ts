import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { scopeOfTenant } from '../../billing/invoicing/service/run.ts';
import { clock } from '../../platform/clock.ts';
import { readConfig } from '../../platform/config.ts';
import { createIngest } from '../../usage/metering/service/ingest.ts';
import { importFormats, type UsageImportReport } from '../../usage/meters/model.ts';
import { importFile } from '../../usage/meters/service/imports.ts';
import { fileParts } from '../../usage/meters/service/stored-file.ts';
import { type Command, print, UsageError } from './command.ts';
import { requireTenantId } from './tenant-option.ts';
import { withDatabase } from './with-database.ts';

export const importCommand: Command = {
  help: `tallystick import <file> --org SLUG [--format auto|csv|nem12|nem13|greenbutton|mscons] [--on-error reject|keep_good] [--sku SKU] [--mapping NAME] [--tenant SLUG] [--json]

Brings a file of usage in: a CSV of usage events, or a meter file (NEM12, NEM13, Green Button XML, MSCONS, or any
CSV by a mapping that was saved under a name). By default nothing is imported when a row is bad;
with --on-error keep_good the good rows are. The same file again changes nothing. Exits 0 when every row was taken.`,
  async run(argv) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        org: { type: 'string' },
        format: { type: 'string', default: 'auto' },
        'on-error': { type: 'string', default: 'reject' },
        sku: { type: 'string' },
        mapping: { type: 'string' },
        tenant: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new UsageError('Name one file.');
    if (!existsSync(file)) throw new UsageError(`There is no file ${file}.`);
    const format = oneOf('--format', values.format, ['auto', ...importFormats] as const);
    const on_error = oneOf('--on-error', values['on-error'], ['reject', 'keep_good'] as const);
    const config = readConfig();
    return withDatabase(async ({ postgres }) => {
      const tenant_id = await requireTenantId(postgres, values.tenant);
      const scope = await scopeOfTenant({ postgres, clock }, tenant_id);
      const ingest = createIngest(postgres, {
        queue_events: config.ingest_queue_events,
        generation_events: config.generation_events,
      });
      try {
        const report = await importFile(
          { postgres, clock, ingest, data_dir: config.data_dir, max_bytes: config.import_max_bytes },
          scope,
          {
            content: fileParts(file),
            filename: basename(file),
            request: { org: values.org, format, on_error, sku: values.sku, mapping: values.mapping },
          },
        );
        print(values.json, report, lines(report));
        return report.status === 'completed' && report.totals.rejected === 0 ? 0 : 1;
      } finally {
        await ingest.close();
      }
    });
  },
};

function lines(report: UsageImportReport): string[] {
  const { accepted, duplicates, rejected } = report.totals;
  return [
    `import     ${report.import_id} ${report.status} (${report.format ?? 'unknown format'})`,
    `usage      ${accepted} accepted, ${duplicates} known already, ${rejected} rejected`,
    ...report.notes.map((note) => `note       line ${note.line}: ${note.detail}`),
    ...report.errors.map((error) => `error      line ${error.line}: ${error.code}: ${error.detail}`),
  ];
}

function oneOf<const Choice extends string>(option: string, value: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new UsageError(`${option} is one of ${choices.join(', ')}.`);
  return found;
}
