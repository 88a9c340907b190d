import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { scopeOfTenant } from '../../billing/invoicing/service/run.ts';
import { clock } from '../../platform/clock.ts';
import { readConfig } from '../../platform/config.ts';
import type { Replay } from '../../usage/metering/model/replays.ts';
import { createIngest } from '../../usage/metering/service/ingest.ts';
import { recordFileReplay, replayFile } from '../../usage/metering/service/replays.ts';
import { print, UsageError } from './command.ts';
import { requireTenantId } from './tenant-option.ts';
import { withDatabase } from './with-database.ts';

/** Brings usage events back through ingest, from a file. Exits 0 when every row was taken or known. */
export async function replayUsage(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { tenant: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError('Name one file.');
  if (!existsSync(file)) throw new UsageError(`There is no file ${file}.`);
  return withDatabase(async ({ postgres }) => {
    const tenant_id = await requireTenantId(postgres, values.tenant);
    const scope = await scopeOfTenant({ postgres, clock }, tenant_id);
    const ingest = createIngest(postgres, { queue_events: readConfig().ingest_queue_events });
    try {
      const digest = createHash('sha256');
      const outcome = await replayFile({ postgres, ingest }, scope, hashed(createReadStream(file), digest), null);
      const sha256 = digest.digest();
      const replay = await postgres.transact(scope, (tx) => recordFileReplay(tx, sha256, outcome));
      print(values.json, replay, lines(replay));
      return replay.rejected === 0 ? 0 : 1;
    } finally {
      await ingest.close();
    }
  });
}

async function* hashed(content: AsyncIterable<Buffer>, digest: { update(chunk: Buffer): unknown }): AsyncGenerator<Buffer> {
  for await (const chunk of content) {
    digest.update(chunk);
    yield chunk;
  }
}

function lines({ replay_id, accepted, duplicates, rejected, rejections }: Replay): string[] {
  return [
    `replay     ${replay_id}`,
    `usage      ${accepted} accepted, ${duplicates} known already, ${rejected} rejected`,
    ...rejections.map(({ line, code, detail }) => `error      line ${line}: ${code}: ${detail}`),
  ];
}
