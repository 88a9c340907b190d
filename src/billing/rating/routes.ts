import { z } from 'zod';
import { ROUNDINGS } from '../../kernel/decimal.ts';
import type { Server } from '../../platform/http.ts';
import { scopeOf } from '../../platform/http.ts';
import type { Postgres } from '../../platform/postgres.ts';
import { Amount, Currency, Decimal, DecimalText, Id, Instant, Problem, Text } from '../../platform/schemas.ts';
import { type EvaluateInput, evaluate } from '../../pricing/evaluate.ts';
import { AGGREGATIONS } from '../../pricing/language.ts';
import type { EstimateRequest } from './decide/estimate.ts';
import { backtestRoutes } from './routes/backtests.ts';
import { usageStateRoutes } from './routes/usage-states.ts';
import { estimate, keepEstimate } from './service/estimate.ts';

const tags = ['Pricing'];
const Numeric = z.union([z.string().max(80), z.number()]);

const EvaluateBody = z.strictObject({
  currency: Currency,
  price: z.record(z.string(), z.unknown()).meta({ description: 'a price of the price language' }),
  quantity: Numeric.optional(),
  events: z
    .array(
      z.strictObject({
        request_id: Text(255).optional(),
        quantity: Numeric.optional(),
        fraction: Numeric.optional(),
        amount: Numeric.optional(),
        time: z.string().max(64).optional(),
        properties: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .max(10_000)
    .optional(),
  aggregation: z.enum(AGGREGATIONS).optional(),
  allow_negative: z.boolean().optional(),
  rounding: z.enum(ROUNDINGS as [string, ...string[]]).optional(),
});

const Evaluation = z.object({
  currency: z.string(),
  quantity: DecimalText,
  amount: DecimalText,
  amount_exact: DecimalText,
  steps: z.array(z.record(z.string(), z.unknown())),
});

const EstimateBody = z.strictObject({
  org_id: Id,
  project_id: Id.optional(),
  skus: z.record(Text(128), Decimal).meta({ description: 'SKU → uses for each lead' }),
  leads: Decimal,
  events: z
    .record(
      Text(128),
      z
        .array(
          z.strictObject({
            quantity: Decimal.optional(),
            amount: Decimal.optional(),
            time: Instant.optional().meta({ description: 'the start of the billing interval unless given' }),
            properties: z.record(z.string(), z.unknown()).optional(),
          }),
        )
        .max(10_000),
    )
    .optional()
    .meta({ description: 'SKU → single events of one billing interval, for prices over them; not multiplied by leads' }),
});

const EstimateAnswer = z.object({
  base: Amount,
  lines: z.array(
    z.object({ sku: z.string(), quantity: DecimalText, included: DecimalText, overage: DecimalText, total: Amount }),
  ),
  grand_total: Amount,
});

export function routes(server: Server, deps: { postgres: Postgres }): void {
  usageStateRoutes(server);
  backtestRoutes(server, deps);
  server.raw.route({
    method: 'POST',
    url: '/v1/pricing/evaluate',
    bodyLimit: 8 * 1024 * 1024,
    schema: {
      summary: 'Price one thing, with nothing stored',
      tags,
      security: [{ bearer: [] }],
      querystring: z.strictObject({}),
      body: EvaluateBody,
      response: { 200: Evaluation, '4xx': Problem, '5xx': Problem },
    },
    config: { scope: 'catalog:read' },
    onRequest: server.authorize('catalog:read'),
    handler: async (request, reply) => reply.send(evaluate(request.body as EvaluateInput)),
  });
  server.raw.route({
    method: 'POST',
    url: '/v1/pricing/estimate',
    schema: {
      summary: 'What billing would charge for some usage',
      tags,
      security: [{ bearer: [] }],
      querystring: z.strictObject({}),
      body: EstimateBody,
      response: { 200: EstimateAnswer, '4xx': Problem, '5xx': Problem },
    },
    config: { scope: 'billing:read' },
    onRequest: server.authorize('billing:read'),
    handler: async (request, reply) => {
      const body = request.body as z.output<typeof EstimateBody> & EstimateRequest;
      const scope = scopeOf(request);
      const { answer, to_keep } = await deps.postgres.read(scope, (db) => estimate(db, body));
      // An answer that cannot be kept is as right as one that is.
      if (to_keep)
        await deps.postgres
          .transact(scope, (tx) => keepEstimate(tx, body, to_keep))
          .catch((error: unknown) => request.log.warn({ err: error }, 'an estimate was not kept'));
      return reply.send(answer);
    },
  });
}
