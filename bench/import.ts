import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { argv, execPath, memoryUsage, stdout } from 'node:process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openDatabase } from '../src/app/database.ts';
import { scopeOfTenant } from '../src/billing/invoicing/service/run.ts';
import { createTenantWithAdmin } from '../src/foundation/identity/service/tenants.ts';
import { createTenantKeys } from '../src/foundation/receipts/service.ts';
import { createOrganization } from '../src/foundation/tenancy/service.ts';
import { assert } from '../src/kernel/assert.ts';
import { createSku } from '../src/offer/catalog/service.ts';
import { clock } from '../src/platform/clock.ts';
import { parseConfig } from '../src/platform/config.ts';
import type { Postgres } from '../src/platform/postgres.ts';
import { createLogger } from '../src/platform/telemetry.ts';
import { createIngest } from '../src/usage/metering/service/ingest.ts';
import type { UsageImportReport } from '../src/usage/meters/model.ts';
import { importFile } from '../src/usage/meters/service/imports.ts';
import { fileParts } from '../src/usage/meters/service/stored-file.ts';
import { dataFolder } from '../test/support/data-folder.ts';
import type { Figure } from './figure.ts';

const megabyte = 1024 * 1024;
/** Checked from end to end and refused for its last row, so that every row is read, planned and asked about, and none stored. */
const checked_bytes = 500 * megabyte;
/** Stored: what metering takes in bounds the rate, so less of it says as much. */
const stored_bytes = 60 * megabyte;

/**
 * Imports of large files, each in a process of its own: how far its resident memory goes above what it was before the import, and how fast a
 * file goes through, as a ratio to a bare pass over the same bytes that cuts them into lines and looks at each.
 */
export async function run(): Promise<Figure[]> {
  const folder = dataFolder();
  const database = await openDatabase(parseConfig({ TALLYSTICK_DATA_DIR: folder.path }, folder.path), createLogger('error'));
  try {
    const tenant_id = await prepare(database.postgres);
    const figures: Figure[] = [];
    for (const kind of ['csv', 'greenbutton'] as const) {
      for (const is_bad of [true, false]) {
        const bytes = is_bad ? checked_bytes : stored_bytes;
        const path = join(folder.path, `usage.${kind}`);
        await write(path, kind, { bytes, is_bad });
        const name = `import of ${bytes / megabyte} MB of ${kind}, checked${is_bad ? '' : ' and stored'}`;
        figures.push(
          await figure({ name, path, bytes, status: is_bad ? 'rejected' : 'completed' }, { tenant_id, data_dir: folder.path }),
        );
      }
    }
    return figures;
  } finally {
    await database.stop();
    folder.remove();
  }
}

async function prepare(postgres: Postgres): Promise<string> {
  const { tenant_id } = await createTenantWithAdmin(
    { postgres, clock },
    { name: 'Bench', slug: 'bench', currency: 'AUD' },
    (tx) => createTenantKeys(tx).then(() => undefined),
  );
  await postgres.transact(await scopeOfTenant({ postgres, clock }, tenant_id), async (tx) => {
    const org = { legal_name: 'C', org_slug: 'customer', billing_email: 'a@example.com', default_timezone: 'Australia/Sydney' };
    await createOrganization(tx, org);
    await createSku(tx, { sku: 'lead', type: 'action', unit: 'lead' });
  });
  return tenant_id;
}

interface Done {
  status: UsageImportReport['status'];
  accepted: number;
  seconds: number;
  extra_bytes: number;
}

async function figure(
  of: { name: string; path: string; bytes: number; status: UsageImportReport['status'] },
  where: { tenant_id: string; data_dir: string },
): Promise<Figure> {
  const bare_s = await timed(() => barePass(of.path));
  const args = [fileURLToPath(import.meta.url), where.data_dir, where.tenant_id, of.path];
  const told = await promisify(execFile)(execPath, args, { maxBuffer: megabyte });
  const done = JSON.parse(told.stdout) as Done;
  assert(done.status === of.status, `${of.name} ended as ${done.status}, not ${of.status}`);
  const rate = (of.bytes / megabyte / done.seconds).toFixed(1);
  const rows = done.accepted > 0 ? `, ${Math.round(done.accepted / done.seconds)} events/s` : '';
  return {
    name: `${of.name}: rate vs a bare pass over its lines`,
    ratio: bare_s / done.seconds,
    detail: `${rate} MB/s${rows}; ${Math.round(done.extra_bytes / megabyte)} MB of memory more than before (aim: 150)`,
  };
}

