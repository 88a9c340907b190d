import { z } from 'zod';
import type { Server } from '../../platform/http.ts';
import { Decimal, Id, Text } from '../../platform/schemas.ts';
import { LineBody, lineBody } from '../ledger/model.ts';
import { chargeActions } from './service.ts';

export function routes(server: Server): void {
  server.command({
    method: 'POST',
    url: '/v1/billing/charges',
    scope: 'billing:write',
    summary: 'Charge something outside a billing cycle',
    tags: ['Ledger'],
    body: z.strictObject({
      org_id: Id,
      project_id: Id.optional(),
      lines: z
        .array(z.strictObject({ sku: Text(128), quantity: Decimal, request_id: Text(255) }))
        .min(1)
        .max(1000),
    }),
    response: { 201: z.object({ lines: z.array(LineBody) }) },
    handle: async (tx, { body }) => ({ status: 201, body: { lines: (await chargeActions(tx, body)).map(lineBody) } }),
  });
}
