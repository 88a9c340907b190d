import { queryOptions } from '@tanstack/react-query';
import { api } from './client.ts';
import type { Api } from './schema.ts';
import type { Evaluation, PlanDetail, Price, PriceVersion } from './types.ts';

export const skus = queryOptions({
  queryKey: ['skus'],
  queryFn: () => api('GET /v1/skus', { query: { limit: 100 } }),
  staleTime: 60_000,
});

export const businessModels = queryOptions({
  queryKey: ['business-models'],
  queryFn: () => api('GET /v1/business-models', { query: { limit: 100 } }),
  staleTime: 60_000,
});

export const plans = queryOptions({
  queryKey: ['plans'],
  queryFn: () => api('GET /v1/plans', { query: { limit: 100 } }),
  staleTime: 60_000,
});

export const planById = (plan_id: string) =>
  queryOptions({
    queryKey: ['plans', plan_id],
    queryFn: () => api<'GET /v1/plans/{plan_id}', PlanDetail>('GET /v1/plans/{plan_id}', { params: { plan_id } }),
  });

export const priceVersions = (plan_id: string, sku: string) =>
  queryOptions({
    queryKey: ['plans', plan_id, 'versions', sku],
    queryFn: () =>
      api<'GET /v1/plans/{plan_id}/skus/{sku}/versions', { data: PriceVersion[] }>('GET /v1/plans/{plan_id}/skus/{sku}/versions', {
        params: { plan_id, sku },
      }),
  });

/** The curve of a price: one evaluation for each quantity, in order. Prices never change, so an answer stays good. */
export const priceCurve = ({ currency, price, quantities }: { currency: string; price: Price; quantities: string[] }) =>
  queryOptions({
    queryKey: ['curve', currency, price, quantities],
    queryFn: () =>
      Promise.all(
        quantities.map((quantity) =>
          api<'POST /v1/pricing/evaluate', Evaluation>('POST /v1/pricing/evaluate', { body: { currency, price, quantity } }),
        ),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });

export type EstimateInput = Api['POST /v1/pricing/estimate']['body'] & { leads: string };

export const estimate = (body: EstimateInput) => api('POST /v1/pricing/estimate', { body });