/** In a process of its own: one import, and what it took. */
async function importOne(data_dir: string, tenant_id: string, path: string): Promise<Done> {
  const config = parseConfig({ TALLYSTICK_DATA_DIR: data_dir }, data_dir);
  const database = await openDatabase(config, createLogger('error'), { share: true });
  const { postgres } = database;
  const ingest = createIngest(postgres, { queue_events: 100_000 });
  const scope = await scopeOfTenant({ postgres, clock }, tenant_id);
  const before = memoryUsage.rss();
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, memoryUsage.rss());
  }, 50);
  let report: UsageImportReport | null = null;
  const seconds = await timed(async () => {
    const source = { content: fileParts(path), filename: 'bench', request: { org: 'customer' } };
    report = await importFile({ postgres, clock, ingest, data_dir }, scope, source);
  });
  clearInterval(watch);
  await ingest.close();
  await database.stop();
  const { status, totals } = report as unknown as UsageImportReport;
  return { status, accepted: totals.accepted, seconds, extra_bytes: peak - before };
}

/** Reads bytes, cuts lines, and looks at each: what no importer can be faster than. */
async function barePass(path: string): Promise<number> {
  let [lines, length, rest] = [0, 0, ''];
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024, encoding: 'utf8' })) {
    const whole = (rest + chunk).split('\n');
    rest = whole.pop() ?? '';
    lines += whole.length;
    for (const line of whole) length += line.length;
  }
  return lines + length;
}

async function write(path: string, kind: 'csv' | 'greenbutton', of: { bytes: number; is_bad: boolean }): Promise<void> {
  await pipeline(Readable.from(kind === 'csv' ? csvParts(of) : greenButtonParts(of)), createWriteStream(path));
}

/** 2010-01-01T00:00:00Z. */
const start_s = 1_262_304_000;

function* csvParts({ bytes, is_bad }: { bytes: number; is_bad: boolean }): Generator<string> {
  yield 'request_id,sku,quantity,time,properties.region,properties.channel\n';
  const run_id = is_bad ? 'checked' : 'stored';
  for (let [row, written] = [0, 0]; written < bytes; ) {
    let part = '';
    for (let at = 0; at < 1000; at += 1, row += 1) {
      const day = String((row % 28) + 1).padStart(2, '0');
      part += `${run_id}-${(row * 2_654_435_761).toString(16).padStart(14, '0')}-${row},lead,${row % 97}.25,2025-03-${day}T10:00:00Z,north-west,partner-portal\n`;
    }
    written += part.length;
    yield part;
  }
  if (is_bad) yield 'bad,lead,many,2025-03-01T10:00:00Z,,\n';
}

function* greenButtonParts({ bytes, is_bad }: { bytes: number; is_bad: boolean }): Generator<string> {
  const point = is_bad ? '11111111-1111-4111-8111-111111111111' : '22222222-2222-4222-8222-222222222222';
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">
<entry><id>urn:uuid:${point}</id><link rel="self" href="U/1"/><link rel="related" href="U/1/MeterReading"/><content>
<UsagePoint xmlns="http://naesb.org/espi"><ServiceCategory><kind>0</kind></ServiceCategory></UsagePoint></content></entry>
<entry><id>m</id><link rel="self" href="U/1/MeterReading/1"/><link rel="up" href="U/1/MeterReading"/><link rel="related" href="T/1"/><content>
<MeterReading xmlns="http://naesb.org/espi"/></content></entry>
<entry><id>t</id><link rel="self" href="T/1"/><content><ReadingType xmlns="http://naesb.org/espi"><flowDirection>1</flowDirection><powerOfTenMultiplier>0</powerOfTenMultiplier><uom>72</uom></ReadingType></content></entry>\n`;
  for (let [row, written, block] = [0, 0, 0]; written < bytes; block += 1) {
    let part = `<entry><id>b${block}</id><link rel="self" href="U/1/MeterReading/1/IntervalBlock/${block}"/><content>\n<IntervalBlock xmlns="http://naesb.org/espi">\n`;
    for (let at = 0; at < 1000; at += 1, row += 1) {
      part += `        <IntervalReading>\n          <timePeriod>\n            <duration>60</duration>\n            <start>${start_s + row * 60}</start>\n          </timePeriod>\n          <value>${row % 2000}</value>\n        </IntervalReading>\n`;
    }
    part += '</IntervalBlock></content></entry>\n';
    written += part.length;
    yield part;
  }
  yield is_bad ? '' : '</feed>\n';
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1000;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const [data_dir = '', tenant_id = '', path = ''] = argv.slice(2);
  stdout.write(JSON.stringify(await importOne(data_dir, tenant_id, path)));
}
