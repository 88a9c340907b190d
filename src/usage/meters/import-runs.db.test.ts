import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import { errorsOf, type Place, testImports } from '../../../test/support/imports.ts';
import type { Ingest } from '../metering/model.ts';
import type { ImportDeps } from './service/import-progress.ts';
import { type ImportRequest, importFile, importOptions, startImport } from './service/imports.ts';
import { runImport } from './service/run-import.ts';
import { storeFile } from './service/stored-file.ts';

const { t, data_dir, ingest, deps, newPlace, importText, stored } = await testImports();
let { org, org_id }: Place = { org: '', org_id: '', nmi: '' };
beforeEach(async () => {
  ({ org, org_id } = await newPlace());
});
const run = (content: string | Uint8Array, request: ImportRequest = { org }, over?: Partial<ImportDeps>) =>
  importText(content, request, over);

const header = 'request_id,sku,quantity,time';
const row = (id: string, quantity = '1', time = '2023-03-01T00:00:00Z') => `${org}-${id},lead,${quantity},${time}`;

describe('an import', () => {
  const rows = (count: number) => [header, ...Array.from({ length: count }, (_, index) => row(`r${index}`))].join('\n');

  async function queued(content: string, request: ImportRequest): Promise<string> {
    const import_id = crypto.randomUUID();
    const file = await storeFile(data_dir, import_id, Readable.from([Buffer.from(content)]));
    const options = await t.read((db) => importOptions(db, request, null));
    await t.transact((tx) => startImport(tx, { import_id, filename: 'usage.csv', file, options }));
    return import_id;
  }
  const statusOf = async (import_id: string) =>
    (
      await t.superuser(
        'SELECT status, accepted::int, duplicates::int, rejected::int, items_done::int FROM usage_import WHERE import_id = $1',
        [import_id],
      )
    )[0];

  it('that is killed between batches goes on where it was, and counts nothing twice', async () => {
    const import_id = await queued(rows(12_000), { org, on_error: 'keep_good' });
    let calls = 0;
    const failing: Pick<Ingest, 'ingestEvents'> = {
      ingestEvents: async (...call) => {
        calls += 1;
        if (calls === 2) throw new Error('killed');
        return ingest.ingestEvents(...call);
      },
    };
    await expect(runImport({ ...deps, ingest: failing }, t.tenant_id, import_id)).rejects.toThrow('killed');
    expect(await statusOf(import_id)).toMatchObject({ status: 'running', accepted: 1000, items_done: 1000 });
    expect(await runImport(deps, t.tenant_id, import_id)).toBe('busy');
    await t.superuser("UPDATE usage_import SET leased_at = leased_at - interval '2 minutes' WHERE import_id = $1", [import_id]);
    expect(await runImport(deps, t.tenant_id, import_id)).toBe('completed');
    // The third thousand was on its way when the second failed: that it was stored nobody had put on record.
    expect(await statusOf(import_id)).toMatchObject({ accepted: 11_000, duplicates: 1000, rejected: 0 });
    expect(await runImport(deps, t.tenant_id, import_id)).toBe('completed');
    expect(await stored(org_id)).toMatchObject({ count: 12_000, sum: '12000' });
  });

  it('that is asked to stop keeps its place for the next', async () => {
    const import_id = await queued(rows(10), { org });
    expect(await runImport(deps, t.tenant_id, import_id, AbortSignal.abort())).toBe('interrupted');
    expect(await runImport(deps, t.tenant_id, import_id)).toBe('completed');
    expect((await stored(org_id)).count).toBe(10);
  });

  it('whose file is gone fails and says so', async () => {
    const import_id = await queued(rows(3), { org });
    rmSync(join(data_dir, 'imports', import_id));
    expect(await runImport(deps, t.tenant_id, import_id)).toBe('failed');
    const findings = await t.superuser('SELECT code FROM usage_import_error WHERE import_id = $1', [import_id]);
    expect(findings).toEqual([{ code: 'file_missing' }]);
  });

  it('of a file that is on the queue already is that one, and is finished by whoever comes first', async () => {
    const content = rows(4);
    const first = await queued(content, { org });
    const second = await run(content);
    expect(second).toMatchObject({ import_id: first, status: 'completed', totals: { accepted: 4, duplicates: 0 } });
  });

  it('for whoever may act for one organization alone takes no row of another', async () => {
    const other = await newPlace();
    const content = `${header},org\n${row('a')},\n${row('b')},${other.org}\n`;
    const ask = (request: ImportRequest) =>
      importFile(deps, t.scope(), {
        content: Readable.from([Buffer.from(content)]),
        filename: 'f.csv',
        request,
        org_ids: [org_id],
      });
    expect(errorsOf(await ask({ org }))).toEqual(['3 org_unknown']);
    await expect(ask({ org: other.org })).rejects.toMatchObject({ code: 'import_field_invalid' });
    await expect(ask({})).rejects.toMatchObject({ code: 'import_field_invalid' });
  });

  it('is on record with who asked for it, and told to whoever follows', async () => {
    const report = await run(rows(2));
    const entries = await t.superuser('SELECT action FROM audit_log WHERE target_id = $1', [report.import_id]);
    expect(entries.map((one) => one.action).sort()).toEqual(['import.completed', 'import.started']);
    const told = await t.superuser('SELECT type FROM billing_events WHERE aggregate_id = $1', [report.import_id]);
    expect(told).toEqual([{ type: 'import.completed' }]);
  });

  it('of another tenant is unknown', async () => {
    const import_id = await queued(rows(2), { org });
    expect(await runImport(deps, t.other_tenant_id, import_id)).toBe('unknown');
  });
});
