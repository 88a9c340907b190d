import { z } from 'zod';
import type { Server } from '../../platform/http.ts';
import { Id, PageQuery } from '../../platform/schemas.ts';
import {
  BusinessModel,
  BusinessModelChanges,
  BusinessModelPage,
  currentPriceAnswer,
  DRAFT_STATUSES,
  DraftDifferences,
  draftAnswer,
  NewBusinessModel,
  NewPlan,
  NewPriceDraft,
  NewSku,
  Plan,
  PlanChanges,
  PlanDetail,
  PlanPage,
  PlanSkuAnswer,
  PriceDraftAnswer,
  PriceDraftChanges,
  PriceDraftPage,
  PriceRequest,
  PriceVersionPage,
  PublishPolicy,
  PublishPolicyRequest,
  priceAnswer,
  priceJson,
  Sku,
  SkuChanges,
  SkuCode,
  SkuPage,
} from './model.ts';
import * as drafts from './service/drafts.ts';
import * as catalog from './service.ts';

const tags = ['Catalog'];

export function routes(server: Server): void {
  skuRoutes(server);
  businessModelRoutes(server);
  planRoutes(server);
  draftRoutes(server);
}

function skuRoutes(server: Server): void {
  server.command({
    method: 'POST',
    url: '/v1/skus',
    scope: 'catalog:write',
    summary: 'Make a SKU',
    tags,
    body: NewSku,
    response: { 201: Sku },
    handle: async (tx, { body }) => ({ status: 201, body: await catalog.createSku(tx, body) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/skus',
    scope: 'catalog:read',
    summary: 'SKUs, in order of their codes',
    tags,
    querystring: z.strictObject(PageQuery),
    response: { 200: SkuPage },
    handle: async (db, { query }) => ({ status: 200, body: await catalog.listSkus(db, query) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/skus/{sku}',
    scope: 'catalog:read',
    summary: 'A SKU',
    tags,
    params: z.object({ sku: SkuCode }),
    response: { 200: Sku },
    handle: async (db, { params }) => ({ status: 200, body: await catalog.requireSku(db, params.sku) }),
  });
  server.command({
    method: 'PATCH',
    url: '/v1/skus/{sku}',
    scope: 'catalog:write',
    summary: 'Change what past billing does not stand on',
    tags,
    params: z.object({ sku: SkuCode }),
    body: SkuChanges,
    response: { 200: Sku },
    handle: async (tx, { params, body }) => ({ status: 200, body: await catalog.updateSku(tx, params.sku, body) }),
  });
}

function businessModelRoutes(server: Server): void {
  server.command({
    method: 'POST',
    url: '/v1/business-models',
    scope: 'catalog:write',
    summary: 'Make a business model',
    tags,
    body: NewBusinessModel,
    response: { 201: BusinessModel },
    handle: async (tx, { body }) => ({ status: 201, body: await catalog.createBusinessModel(tx, body) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/business-models',
    scope: 'catalog:read',
    summary: 'Business models, newest first',
    tags,
    querystring: z.strictObject(PageQuery),
    response: { 200: BusinessModelPage },
    handle: async (db, { query }) => ({ status: 200, body: await catalog.listBusinessModels(db, query) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/business-models/{model_id}',
    scope: 'catalog:read',
    summary: 'A business model',
    tags,
    params: z.object({ model_id: Id }),
    response: { 200: BusinessModel },
    handle: async (db, { params }) => ({ status: 200, body: await catalog.requireBusinessModel(db, params.model_id) }),
  });
  server.command({
    method: 'PATCH',
    url: '/v1/business-models/{model_id}',
    scope: 'catalog:write',
    summary: 'Change the name, the status or the default plan of a business model',
    tags,
    params: z.object({ model_id: Id }),
    body: BusinessModelChanges,
    response: { 200: BusinessModel },
    handle: async (tx, { params, body }) => ({ status: 200, body: await catalog.updateBusinessModel(tx, params.model_id, body) }),
  });
}

function planRoutes(server: Server): void {
  server.command({
    method: 'POST',
    url: '/v1/plans',
    scope: 'catalog:write',
    summary: 'Make a plan',
    tags,
    body: NewPlan,
    response: { 201: Plan },
    handle: async (tx, { body }) => ({ status: 201, body: await catalog.createPlan(tx, body) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/plans',
    scope: 'catalog:read',
    summary: 'Plans, newest first',
    tags,
    querystring: z.strictObject({ ...PageQuery, model_id: Id.optional() }),
    response: { 200: PlanPage },
    handle: async (db, { query }) => ({ status: 200, body: await catalog.listPlans(db, query) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/plans/{plan_id}',
    scope: 'catalog:read',
    summary: 'A plan with its SKUs and their current prices',
    tags,
    params: z.object({ plan_id: Id }),
    response: { 200: PlanDetail },
    handle: async (db, { params }) => {
      const [plan, prices, skus] = [
        await catalog.requirePlan(db, params.plan_id),
        await catalog.currentPrices(db, params.plan_id),
        await catalog.skusByCode(db),
      ];
      const described = prices.map((price) => {
        const { type, unit } = skus.get(price.sku)!;
        return { ...currentPriceAnswer(price), type, unit };
      });
      return { status: 200, body: { ...plan, skus: described } };
    },
  });
  server.command({
    method: 'PATCH',
    url: '/v1/plans/{plan_id}',
    scope: 'catalog:write',
    summary: 'Change the status or the notes of a plan',
    tags,
    params: z.object({ plan_id: Id }),
    body: PlanChanges,
    response: { 200: Plan },
    handle: async (tx, { params, body }) => ({ status: 200, body: await catalog.updatePlan(tx, params.plan_id, body) }),
  });
  server.command({
    method: 'PUT',
    url: '/v1/plans/{plan_id}/skus/{sku}',
    scope: 'catalog:write',
    summary: 'Price a SKU in a plan: a new immutable version, unless it is the current price',
    tags,
    params: z.object({ plan_id: Id, sku: SkuCode }),
    body: PriceRequest,
    response: { 200: PlanSkuAnswer },
    handle: async (tx, { params, body }) => {
      const { current } = await catalog.setPrice(tx, params, body);
      return { status: 200, body: currentPriceAnswer(current) };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/plans/{plan_id}/skus/{sku}/versions',
    scope: 'catalog:read',
    summary: 'Versions of a price, newest first',
    tags,
    params: z.object({ plan_id: Id, sku: SkuCode }),
    querystring: z.strictObject(PageQuery),
    response: { 200: PriceVersionPage },
    handle: async (db, { params, query }) => {
      const { data, next_cursor } = await catalog.listPriceVersions(db, params, query);
      return { status: 200, body: { data: data.map(priceAnswer), next_cursor } };
    },
  });
}

function draftRoutes(server: Server): void {
  const tags = ['Price drafts'];
  const params = z.object({ draft_id: Id });
  server.command({
    method: 'POST',
    url: '/v1/pricing/drafts',
    scope: 'catalog:write',
    summary: 'Draft a change of a plan’s prices',
    tags,
    body: NewPriceDraft,
    response: { 201: PriceDraftAnswer },
    handle: async (tx, { body }) => ({ status: 201, body: draftAnswer(await drafts.createDraft(tx, body)) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/pricing/drafts',
    scope: 'catalog:read',
    summary: 'Price drafts, newest first',
    tags,
    querystring: z.strictObject({ ...PageQuery, plan_id: Id.optional(), status: z.enum(DRAFT_STATUSES).optional() }),
    response: { 200: PriceDraftPage },
    handle: async (db, { query }) => {
      const { data, next_cursor } = await drafts.listDrafts(db, query);
      return { status: 200, body: { data: data.map(draftAnswer), next_cursor } };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/pricing/drafts/{draft_id}',
    scope: 'catalog:read',
    summary: 'A price draft',
    tags,
    params,
    response: { 200: PriceDraftAnswer },
    handle: async (db, { params }) => ({ status: 200, body: draftAnswer(await drafts.requireDraft(db, params.draft_id)) }),
  });
  server.command({
    method: 'PATCH',
    url: '/v1/pricing/drafts/{draft_id}',
    scope: 'catalog:write',
    summary: 'Change a draft; a SKU that is null is taken out of it',
    tags,
    params,
    body: PriceDraftChanges,
    response: { 200: PriceDraftAnswer },
    handle: async (tx, { params, body }) => ({
      status: 200,
      body: draftAnswer(await drafts.changeDraft(tx, params.draft_id, body)),
    }),
  });
  server.command({
    method: 'POST',
    url: '/v1/pricing/drafts/{draft_id}:discard',
    scope: 'catalog:write',
    summary: 'Put a draft aside for good',
    tags,
    params,
    response: { 200: PriceDraftAnswer },
    handle: async (tx, { params }) => ({ status: 200, body: draftAnswer(await drafts.discardDraft(tx, params.draft_id)) }),
  });
  server.query({
    method: 'GET',
    url: '/v1/pricing/drafts/{draft_id}/differences',
    scope: 'catalog:read',
    summary: 'What publishing a draft would change in its plan as it is now',
    tags,
    params,
    response: { 200: DraftDifferences },
    handle: async (db, { params }) => {
      const { draft, plan, base_amount, differences } = await drafts.draftDifferences(db, params.draft_id);
      const shown = differences.map(({ before, after, ...rest }) => ({
        ...rest,
        before: before === null ? null : priceJson(before),
        after: priceJson(after),
      }));
      const { draft_id, plan_id } = draft;
      return { status: 200, body: { draft_id, plan_id, currency: plan.currency, base_amount, differences: shown } };
    },
  });
  server.query({
    method: 'GET',
    url: '/v1/plans/{plan_id}/publish-policy',
    scope: 'catalog:read',
    summary: 'What a plan demands before its prices change',
    tags,
    params: z.object({ plan_id: Id }),
    response: { 200: PublishPolicy },
    handle: async (db, { params }) => ({ status: 200, body: await drafts.publishPolicy(db, params.plan_id) }),
  });
  server.command({
    method: 'PUT',
    url: '/v1/plans/{plan_id}/publish-policy',
    scope: 'catalog:write',
    summary: 'Demand a passed backtest before the prices of a plan change, or nothing any more',
    tags,
    params: z.object({ plan_id: Id }),
    body: PublishPolicyRequest,
    response: { 200: PublishPolicy },
    handle: async (tx, { params, body }) => ({ status: 200, body: await drafts.putPublishPolicy(tx, params.plan_id, body) }),
  });
}
