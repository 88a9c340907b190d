import { z } from 'zod';
import type { Server } from '../../platform/http.ts';
import { Id, PageQuery } from '../../platform/schemas.ts';
import type { ReplayControl } from './decide/replay.ts';
import { NewReplay, ReplayJob, ReplayJobPage } from './model.ts';
import { verificationRoutes } from './routes/verifications.ts';
import { controlReplay, createReplay, listReplays, type ReactionsTo, replayById } from './service/replays.ts';

const tags = ['Replay'];
const params = z.object({ id: Id });

const controls: readonly [ReplayControl, string][] = [
  ['pause', 'Let a replay rest where it is'],
  ['resume', 'Let a paused replay go on from where it is'],
  ['cancel', 'End a replay where it is; what was sent again stays sent'],
];

export function routes(server: Server, deps: { reactionsTo: ReactionsTo }): void {
  verificationRoutes(server);
  server.command({
    method: 'POST',
    url: '/v1/replays',
    scope: 'events:write',
    summary: 'Send stored events through the reactions again, or say what that would do',
    tags,
    body: NewReplay,
    response: { 200: ReplayJob, 202: ReplayJob },
    handle: async (tx, { body }) => ({ status: body.dry_run ? 200 : 202, body: await createReplay(tx, body, deps) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/replays',
    scope: 'events:read',
    summary: 'Replays, newest first',
    tags,
    querystring: z.strictObject(PageQuery),
    response: { 200: ReplayJobPage },
    handle: async (db, { query }) => ({ status: 200, body: await listReplays(db, query) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/replays/{id}',
    scope: 'events:read',
    summary: 'A replay with its progress, or what a dry run foresees',
    tags,
    params,
    response: { 200: ReplayJob },
    handle: async (db, { params }) => ({ status: 200, body: await replayById(db, params.id) }),
  });
  for (const [control, summary] of controls)
    server.command({
      method: 'POST',
      url: `/v1/replays/{id}:${control}`,
      scope: 'events:write',
      summary,
      tags,
      params,
      response: { 200: ReplayJob },
      handle: async (tx, { params }) => ({ status: 200, body: await controlReplay(tx, params.id, control) }),
    });
}
