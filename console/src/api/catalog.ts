import { queryOptions } from '@tanstack/react-query';
import { request } from './client.ts';
import type { BusinessModel, Estimate, Evaluation, Page, Plan, PlanDetail, Price, PriceVersion, Sku } from './types.ts';

export const skus = queryOptions({
  queryKey: ['skus'],
  queryFn: () => request<Page<Sku>>('/v1/skus', { query: { limit: 100 } }),
  staleTime: 60_000,
});

export const businessModels = queryOptions({
  queryKey: ['business-models'],
  queryFn: () => request<Page<BusinessModel>>('/v1/business-models', { query: { limit: 100 } }),
  staleTime: 60_000,
});

export const plans = queryOptions({
  queryKey: ['plans'],
  queryFn: () => request<Page<Plan>>('/v1/plans', { query: { limit: 100 } }),
  staleTime: 60_000,
});

export const planById = (plan_id: string) =>
  queryOptions({ queryKey: ['plans', plan_id], queryFn: () => request<PlanDetail>(`/v1/plans/${plan_id}`) });

export const priceVersions = (plan_id: string, sku: string) =>
  queryOptions({
    queryKey: ['plans', plan_id, 'versions', sku],
    queryFn: () => request<Page<PriceVersion>>(`/v1/plans/${plan_id}/skus/${encodeURIComponent(sku)}/versions`),
  });

/** The curve of a price: one evaluation for each quantity, in order. Prices never change, so an answer stays good. */
export const priceCurve = (input: { currency: string; price: Price; quantities: string[] }) =>
  queryOptions({
    queryKey: ['curve', input],
    queryFn: () =>
      Promise.all(
        input.quantities.map((quantity) =>
          request<Evaluation>('/v1/pricing/evaluate', { method: 'POST', body: { currency: input.currency, price: input.price, quantity } }),
        ),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });

export interface EstimateInput {
  org_id: string;
  skus: Record<string, string>;
  leads: string;
}

export const estimate = (input: EstimateInput) => request<Estimate>('/v1/pricing/estimate', { method: 'POST', body: input });
