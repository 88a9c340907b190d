import { z } from 'zod';
import type { Server } from '../../../platform/http.ts';
import { PageQuery, page } from '../../../platform/schemas.ts';
import { errors } from '../errors.ts';
import { CsvMapping, CsvMappingDefinition } from '../model.ts';
import { createMapping, listMappings, removeMapping, replaceMapping, requireMapping } from '../service/csv-mappings.ts';

const tags = ['Imports'];
const Name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be 1 to 63 small letters, digits, dots, dashes and underscores');
const params = z.object({ name: Name });

export function csvMappingRoutes(server: Server): void {
  server.command({
    method: 'POST',
    url: '/v1/metering/csv-mappings',
    scope: 'usage:write',
    summary: 'Save how a CSV of meter values is read; imports name it',
    tags,
    body: z.strictObject({ name: Name, definition: CsvMappingDefinition }),
    response: { 201: CsvMapping },
    handle: async (tx, { body, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 201, body: await createMapping(tx, body.name, body.definition) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/metering/csv-mappings',
    scope: 'usage:read',
    summary: 'Saved CSV mappings, by name',
    tags,
    querystring: z.strictObject(PageQuery),
    response: { 200: page(CsvMapping) },
    handle: async (db, { query, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await listMappings(db, query) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/metering/csv-mappings/{name}',
    scope: 'usage:read',
    summary: 'One CSV mapping',
    tags,
    params,
    response: { 200: CsvMapping },
    handle: async (db, { params: { name }, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await requireMapping(db, name) };
    },
  });
  server.command({
    method: 'PUT',
    url: '/v1/metering/csv-mappings/{name}',
    scope: 'usage:write',
    summary: 'Replace a CSV mapping; imports under way go on by the one before',
    tags,
    params,
    body: z.strictObject({ definition: CsvMappingDefinition }),
    response: { 200: CsvMapping },
    handle: async (tx, { params: { name }, body, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await replaceMapping(tx, name, body.definition) };
    },
  });
  server.command({
    method: 'DELETE',
    url: '/v1/metering/csv-mappings/{name}',
    scope: 'usage:write',
    summary: 'Remove a CSV mapping; the answer is what it was',
    tags,
    params,
    response: { 200: CsvMapping },
    handle: async (tx, { params: { name }, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await removeMapping(tx, name) };
    },
  });
}

/** How files are read is the tenant's own business. */
function requireStaff(org_ids: readonly string[] | null): void {
  if (org_ids !== null) throw errors.staff_only({ detail: 'CSV mappings are kept by the tenant itself.' });
}
