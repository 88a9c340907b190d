import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { once, type Server, scopeOf } from '../../../platform/http.ts';
import type { Postgres } from '../../../platform/postgres.ts';
import { Id, Problem } from '../../../platform/schemas.ts';
import { errors } from '../errors.ts';
import { Photo } from '../model/photos.ts';
import { keepPhoto, max_photo_bytes, readPhoto, receivePhoto, requirePhoto, type TakenPhoto } from '../service/photos.ts';
import { requireStaff } from './places.ts';

const tags = ['Meters'];

export function photoRoutes(server: Server, deps: { postgres: Postgres; data_dir: string }): void {
  server.raw.route({
    method: 'POST',
    url: '/v1/metering/photos',
    schema: {
      summary: 'Keep a photo of what a device shows, for a reading to refer to',
      description: 'multipart/form-data with one part `file`: JPEG, PNG or WebP by its bytes, at most 8 MiB.',
      tags,
      consumes: ['multipart/form-data'],
      security: [{ bearer: [] }],
      querystring: z.strictObject({}),
      response: { 201: Photo, '4xx': Problem, '5xx': Problem },
    },
    config: { scope: 'usage:write' },
    onRequest: server.authorize('usage:write'),
    handler: async (request, reply) => {
      requireStaff(request.principal!.org_ids);
      const photo = await receive(request);
      // What the idempotency key is compared with.
      request.body = { file: photo.sha256.toString('hex') };
      const answer = await deps.postgres.transact(scopeOf(request), (tx) =>
        once(tx, request, async () => ({ status: 201, body: await keepPhoto(tx, deps.data_dir, photo) })),
      );
      return reply.status(201).header('location', `/v1/metering/photos/${answer.body.photo_id}`).send(answer.body);
    },
  });
  server.raw.route({
    method: 'GET',
    url: '/v1/metering/photos/:id',
    schema: {
      summary: 'A photo as it was sent',
      tags,
      security: [{ bearer: [] }],
      params: z.object({ id: Id }),
      querystring: z.strictObject({}),
      response: { '4xx': Problem, '5xx': Problem },
    },
    config: { scope: 'usage:read' },
    onRequest: server.authorize('usage:read'),
    handler: async (request, reply) => {
      requireStaff(request.principal!.org_ids);
      const { id } = request.params as { id: string };
      const { tenant_id } = request.principal!;
      const photo = await deps.postgres.read(scopeOf(request), (db) => requirePhoto(db, id));
      const content = await readPhoto(deps.data_dir, tenant_id, photo);
      return reply
        .type(photo.media_type)
        .header('content-length', photo.bytes)
        .header('content-disposition', `inline; filename="${photo.photo_id}"`)
        .header('x-content-type-options', 'nosniff')
        .header('content-security-policy', "default-src 'none'; sandbox")
        .header('cache-control', 'private, max-age=86400, immutable')
        .send(content);
    },
  });
}

async function receive(request: FastifyRequest): Promise<TakenPhoto> {
  if (!request.isMultipart()) throw errors.photo_not_multipart({ detail: 'Send the photo as the part `file` of a form.' });
  let photo: TakenPhoto | null = null;
  for await (const part of request.parts({ limits: { fileSize: max_photo_bytes + 1 } })) {
    if (part.type === 'file' && part.fieldname === 'file' && photo === null) {
      photo = await receivePhoto(part.file);
      continue;
    }
    if (part.type === 'file') part.file.resume();
    const pointer = `/${part.fieldname.slice(0, 60)}`;
    const detail = 'the form has one part, the file';
    throw errors.photo_invalid({ detail: `${pointer}: ${detail}.`, errors: [{ pointer, code: 'photo_invalid', detail }] });
  }
  if (photo === null) throw errors.photo_invalid({ detail: 'The form has no part `file`.' });
  return photo;
}
