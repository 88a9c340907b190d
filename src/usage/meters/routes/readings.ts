import { z } from 'zod';
import type { Server } from '../../../platform/http.ts';
import { Decimal, Id, Instant, PageQuery, page, Text } from '../../../platform/schemas.ts';
import {
  Quality,
  Reading,
  ReadingRule,
  RecordedReading,
  Review,
  readingStates,
  registerName,
  reviewStatuses,
  ruleActions,
  ruleKinds,
} from '../model/readings.ts';
import { requireMeter } from '../service/meters.ts';
import { listReadings, recordReadings } from '../service/readings.ts';
import { decideReview, listReviews } from '../service/reviews.ts';
import { createRule, listRules, removeRule } from '../service/rules.ts';
import { requireVisibleSite } from '../service/sites.ts';
import type { UsageDeps } from '../service/tell-usage.ts';
import { requireStaff } from './places.ts';

const params = z.object({ id: Id });

export function readingRoutes(server: Server, deps: UsageDeps): void {
  const tags = ['Meters'];
  const NewReading = z.strictObject({
    meter_id: Id,
    register: registerName.optional(),
    time: Instant,
    value: Decimal,
    quality: Quality,
    unit: Text(32).optional(),
    photo_id: Id.optional(),
  });
  server.command({
    method: 'POST',
    url: '/v1/metering/readings',
    scope: 'usage:write',
    summary:
      'Keep what registers show, one reading or up to 1,000 in any order; what a counter gained since the reading before is usage',
    tags,
    body: z.union([
      NewReading,
      z.strictObject({ readings: z.array(NewReading).min(1).max(1000) }),
      z.array(NewReading).min(1).max(1000),
    ]),
    response: { 201: z.object({ data: z.array(RecordedReading) }) },
    handle: async (tx, { body, principal }) => {
      requireStaff(principal.org_ids);
      const readings = Array.isArray(body) ? body : 'readings' in body ? body.readings : [body];
      return { status: 201, body: { data: await recordReadings(tx, deps, readings, 'manual') } };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/metering/readings',
    scope: 'usage:read',
    summary: 'Readings of a meter that count or are held, latest first; with state, only those',
    tags,
    querystring: z.strictObject({
      meter_id: Id,
      register: registerName.optional(),
      state: z.enum(readingStates).optional(),
      from: Instant.optional(),
      to: Instant.optional(),
      ...PageQuery,
    }),
    response: { 200: page(Reading) },
    handle: async (db, { query, principal }) => {
      const meter = await requireMeter(db, query.meter_id);
      await requireVisibleSite(db, meter.site_id, principal.org_ids);
      return { status: 200, body: await listReadings(db, query) };
    },
  });
}

export function reviewRoutes(server: Server, deps: UsageDeps): void {
  const tags = ['Reading reviews'];
  server.query({
    method: 'GET',
    url: '/v1/metering/reviews',
    scope: 'usage:read',
    summary: 'Readings that are held until somebody decides, and what was decided; newest first',
    tags,
    querystring: z.strictObject({ status: z.enum(reviewStatuses).optional(), meter_id: Id.optional(), ...PageQuery }),
    response: { 200: page(Review) },
    handle: async (db, { query, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await listReviews(db, query) };
    },
  });
  server.command({
    method: 'POST',
    url: '/v1/metering/reviews/{id}:accept',
    scope: 'usage:write',
    summary: 'Count a held reading as it is',
    tags,
    params,
    response: { 200: Review },
    handle: async (tx, { params: { id }, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await decideReview(tx, deps, id, { as: 'accepted' }) };
    },
  });
  server.command({
    method: 'POST',
    url: '/v1/metering/reviews/{id}:correct',
    scope: 'usage:write',
    summary: 'Count another value in the place of a held reading, as substituted',
    tags,
    params,
    body: z.strictObject({ value: Decimal }),
    response: { 200: Review },
    handle: async (tx, { params: { id }, body, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await decideReview(tx, deps, id, { as: 'corrected', value: body.value }) };
    },
  });
  server.command({
    method: 'POST',
    url: '/v1/metering/reviews/{id}:reject',
    scope: 'usage:write',
    summary: 'Never count a held reading',
    tags,
    params,
    body: z.strictObject({ reason: Text(500) }),
    response: { 200: Review },
    handle: async (tx, { params: { id }, body, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await decideReview(tx, deps, id, { as: 'rejected', reason: body.reason }) };
    },
  });
  ruleRoutes(server);
}

function ruleRoutes(server: Server): void {
  const tags = ['Reading reviews'];
  server.command({
    method: 'POST',
    url: '/v1/metering/reading-rules',
    scope: 'usage:write',
    summary: 'Say what readings of a SKU or of a meter have to keep to, and what becomes of those that do not',
    tags,
    body: z.strictObject({
      sku: Text(128).optional(),
      meter_id: Id.optional(),
      kind: z.enum(ruleKinds),
      action: z.enum(ruleActions),
      threshold: Decimal.optional(),
    }),
    response: { 201: ReadingRule },
    handle: async (tx, { body, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 201, body: await createRule(tx, body) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/metering/reading-rules',
    scope: 'usage:read',
    summary: 'Rules for readings, newest first',
    tags,
    querystring: z.strictObject({ sku: Text(128).optional(), meter_id: Id.optional(), ...PageQuery }),
    response: { 200: page(ReadingRule) },
    handle: async (db, { query, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await listRules(db, query) };
    },
  });
  server.command({
    method: 'DELETE',
    url: '/v1/metering/reading-rules/{id}',
    scope: 'usage:write',
    summary: 'Take a rule away; what it held stays held',
    tags,
    params,
    response: { 200: ReadingRule },
    handle: async (tx, { params: { id }, principal }) => {
      requireStaff(principal.org_ids);
      return { status: 200, body: await removeRule(tx, id) };
    },
  });
}
