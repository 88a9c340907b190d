import { z } from 'zod';
import { requireVisible } from '../../../foundation/tenancy/service.ts';
import type { Server } from '../../../platform/http.ts';
import type { Db } from '../../../platform/postgres.ts';
import { Decimal, Id, Instant, PageQuery, page, Text, TimeZone } from '../../../platform/schemas.ts';
import { errors } from '../errors.ts';
import { Consumption, Gap } from '../model/gaps.ts';
import { RecordedReading, registerName } from '../model/readings.ts';
import { directions, Meter, Occupancy, registerKinds, Site } from '../model.ts';
import { consumptionOf, estimateGaps, findGaps } from '../service/gaps.ts';
import { listMeters, registerMeter, requireMeter } from '../service/meters.ts';
import { replaceMeter } from '../service/replace-meter.ts';
import { createOccupancy, createSite, endOccupancy, listOccupancies, listSites, requireVisibleSite } from '../service/sites.ts';
import type { UsageDeps } from '../service/tell-usage.ts';

const params = z.object({ id: Id });
const sku = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/, 'must be the name of a SKU');

const Multiplier = Decimal.refine((text) => /[1-9]/.test(text) && !text.startsWith('-'), 'must be above zero');
/** What a counter may show. */
const Shown = Decimal.refine((text) => !text.startsWith('-'), 'must not be below zero');

export function siteRoutes(server: Server): void {
  const tags = ['Sites'];
  server.command({
    method: 'POST',
    url: '/v1/sites',
    scope: 'usage:write',
    summary: 'Make a site',
    tags,
    body: z.strictObject({
      name: Text(200),
      address: Text(500).nullish(),
      time_zone: TimeZone.default('UTC'),
      supply_sku: Text(128)
        .optional()
        .meta({ description: 'for a daily supply charge: one a day while somebody occupies the site' }),
    }),
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

export function meterRoutes(server: Server, deps: UsageDeps): void {
  const tags = ['Meters'];
  const Register = z.strictObject({
    register: registerName,
    sku: sku.optional(),
    unit: Text(32).optional(),
    direction: z.enum(directions).optional(),
    kind: z.enum(registerKinds).optional(),
    every_minutes: z.number().int().min(1).max(527_040).nullish(),
    digits: z.number().int().min(1).max(12).nullish(),
    multiplier: Multiplier.optional(),
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
    summary: 'Meters, newest first; with search, those whose identifier or site is called something like it',
    tags,
    querystring: z.strictObject({ site_id: Id.optional(), search: Text(100).optional(), ...PageQuery }),
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
  replacement(server, deps);
  gapRoutes(server, deps);
}

function replacement(server: Server, deps: UsageDeps): void {
  server.command({
    method: 'POST',
    url: '/v1/meters/{id}:replace',
    scope: 'usage:write',
    summary:
      'Put another device in the place of a meter’s: the final read of the old and the initial of the new, of each counter',
    tags: ['Meters'],
    params,
    body: z.strictObject({
      at: Instant,
      serial: Text(64).nullish(),
      registers: z
        .array(
          z.strictObject({
            register: registerName,
            final: Shown,
            initial: Shown.default('0'),
            digits: z.number().int().min(1).max(12).nullish(),
            multiplier: Multiplier.optional(),
          }),
        )
        .min(1)
        .max(100),
    }),
    response: { 200: Meter },
    handle: async (tx, { params: { id }, body, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await replaceMeter(tx, deps, { ...body, meter_id: id, serial: body.serial ?? null }) };
    },
  });
}

function gapRoutes(server: Server, deps: UsageDeps): void {
  const tags = ['Meters'];
  server.query({
    method: 'GET',
    url: '/v1/meters/{id}/gaps',
    scope: 'usage:read',
    summary:
      'Where readings of a meter are missing, of registers of which it is known how often they should be read; at most 400 days',
    tags,
    params,
    querystring: z.strictObject({ register: registerName.optional(), from: Instant, to: Instant }),
    response: { 200: z.object({ data: z.array(Gap) }) },
    handle: async (db, { params: { id }, query, principal }) => {
      await requireVisibleMeter(db, id, principal.org_ids);
      return { status: 200, body: { data: await findGaps(db, id, query, query.register) } };
    },
  });
  server.command({
    method: 'POST',
    url: '/v1/meters/{id}/gaps:estimate',
    scope: 'usage:write',
    summary: 'Fill the gaps of a register with estimated readings, which a later actual trues up',
    tags,
    params,
    body: z.strictObject({ register: registerName, from: Instant, to: Instant }),
    response: { 201: z.object({ data: z.array(RecordedReading) }) },
    handle: async (tx, { params: { id }, body, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 201, body: { data: await estimateGaps(tx, deps, { ...body, meter_id: id }) } };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/meters/{id}/consumption',
    scope: 'usage:read',
    summary: 'What was used of a register: by local day where it has intervals, else between its reads; at most 400 days',
    tags,
    params,
    querystring: z.strictObject({ register: registerName, from: Instant, to: Instant }),
    response: { 200: z.object({ data: z.array(Consumption) }) },
    handle: async (db, { params: { id }, query, principal }) => {
      await requireVisibleMeter(db, id, principal.org_ids);
      return { status: 200, body: { data: await consumptionOf(db, { ...query, meter_id: id }) } };
    },
  });
}

async function requireVisibleMeter(db: Db, meter_id: string, org_ids: readonly string[] | null): Promise<void> {
  const meter = await requireMeter(db, meter_id);
  await requireVisibleSite(db, meter.site_id, org_ids);
}

/** Where meters stand and who is billed for them is the tenant's own business. */
export function requireStaff(org_ids: readonly string[] | null): void {
  if (org_ids !== null) throw errors.staff_only({ detail: 'Sites, meters and readings are kept by the tenant itself.' });
}
