import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll } from 'vitest';
import { createOrganization } from '../../src/foundation/tenancy/service.ts';
import { createSku } from '../../src/offer/catalog/service.ts';
import { createIngest } from '../../src/usage/metering/service/ingest.ts';
import type { UsageImportReport } from '../../src/usage/meters/model.ts';
import type { ImportDeps } from '../../src/usage/meters/service/import-progress.ts';
import { type ImportRequest, importFile } from '../../src/usage/meters/service/imports.ts';
import { testDatabase } from './database.ts';

export interface Place {
  org: string;
  org_id: string;
  nmi: string;
}

/** What tests of imports need: a database with three SKUs, a data folder of their own, and places that no other test has used. */
export async function testImports() {
  const t = await testDatabase();
  const data_dir = mkdtempSync(join(tmpdir(), 'tallystick-imports-'));
  const ingest = createIngest(t.postgres, { queue_events: 100_000 });
  const deps: ImportDeps = { postgres: t.postgres, clock: { now: () => t.scope().now }, ingest, data_dir };
  afterAll(async () => {
    await ingest.close();
    rmSync(data_dir, { recursive: true });
  });
  await t.transact(async (tx) => {
    await createSku(tx, { sku: 'lead', type: 'action', unit: 'lead' });
    await createSku(tx, { sku: 'visit', type: 'action', unit: 'visit', aggregation: 'count' });
    await createSku(tx, { sku: 'water', type: 'energy', unit: 'm3' });
  });
  let number = 0;
  return {
    t,
    data_dir,
    ingest,
    deps,
    /** An organization, and the name of a meter that nobody knows yet: request ids are for ever. */
    async newPlace(): Promise<Place> {
      number += 1;
      const org = `org-${number}`;
      const default_timezone = 'Australia/Brisbane';
      const { org_id } = await t.transact((tx) =>
        createOrganization(tx, { legal_name: org, org_slug: org, billing_email: 'a@example.com', default_timezone }),
      );
      return { org, org_id, nmi: `NMI${String(number).padStart(7, '0')}` };
    },
    importText(content: string | Uint8Array, request: ImportRequest, over: Partial<ImportDeps> = {}): Promise<UsageImportReport> {
      const source = { content: Readable.from([Buffer.from(content)]), filename: 'usage.csv', request };
      return importFile({ ...deps, ...over }, t.scope(), source);
    },
    /** What metering holds of an organization. */
    async stored(org_id: string, where = ''): Promise<{ count: number; sum: string; first: string; last: string }> {
      const [row] = await t.superuser<{ count: number; sum: string; first: string; last: string }>(
        `SELECT count(*)::int AS count, trim_scale(coalesce(sum(quantity), 0))::text AS sum, min(event_time) AS first, max(event_time) AS last
           FROM metering_event WHERE org_id = $1 ${where}`,
        [org_id],
      );
      return row!;
    },
  };
}

/** `<line> <code>` of each error. */
export function errorsOf(report: Pick<UsageImportReport, 'errors'>): string[] {
  return report.errors.map((one) => `${one.line} ${one.code}`);
}
