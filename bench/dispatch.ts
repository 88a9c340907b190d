import { randomUUID } from 'node:crypto';
import { jetstream } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import pg from 'pg';
import { openDatabase } from '../src/app/database.ts';
import { openBus } from '../src/foundation/events/adapters/bus.ts';
import type { Envelope } from '../src/foundation/events/model.ts';
import { createDispatcher } from '../src/foundation/events/service/dispatch.ts';
import { emitMany } from '../src/foundation/events/service.ts';
import { parseConfig } from '../src/platform/config.ts';
import { createPostgres, type Postgres } from '../src/platform/postgres.ts';
import { createLogger } from '../src/platform/telemetry.ts';
import { loginOf } from '../test/chaos/login.ts';
import { dataFolder } from '../test/support/data-folder.ts';
import { type NatsServer, startNats } from '../test/support/nats.ts';
import type { Figure } from './figure.ts';

const rounds = 7;
const events_per_round = 20_000;
/** As the dispatcher has it: so many batches of so many are on their way at once. */
const batch = 1024;
const batches_at_once = 3;
const aggregates = 2000;

/**
 * From the outbox to JetStream (claimed, published, marked in PostgreSQL with fsync on) against bare publishing of ready-made bodies with the
 * official client, and our publisher alone against the same: the same server, stream, message ids, acknowledgements and messages on their way
 * at once. Interleaved rounds, medians of their ratios.
 */
export async function run(): Promise<Figure[]> {
  const folder = dataFolder();
  const database = await openDatabase(parseConfig({ TALLYSTICK_DATA_DIR: folder.path }, folder.path), createLogger('silent'));
  const admin = new pg.Pool({ ...database.admin, max: 2, options: '-c search_path=tally,public' });
  admin.on('error', () => undefined);
  const postgres = createPostgres({ connection: { ...database.admin, ...(await loginOf(folder.path)) } });
  const server = await startNats();
  const bus = await openBus(server.target, createLogger('silent'));
  const bare = await bareClient(server);
  try {
    const tenant_id = await addTenant(admin);
    const seen = { bare: [] as number[], publisher: [] as number[], dispatch: [] as number[] };
    for (let round = -1; round < rounds; round += 1) {
      await emitEvents(postgres, tenant_id);
      await admin.query('CHECKPOINT');
      const dispatcher = createDispatcher({ postgres, publisher: bus.publisher, log: createLogger('fatal') });
      const rates = {
        bare: await bare.rate(),
        publisher: await perSecond(envelopes(), async (some) => {
          const failed = (await bus.publisher.publish(some)).find((answer) => answer !== null);
          if (failed) throw failed;
        }),
        dispatch: await timed(() => dispatcher.drain()),
      };
      await dispatcher.stop();
      await requireAllPublished(admin);
      // The first round warms up all of them.
      if (round < 0) continue;
      for (const side of ['bare', 'publisher', 'dispatch'] as const) seen[side].push(rates[side]);
    }
    const versus = (name: string, side: 'publisher' | 'dispatch'): Figure => ({
      name,
      ratio: median(seen[side].map((rate, at) => rate / seen.bare[at]!)),
      detail: `${Math.round(median(seen[side]))} / ${Math.round(median(seen.bare))} events/s`,
    });
    return [
      versus('dispatch from the outbox to JetStream vs bare publishing', 'dispatch'),
      versus('our publisher to JetStream vs bare publishing', 'publisher'),
    ];
  } finally {
    await bare.close();
    await bus.publisher.close();
    await server.close();
    await postgres.close();
    await admin.end();
    await database.stop();
    folder.remove();
  }
}

async function bareClient({ target }: NatsServer) {
  const connection = await connect({ servers: [...target.servers], noAsyncTraces: true });
  const client = jetstream(connection);
  return {
    rate() {
      const ready = envelopes().map((envelope) => ({
        subject: `tallystick.events.${envelope.tenantid}.${envelope.type}`,
        id: envelope.id,
        body: Buffer.from(JSON.stringify(envelope)),
      }));
      return perSecond(ready, async (some) => {
        await Promise.all(
          some.map(({ subject, id, body }) => {
            const named = headers();
            named.set('content-type', 'application/cloudevents+json; charset=UTF-8');
            return client.publish(subject, body, { msgID: id, headers: named });
          }),
        );
      });
    },
    close: () => connection.close(),
  };
}

const data = (n: number) => ({
  invoice_id: randomUUID(),
  total_minor: `${n * 100}`,
  currency: 'AUD',
  period: { from: '2026-02-01', to: '2026-03-01' },
});

function envelopes(): Envelope[] {
  const tenant = randomUUID();
  return Array.from({ length: events_per_round }, (_, n) => ({
    specversion: '1.0',
    id: randomUUID(),
    source: `/tallystick/tenants/${tenant}`,
    type: 'invoice.generated',
    subject: `invoice/${n % aggregates}`,
    time: '2026-03-01T00:00:00.000000Z',
    recordedtime: '2026-03-01T00:00:01.000000Z',
    datacontenttype: 'application/json',
    tenantid: tenant,
    correlationid: randomUUID(),
    dataversion: 1,
    data: data(n),
  }));
}

/** Items a second, in batches as the dispatcher makes them. */
async function perSecond<Item>(items: readonly Item[], work: (some: readonly Item[]) => Promise<void>): Promise<number> {
  let at = 0;
  const lane = async () => {
    while (at < items.length) {
      const some = items.slice(at, at + batch);
      at += batch;
      await work(some);
    }
  };
  return await timed(() => Promise.all(Array.from({ length: batches_at_once }, lane)));
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return events_per_round / ((performance.now() - began) / 1000);
}

async function addTenant(admin: pg.Pool): Promise<string> {
  const tenant_id = randomUUID();
  await admin.query("INSERT INTO tenant (tenant_id, name, slug, mode, created_at) VALUES ($1, 'bench', 'bench', 'test', now())", [
    tenant_id,
  ]);
  return tenant_id;
}

async function emitEvents(postgres: Postgres, tenant_id: string): Promise<void> {
  const scope = {
    tenant_id,
    now: Temporal.Instant.from('2026-03-01T00:00:00Z'),
    actor: { kind: 'system' as const, id: 'bench' },
  };
  for (let from = 0; from < events_per_round; from += 1000) {
    const emissions = Array.from({ length: 1000 }, (_, at) => ({
      type: 'invoice.generated',
      aggregate_type: 'invoice',
      aggregate_id: `${(from + at) % aggregates}`,
      data: data(from + at),
    }));
    await postgres.transact(scope, (tx) => emitMany(tx, emissions));
  }
}

async function requireAllPublished(admin: pg.Pool): Promise<void> {
  const { rows } = await admin.query<{ left: number }>(
    "SELECT count(*)::int AS left FROM billing_events WHERE status <> 'published'",
  );
  if (rows[0]!.left > 0) throw new Error(`${rows[0]!.left} events were not published`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
