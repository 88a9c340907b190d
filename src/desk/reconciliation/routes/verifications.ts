import { z } from 'zod';
import type { Server } from '../../../platform/http.ts';
import { Id, PageQuery } from '../../../platform/schemas.ts';
import { DifferencePage, NewVerification, Verification, VerificationPage } from '../model.ts';
import { listDifferences, listVerifications, requestVerification, verificationById } from '../service/verifications.ts';

const tags = ['Replay'];
const params = z.object({ id: Id });

export function verificationRoutes(server: Server): void {
  server.command({
    method: 'POST',
    url: '/v1/replays/verifications',
    scope: 'billing:write',
    summary: 'Work out again what was issued, from the stored usage and inputs, and compare',
    tags,
    body: NewVerification,
    response: { 202: Verification },
    handle: async (tx, { body }) => ({ status: 202, body: await requestVerification(tx, body) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/replays/verifications',
    scope: 'billing:read',
    summary: 'Verifications, newest first',
    tags,
    querystring: z.strictObject(PageQuery),
    response: { 200: VerificationPage },
    handle: async (db, { query }) => ({ status: 200, body: await listVerifications(db, query) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/replays/verifications/{id}',
    scope: 'billing:read',
    summary: 'A verification with its progress, and how many differences it found',
    tags,
    params,
    response: { 200: Verification },
    handle: async (db, { params }) => ({ status: 200, body: await verificationById(db, params.id) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/replays/verifications/{id}/differences',
    scope: 'billing:read',
    summary: 'What does not come to the same again, each line once with all of its fields',
    tags,
    params,
    querystring: z.strictObject(PageQuery),
    response: { 200: DifferencePage },
    handle: async (db, { params, query }) => ({ status: 200, body: await listDifferences(db, params.id, query) }),
  });
}
