import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { requireVisible } from '../../../foundation/tenancy/service.ts';
import { newId } from '../../../kernel/id.ts';
import { once, type Server, scopeOf } from '../../../platform/http.ts';
import { Id, PageQuery, Problem, page } from '../../../platform/schemas.ts';
import { errors } from '../errors.ts';
import { importFormats, importStatuses, onErrors, UsageImport, UsageImportReport } from '../model.ts';
import type { ImportDeps } from '../service/import-progress.ts';
import { type ImportRequest, importOptions, importReport, listImports, plainFilename, startImport } from '../service/imports.ts';
import { max_import_bytes, removeFile, type StoredFile, storeFile } from '../service/stored-file.ts';

const tags = ['Imports'];
const params = z.object({ id: Id });

export function importRoutes(server: Server, deps: ImportDeps): void {
  upload(server, deps);
  server.query({
    method: 'GET',
    url: '/v1/metering/imports',
    scope: 'usage:read',
    summary: 'Imports, newest first',
    tags,
    querystring: z.strictObject({ org_id: Id.optional(), status: z.enum(importStatuses).optional(), ...PageQuery }),
    response: { 200: page(UsageImport) },
    handle: async (db, { query, principal }) => {
      if (query.org_id !== undefined) requireVisible(principal.org_ids, query.org_id);
      return { status: 200, body: await listImports(db, { ...query, org_ids: principal.org_ids }) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/metering/imports/{id}',
    scope: 'usage:read',
    summary: 'One import: its progress, its totals, its errors by line',
    tags,
    params,
    querystring: z.strictObject({ ...PageQuery, limit: PageQuery.limit.default(100) }),
    response: { 200: UsageImportReport },
    handle: async (db, { params: { id }, query, principal }) => ({
      status: 200,
      body: await importReport(db, id, { ...query, org_ids: principal.org_ids }),
    }),
  });
}

/** The form's fields beside the file. Registers are written `Q1=reactive,K=reactive-export`. */
const Fields = z.strictObject({
  org: z.string().min(1).max(64).optional(),
  format: z.enum(['auto', ...importFormats]).optional(),
  on_error: z.enum(onErrors).optional(),
  sku: z.string().min(1).max(128).optional(),
  registers: z
    .string()
    .max(4000)
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}=[^=,]+(?:,[A-Za-z0-9][A-Za-z0-9._-]{0,31}=[^=,]+)*$/,
      'must be register=SKU, separated by commas',
    )
    .transform((text) => Object.fromEntries(text.split(',').map((one) => one.split('=') as [string, string])))
    .optional(),
  mapping: z.string().min(1).max(63).optional(),
  create_missing: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
});

function upload(server: Server, deps: ImportDeps): void {
  server.raw.route({
    method: 'POST',
    url: '/v1/metering/imports',
    schema: {
      summary: 'Import a file of usage: CSV, NEM12, NEM13, Green Button XML or MSCONS',
      description:
        'multipart/form-data with `file`, and in any order `org` (id or slug), `format` (auto, csv, nem12, nem13, greenbutton, mscons), `on_error` (reject: all rows or none; ' +
        'keep_good), `sku`, `registers` (Q1=reactive,…), `create_missing` (true, false), `mapping` (the name of a saved CSV mapping). The answer is a job: read its progress at GET /v1/metering/imports/{id}.',
      tags,
      consumes: ['multipart/form-data'],
      security: [{ bearer: [] }],
      querystring: z.strictObject({}),
      response: { 202: UsageImport, '4xx': Problem, '5xx': Problem },
    },
    config: { scope: 'usage:write' },
    onRequest: server.authorize('usage:write'),
    handler: async (request, reply) => {
      const principal = request.principal!;
      const import_id = newId(deps.clock.now());
      const form = await receive(request, deps, import_id);
      let keeps_file = false;
      try {
        // What the idempotency key is compared with: the file by its hash.
        request.body = { ...form.fields, file: form.file.sha256.toString('hex') };
        const answer = await deps.postgres.transact(scopeOf(request), (tx) => {
          keeps_file = false;
          return once(tx, request, async () => {
            const options = await importOptions(tx, form.request, principal.org_ids);
            const started = await startImport(tx, { import_id, filename: form.filename, file: form.file, options });
            keeps_file = started.started;
            return { status: 202, body: started.import };
          });
        });
        return reply.status(202).header('location', `/v1/metering/imports/${answer.body.import_id}`).send(answer.body);
      } catch (error) {
        keeps_file = false;
        throw error;
      } finally {
        if (!keeps_file) await removeFile(deps.data_dir, import_id);
      }
    },
  });
}

interface Form {
  fields: Record<string, string>;
  request: ImportRequest;
  filename: string;
  file: StoredFile;
}

/** Takes the form as it comes, the file to disk; whatever is wrong with it, nothing of it stays. */
async function receive(request: FastifyRequest, deps: ImportDeps, import_id: string): Promise<Form> {
  if (!request.isMultipart()) throw errors.import_not_multipart({ detail: 'Send the file as the part `file` of a form.' });
  const fields: Record<string, string> = {};
  let file: StoredFile | null = null;
  let filename = '';
  try {
    for await (const part of request.parts({ limits: { fileSize: (deps.max_bytes ?? max_import_bytes) + 1 } })) {
      if (part.type === 'file') {
        if (part.fieldname !== 'file' || file !== null) {
          part.file.resume();
          throw refused(part.fieldname, 'only one file is taken, in the part `file`');
        }
        filename = plainFilename(part.filename);
        file = await storeFile(deps.data_dir, import_id, part.file, deps.max_bytes);
      } else {
        if (part.valueTruncated || Object.hasOwn(fields, part.fieldname))
          throw refused(part.fieldname, 'is too long, or stands there twice');
        fields[part.fieldname] = String(part.value);
      }
    }
    if (file === null) throw errors.import_file_missing({ detail: 'The form has no part `file`.' });
    const parsed = Fields.safeParse(fields);
    if (!parsed.success) {
      const faults = parsed.error.issues.map((issue) => ({
        pointer: `/${issue.code === 'unrecognized_keys' ? issue.keys[0] : issue.path.join('/')}`,
        code: issue.code,
        detail: issue.message,
      }));
      throw errors.import_field_invalid({ detail: `${faults[0]?.pointer}: ${faults[0]?.detail}`, errors: faults });
    }
    return { fields, request: parsed.data, filename, file };
  } catch (error) {
    await removeFile(deps.data_dir, import_id);
    throw error;
  }
}

function refused(field: string, detail: string) {
  const pointer = `/${field.slice(0, 60)}`;
  return errors.import_field_invalid({
    detail: `${pointer}: ${detail}.`,
    errors: [{ pointer, code: 'import_field_invalid', detail }],
  });
}
