import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { once, type Server, scopeOf } from '../../../platform/http.ts';
import type { Tx } from '../../../platform/postgres.ts';
import { Id, Problem } from '../../../platform/schemas.ts';
import { errors } from '../errors.ts';
import { Replay, StoreReplayBody } from '../model/replays.ts';
import {
  type FileReplayDeps,
  type ReplayDeps,
  recordFileReplay,
  replayById,
  replayFile,
  startReplay,
} from '../service/replays.ts';

const tags = ['Usage'];
/** A larger file is for the command line, which reads it as a stream. */
const most_file_bytes = 32 * 1024 * 1024;

export function replayRoutes(server: Server, deps: ReplayDeps): void {
  postReplay(server, deps);
  server.query({
    method: 'GET',
    url: '/v1/metering/replays/{id}',
    scope: 'usage:read',
    summary: 'One replay and what came of it',
    tags,
    params: z.object({ id: Id }),
    response: { 200: Replay },
    handle: async (db, { params: { id }, principal }) => ({ status: 200, body: await replayById(db, id, principal.org_ids) }),
  });
}

/** A raw route, as its body is a file or says what to read from the store. */
function postReplay(server: Server, deps: ReplayDeps): void {
  server.raw.route({
    method: 'POST',
    url: '/v1/metering/replays',
    schema: {
      summary: 'Bring usage back through ingest, from a file or from the store; what is there already stays as it is',
      description:
        'multipart/form-data with `file` (NDJSON or CSV of usage events, at most 32 MiB), which is answered when it has been read, or JSON with ' +
        '`from_store`, which is answered by a job. Each event gets the source `replay`; one that is stored with the same body is a duplicate, whatever its source.',
      tags,
      consumes: ['application/json', 'multipart/form-data'],
      security: [{ bearer: [] }],
      querystring: z.strictObject({}),
      // Absent where the body is a form.
      body: StoreReplayBody.nullish(),
      response: { 202: Replay, '4xx': Problem, '5xx': Problem },
    },
    config: { scope: 'usage:write' },
    onRequest: server.authorize('usage:write'),
    handler: async (request, reply) => {
      const { org_ids } = request.principal!;
      const scope = scopeOf(request);
      const file = request.isMultipart() ? await fileOf(request) : null;
      const sha256 = file && hash('sha256', file, 'buffer');
      const asked = file ? null : (request.body as z.output<typeof StoreReplayBody> | null | undefined);
      if (!file && !asked) throw errors.replay_file_missing({ detail: 'Send a form with the part `file`, or `from_store`.' });
      // What the idempotency key is compared with: the file by its hash.
      if (sha256) request.body = { file: sha256.toString('hex') };
      const answer = await deps.postgres.transact(scope, (tx) =>
        once(tx, request, async () => ({
          status: 202,
          body:
            file && sha256
              ? await recordFileReplay(tx, sha256, await replayFile(lent(tx, deps), scope, Readable.from([file]), org_ids))
              : await startReplay(tx, asked!.from_store, org_ids),
        })),
      );
      return reply.status(202).header('location', `/v1/metering/replays/${answer.body.replay_id}`).send(answer.body);
    },
  });
}

/** Reads in the transaction of the request. */
function lent(tx: Tx, { ingest }: ReplayDeps): FileReplayDeps {
  return { ingest, postgres: { read: (_scope, work) => work(tx) } };
}

async function fileOf(request: FastifyRequest): Promise<Buffer> {
  let found: Buffer | null = null;
  for await (const part of request.parts({ limits: { fileSize: most_file_bytes + 1 } })) {
    if (part.type !== 'file' || part.fieldname !== 'file' || found !== null) {
      if (part.type === 'file') part.file.resume();
      const [pointer, detail] = [
        `/${part.fieldname.slice(0, 60)}`,
        'only one file is taken, in the part `file`, and no other field',
      ];
      throw errors.replay_file_invalid({
        detail: `${pointer}: ${detail}.`,
        errors: [{ pointer, code: 'replay_file_invalid', detail }],
      });
    }
    const chunks: Buffer[] = [];
    for await (const chunk of part.file) chunks.push(chunk as Buffer);
    found = Buffer.concat(chunks);
  }
  if (found === null || found.length === 0)
    throw errors.replay_file_missing({ detail: 'The form has no part `file` with bytes in it.' });
  if (found.length > most_file_bytes)
    throw errors.replay_file_too_large({ detail: 'A request brings at most 32 MiB; the command line takes more.' });
  return found;
}
