import { z } from 'zod';
import type { Server } from '../../platform/http.ts';
import { httpErrors } from '../../platform/problem.ts';
import { Id, PageQuery } from '../../platform/schemas.ts';
import {
  CommissionRate,
  CommissionRatePage,
  NewCommissionRate,
  NewPartnerOfRecord,
  PartnerOfRecord,
  PartnerOfRecordEnd,
  PartnerOfRecordPage,
} from './model.ts';
import * as partners from './service.ts';

const tags = ['Partners'];

export function routes(server: Server): void {
  server.command({
    method: 'POST',
    url: '/v1/partners-of-record',
    scope: 'billing:write',
    summary: 'Make a partner earn on an organization',
    tags,
    body: NewPartnerOfRecord,
    response: { 201: PartnerOfRecord },
    handle: async (tx, { body, principal }) => ({
      status: 201,
      body: await partners.createPartnerOfRecord(tx, body, principal.org_ids),
    }),
  });
  server.query({
    method: 'GET',
    url: '/v1/partners-of-record',
    scope: 'billing:read',
    summary: 'Partners of record, newest first',
    tags,
    querystring: z.strictObject({ ...PageQuery, org_id: Id.optional(), partner_id: Id.optional() }),
    response: { 200: PartnerOfRecordPage },
    handle: async (db, { query, principal }) => ({
      status: 200,
      body: await partners.listPartnersOfRecord(db, { ...query, org_ids: principal.org_ids }),
    }),
  });
  server.command({
    method: 'PATCH',
    url: '/v1/partners-of-record/{partner_of_record_id}',
    scope: 'billing:write',
    summary: 'End a partner of record',
    tags,
    params: z.object({ partner_of_record_id: Id }),
    body: PartnerOfRecordEnd,
    response: { 200: PartnerOfRecord },
    handle: async (tx, { params, body, principal }) => ({
      status: 200,
      body: await partners.endPartnerOfRecord(tx, params.partner_of_record_id, body.end_at, principal.org_ids),
    }),
  });
  server.command({
    method: 'PUT',
    url: '/v1/commission-rates',
    scope: 'billing:write',
    summary: 'Set what partners of a tier earn on a SKU',
    tags,
    body: NewCommissionRate,
    response: { 200: CommissionRate },
    handle: async (tx, { body, principal }) => {
      if (principal.org_ids !== null) throw httpErrors.forbidden({ detail: 'Commission rates are for the tenant alone.' });
      return { status: 200, body: await partners.putCommissionRate(tx, body) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/commission-rates',
    scope: 'billing:read',
    summary: 'Commission rates, in order of tier and SKU',
    tags,
    querystring: z.strictObject({
      ...PageQuery,
      partner_tier: z.string().max(50).optional(),
      sku: z.string().max(128).optional(),
    }),
    response: { 200: CommissionRatePage },
    handle: async (db, { query, principal }) => {
      if (principal.org_ids !== null) throw httpErrors.forbidden({ detail: 'Commission rates are for the tenant alone.' });
      return { status: 200, body: await partners.listCommissionRates(db, query) };
    },
  });
}
