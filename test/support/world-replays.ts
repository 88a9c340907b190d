import { executeVerification } from '../../src/desk/reconciliation/service/verifications.ts';
import { clock } from '../../src/platform/clock.ts';
import type { Sample } from './sample.ts';
import type { Answer, TestServer } from './server.ts';

interface Maker {
  /** As a world's admin; throws unless it was made. */
  made(path: string, body: unknown): Promise<Answer['body']>;
  call(method: string, path: string): Promise<Answer>;
  s: TestServer;
  tenant_id: string;
}

/** A replay that waits, one that rests, a dry run, and a verification. */
export async function populateReplays({ made, call, s, tenant_id }: Maker, ids: Record<string, string>): Promise<void> {
  const selection = { types: ['invoice.generated'] };
  ids.event_replay = (await made('/v1/replays', { selection, rate_per_second: 1 })).replay_id;
  ids.paused_replay = (await made('/v1/replays', { selection, rate_per_second: 1 })).replay_id;
  await made(`/v1/replays/${ids.paused_replay}:pause`, undefined);
  ids.dry_replay = (await made('/v1/replays', { selection, dry_run: true })).replay_id;
  ids.event = (await call('GET', '/v1/events?type=invoice.generated&limit=1')).body.data[0].event_id;
  ids.verification = (await made('/v1/replays/verifications', { org_id: ids.org })).verification_id;
  await verifyWithDifference(s, { tenant_id, verification_id: ids.verification!, line_id: ids.org_line! });
}

/** Brings a verification to its end while a charge is not what it was, which is then put back. */
async function verifyWithDifference(
  { t }: TestServer,
  { line_id, ...named }: { tenant_id: string; verification_id: string; line_id: string },
): Promise<void> {
  const past = (change: string) =>
    t.superuser(`ALTER TABLE charge DISABLE TRIGGER ALL; UPDATE charge SET amount_minor = amount_minor ${change}
      WHERE charge_id = (SELECT charge_id FROM invoice_line WHERE line_id = '${line_id}'); ALTER TABLE charge ENABLE TRIGGER ALL`);
  await past('+ 1');
  const done = await executeVerification({ postgres: t.postgres, clock }, named);
  await past('- 1');
  if (done.differences !== 1) throw new Error(`${done.differences} differences where there is one`);
}

/** A request for each of their operations. */
export function replaySamples(ids: Readonly<Record<string, string>>): Record<string, Sample> {
  return {
    'POST /v1/replays': {
      url: '/v1/replays',
      body: { selection: { org_id: ids.org, event_ids: [ids.event] }, reason: 'A reason', rate_per_second: 1 },
    },
    'GET /v1/replays': { url: '/v1/replays' },
    'GET /v1/replays/{id}': { url: `/v1/replays/${ids.dry_replay}` },
    'POST /v1/replays/{id}:pause': { url: `/v1/replays/${ids.event_replay}:pause` },
    'POST /v1/replays/{id}:resume': { url: `/v1/replays/${ids.paused_replay}:resume` },
    'POST /v1/replays/{id}:cancel': { url: `/v1/replays/${ids.event_replay}:cancel` },
    'POST /v1/replays/verifications': { url: '/v1/replays/verifications', body: { org_id: ids.org, from: '2025-01-01' } },
    'GET /v1/replays/verifications': { url: '/v1/replays/verifications' },
    'GET /v1/replays/verifications/{id}': { url: `/v1/replays/verifications/${ids.verification}` },
    'GET /v1/replays/verifications/{id}/differences': { url: `/v1/replays/verifications/${ids.verification}/differences` },
  };
}
