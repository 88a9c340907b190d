import type { MessageInitShape } from '@bufbuild/protobuf';
import { z } from 'zod';
import type { Postgres } from '../../../platform/postgres.ts';
import type { Rpc } from '../../../platform/rpc.ts';
import { asCommand, asQuery, checked } from '../../../platform/rpc-calls.ts';
import { Id, PageQuery } from '../../../platform/schemas.ts';
import { type ReplaySchema, type ReplaySelection, ReplayService } from '../../../proto/tallystick/v1/replay_pb.ts';
import type { ReplayControl } from '../decide/replay.ts';
import { NewReplay, type ReplayForecast, type ReplayJob } from '../model.ts';
import { controlReplay, createReplay, listReplays, type ReactionsTo, replayById } from '../service/replays.ts';

const Named = z.object({ replay_id: Id });

/** Replays over gRPC, by the same services and checks as their routes. */
export function replayService(rpc: Rpc, { postgres, reactionsTo }: { postgres: Postgres; reactionsTo: ReactionsTo }): void {
  const control =
    (wanted: ReplayControl) =>
    ({ replayId }: { replayId: string }, context: Parameters<typeof asCommand>[1]) => {
      const { replay_id } = checked(Named, { replay_id: replayId });
      return replayed(asCommand(postgres, context, (tx) => controlReplay(tx, replay_id, wanted)));
    };
  const replayed = async (job: Promise<ReplayJob>) => ({ replay: messageOf(await job) });
  rpc.serve(
    ReplayService,
    {
      createReplay: 'events:write',
      getReplay: 'events:read',
      listReplays: 'events:read',
      pauseReplay: 'events:write',
      resumeReplay: 'events:write',
      cancelReplay: 'events:write',
    },
    {
      createReplay({ selection, dryRun: dry_run, ratePerSecond: rate_per_second, reason }, context) {
        const asked = checked(NewReplay, { selection: selection && selectionOf(selection), dry_run, rate_per_second, reason });
        return replayed(asCommand(postgres, context, (tx) => createReplay(tx, asked, { reactionsTo })));
      },
      getReplay({ replayId }, context) {
        const { replay_id } = checked(Named, { replay_id: replayId });
        return replayed(asQuery(postgres, context, (db) => replayById(db, replay_id)));
      },
      async listReplays({ limit, cursor }, context) {
        const query = checked(z.strictObject(PageQuery), { limit, cursor });
        const { data, next_cursor } = await asQuery(postgres, context, (db) => listReplays(db, query));
        return { replays: data.map(messageOf), nextCursor: next_cursor ?? undefined };
      },
      pauseReplay: control('pause'),
      resumeReplay: control('resume'),
      cancelReplay: control('cancel'),
    },
  );
}

/** An empty list and an absent one are the same in a message: neither narrows the selection. */
function selectionOf(selection: ReplaySelection): unknown {
  const { from, to, types, aggregateType, aggregateId, orgId, correlationId, eventIds, deadOnly } = selection;
  return {
    from,
    to,
    types: types.length > 0 ? types : undefined,
    aggregate_type: aggregateType,
    aggregate_id: aggregateId,
    org_id: orgId,
    correlation_id: correlationId,
    event_ids: eventIds.length > 0 ? eventIds : undefined,
    dead_only: deadOnly,
  };
}

function messageOf(job: ReplayJob): MessageInitShape<typeof ReplaySchema> {
  const { selection, progress, forecast } = job;
  return {
    replayId: job.replay_id,
    selection: {
      from: selection.from,
      to: selection.to,
      types: selection.types ?? [],
      aggregateType: selection.aggregate_type,
      aggregateId: selection.aggregate_id,
      orgId: selection.org_id,
      correlationId: selection.correlation_id,
      eventIds: selection.event_ids ?? [],
      deadOnly: selection.dead_only,
    },
    dryRun: job.dry_run,
    ratePerSecond: job.rate_per_second,
    reason: job.reason ?? undefined,
    status: job.status,
    eventsTotal: BigInt(progress.total),
    eventsDone: BigInt(progress.done),
    forecast: forecast ? forecastOf(forecast) : undefined,
    problem: job.problem ?? undefined,
    requestedBy: job.requested_by,
    createdAt: job.created_at,
    finishedAt: job.finished_at ?? undefined,
  };
}

function forecastOf({ events, by_type, sample }: ReplayForecast) {
  return {
    events: BigInt(events),
    sample,
    byType: by_type.map((each) => ({
      type: each.type,
      events: BigInt(each.events),
      dead: BigInt(each.dead),
      reactions: each.reactions.map(({ reaction, had, would_run }) => ({
        reaction,
        had: BigInt(had),
        wouldRun: BigInt(would_run),
      })),
    })),
  };
}
