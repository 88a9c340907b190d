import type { Sample } from './sample.ts';
import type { Answer } from './server.ts';

interface Maker {
  /** As a world's admin; throws unless it was made. */
  made(path: string, body: unknown): Promise<Answer['body']>;
}

/** A replay that waits, one that rests, a dry run, and a verification. */
export async function populateReplays({ made }: Maker, ids: Record<string, string>): Promise<void> {
  const selection = { types: ['invoice.generated'] };
  ids.event_replay = (await made('/v1/replays', { selection, rate_per_second: 1 })).replay_id;
  ids.paused_replay = (await made('/v1/replays', { selection, rate_per_second: 1 })).replay_id;
  await made(`/v1/replays/${ids.paused_replay}:pause`, undefined);
  ids.dry_replay = (await made('/v1/replays', { selection, dry_run: true })).replay_id;
  ids.verification = (await made('/v1/replays/verifications', { org_id: ids.org })).verification_id;
}

/** A request for each of their operations. */
export function replaySamples(ids: Readonly<Record<string, string>>): Record<string, Sample> {
  return {
    'POST /v1/replays': {
      url: '/v1/replays',
      body: { selection: { org_id: ids.org, aggregate_id: ids.org_invoice }, dry_run: true, reason: 'A reason' },
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
