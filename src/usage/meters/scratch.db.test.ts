import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { createOrganization } from '../../foundation/tenancy/service.ts';
import { createSku } from '../../offer/catalog/service.ts';
import { createIngest } from '../metering/service/ingest.ts';
import { importFile } from './service/imports.ts';

const t = await testDatabase();
it('big', { timeout: 3_000_000 }, async () => {
  const data_dir = mkdtempSync(join(tmpdir(), 'scratch-'));
  const ingest = createIngest(t.postgres, { queue_events: 100_000 });
  await t.transact((tx) => createOrganization(tx, { legal_name: 'a', org_slug: 'acme', billing_email: 'a@example.com', default_timezone: 'UTC' }));
  await t.transact((tx) => createSku(tx, { sku: 'lead', type: 'action', unit: 'lead' }));
  const deps = { postgres: t.postgres, clock: { now: () => t.scope().now }, ingest, data_dir };
  let peak = 0;
  const timer = setInterval(() => { peak = Math.max(peak, process.memoryUsage().rss); }, 50);
  const measure = async (name: string, content: Readable, request: object) => {
    global.gc?.(); peak = 0; const before = process.memoryUsage().rss; const start = performance.now();
    const report = await importFile(deps, t.scope(), { content, filename: 'big', request });
    console.log(name, report.status, JSON.stringify(report.totals), report.error_count, report.bytes, 'ms', Math.round(performance.now() - start), 'rss MB', Math.round(before / 1e6), '→', Math.round(peak / 1e6));
  };
  function* csv(rows: number, bad: boolean) {
    yield Buffer.from('request_id,sku,quantity,time\n');
    for (let i = 0; i < rows; i += 1000) yield Buffer.from(Array.from({ length: 1000 }, (_, j) => `request-${i + j}-abcdefghijklmnopqrstuvwxyz,lead,${bad && j === 7 ? 'x' : '1.5'},2025-03-01T00:00:00Z\n`).join(''));
  }
  await measure('csv 200k reject', Readable.from(csv(200_000, false)), { org: 'acme' });
  await measure('csv 3M bad (check only)', Readable.from(csv(Number.parseInt(process.env.BIG ?? '600000', 10), true)), { org: 'acme' });
  clearInterval(timer); await ingest.close(); rmSync(data_dir, { recursive: true });
});
