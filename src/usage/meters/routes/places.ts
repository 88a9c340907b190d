import { z } from 'zod';
import { requireVisible } from '../../../foundation/tenancy/service.ts';
import type { Server } from '../../../platform/http.ts';
import { Decimal, Id, Instant, PageQuery, page, Text, TimeZone } from '../../../platform/schemas.ts';
import type { Ingest } from '../../metering/model.ts';
import { errors } from '../errors.ts';
import { directions, Meter, Occupancy, qualityLetters, Reading, readingQualities, Site } from '../model.ts';
import { listMeters, registerMeter, requireMeter } from '../service/meters.ts';
import { listReadings, recordReading } from '../service/readings.ts';
import { createOccupancy, createSite, endOccupancy, listOccupancies, listSites, requireVisibleSite } from '../service/sites.ts';

const params = z.object({ id: Id });
const sku = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/, 'must be the name of a SKU');
const registerName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/, 'must be 1 to 32 letters, digits, dots, dashes and underscores');

/** A word, or the letter that meter files have for it. */
const Quality = z
  .enum([...readingQualities, 'A', 'E', 'S', 'F'])
  .transform((quality) =>
    Object.hasOwn(qualityLetters, quality) ? qualityLetters[quality as 'A'] : (quality as Reading['quality']),
  );

export function siteRoutes(server: Server): void {
  const tags = ['Sites'];
  server.command({
    method: 'POST',
    url: '/v1/sites',
    scope: 'usage:write',
    summary: 'Make a site',
    tags,
    body: z.strictObject({ name: Text(200), address: Text(500).nullish(), time_zone: TimeZone.default('UTC') }),
    response: { 201: Site },
    handle: async (tx, { body, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 201, body: await createSite(tx, body) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/sites',
    scope: 'usage:read',
    summary: 'Sites, newest first; with org_id, those that the organization occupies, has occupied or will',
    tags,
    querystring: z.strictObject({ org_id: Id.optional(), ...PageQuery }),
    response: { 200: page(Site) },
    handle: async (db, { query, principal }) => {
      if (query.org_id !== undefined) requireVisible(principal.org_ids, query.org_id);
      return { status: 200, body: await listSites(db, { ...query, org_ids: principal.org_ids }) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/sites/{id}',
    scope: 'usage:read',
    summary: 'One site',
    tags,
    params,
    response: { 200: Site },
    handle: async (db, { params: { id }, principal }) => ({
      status: 200,
      body: await requireVisibleSite(db, id, principal.org_ids),
    }),
  });
  server.command({
    method: 'POST',
    url: '/v1/sites/{id}/occupancies',
    scope: 'usage:write',
    summary: 'Say who occupies a site from when; usage of its meters is theirs',
    tags,
    params,
    body: z.strictObject({ org_id: Id, from: Instant, to: Instant.nullish() }),
    response: { 201: Occupancy },
    handle: async (tx, { params: { id }, body, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 201, body: await createOccupancy(tx, id, body) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/sites/{id}/occupancies',
    scope: 'usage:read',
    summary: 'Who occupied a site when, by start',
    tags,
    params,
    response: { 200: page(Occupancy) },
    handle: async (db, { params: { id }, principal }) => {
      await requireVisibleSite(db, id, principal.org_ids);
      const all = await listOccupancies(db, id);
      const seen = all.filter((one) => principal.org_ids === null || principal.org_ids.includes(one.org_id));
      return { status: 200, body: { data: seen, next_cursor: null } };
    },
  });
  server.command({
    method: 'PATCH',
    url: '/v1/sites/{id}/occupancies/{occupancy_id}',
    scope: 'usage:write',
    summary: 'Say when an occupancy ends',
    tags,
    params: z.object({ id: Id, occupancy_id: Id }),
    body: z.strictObject({ to: Instant }),
    response: { 200: Occupancy },
    handle: async (tx, { params: { id, occupancy_id }, body, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await endOccupancy(tx, id, occupancy_id, body.to) };
    },
  });
}

export function meterRoutes(server: Server, deps: { ingest: Ingest }): void {
  const tags = ['Meters'];
  const Register = z.strictObject({
    register: registerName,
    sku: sku.optional(),
    unit: Text(32).optional(),
    direction: z.enum(directions).optional(),
  });
  const NewMeter = z.strictObject({
    site_id: Id,
    identifier: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/, 'must be 1 to 64 letters, digits, dots, dashes, colons and underscores'),
    sku,
    registers: z
      .array(z.union([registerName.transform((register) => ({ register })), Register]))
      .min(1)
      .max(100)
      .optional(),
  });
  server.command({
    method: 'POST',
    url: '/v1/meters',
    scope: 'usage:write',
    summary: 'Register a meter at a site; without registers it has one, called 1',
    tags,
    body: NewMeter,
    response: { 201: Meter },
    handle: async (tx, { body, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 201, body: await registerMeter(tx, body) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/meters',
    scope: 'usage:read',
    summary: 'Meters, newest first',
    tags,
    querystring: z.strictObject({ site_id: Id.optional(), ...PageQuery }),
    response: { 200: page(Meter) },
    handle: async (db, { query, principal }) => ({
      status: 200,
      body: await listMeters(db, { ...query, org_ids: principal.org_ids }),
    }),
  });
  server.query({
    method: 'GET',
    url: '/v1/meters/{id}',
    scope: 'usage:read',
    summary: 'One meter',
    tags,
    params,
    response: { 200: Meter },
    handle: async (db, { params: { id }, principal }) => {
      const meter = await requireMeter(db, id);
      await requireVisibleSite(db, meter.site_id, principal.org_ids);
      return { status: 200, body: meter };
    },
  });
  readingRoutes(server, deps);
}

function readingRoutes(server: Server, { ingest }: { ingest: Ingest }): void {
  const tags = ['Meters'];
  const NewReading = z.strictObject({
    meter_id: Id,
    register: registerName.optional(),
    time: Instant,
    value: Decimal,
    quality: Quality,
  });
  const Readings = z.object({ data: z.array(Reading) });
  server.command({
    method: 'POST',
    url: '/v1/metering/readings',
    scope: 'usage:write',
    summary: 'Keep what a register shows, one reading or up to 1,000 in order; the difference to the reading before is usage',
    tags,
    body: z.union([
      NewReading,
      z.strictObject({ readings: z.array(NewReading).min(1).max(1000) }),
      z.array(NewReading).min(1).max(1000),
    ]),
    response: { 201: Readings },
    handle: async (tx, { body, principal }) => {
      requireStaff(principal.org_ids);
      const readings = Array.isArray(body) ? body : 'readings' in body ? body.readings : [body];
      const data: Reading[] = [];
      for (const reading of readings) data.push(await recordReading(tx, ingest, reading));
      return { status: 201, body: { data } };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/metering/readings',
    scope: 'usage:read',
    summary: 'Manual readings of a meter, latest first',
    tags,
    querystring: z.strictObject({ meter_id: Id, ...PageQuery }),
    response: { 200: page(Reading) },
    handle: async (db, { query, principal }) => {
      const meter = await requireMeter(db, query.meter_id);
      await requireVisibleSite(db, meter.site_id, principal.org_ids);
      return { status: 200, body: await listReadings(db, query) };
    },
  });
}

/** Where meters stand and who is billed for them is the tenant's own business. */
function requireStaff(org_ids: readonly string[] | null): void {
  if (org_ids !== null) throw errors.staff_only({ detail: 'Sites, meters and readings are kept by the tenant itself.' });
}
