import type { JsonObject, MessageInitShape } from '@bufbuild/protobuf';
import type { z } from 'zod';
import { CodedError } from '../../../kernel/errors.ts';
import { JsonFault, parseJson } from '../../../kernel/json.ts';
import type { Postgres } from '../../../platform/postgres.ts';
import { httpErrors } from '../../../platform/problem.ts';
import { type Call, callOf, type Rpc } from '../../../platform/rpc.ts';
import { asCommand } from '../../../platform/rpc-calls.ts';
import { problemOf } from '../../../platform/rpc-errors.ts';
import { type IngestEventsResponseSchema, type UsageEvent, UsageService } from '../../../proto/tallystick/v1/usage_pb.ts';
import type { Ingest, IngestAnswer, SignAck } from '../model.ts';
import { reportUsage } from '../service/report.ts';

/** Usage in over gRPC: the same events, checks and answers as `POST /v1/metering/events`. */
export function usageService(rpc: Rpc, deps: { postgres: Postgres; ingest: Ingest; signAck: SignAck }): void {
  const report = (
    asked: Pick<Call, 'principal' | 'elapsed_ms'>,
    { events, withLeaves }: { events: readonly UsageEvent[]; withLeaves: boolean },
  ) =>
    reportUsage(deps, events.map(inputOf), {
      ...asked.principal,
      pointerOf: (index) => `/events/${index}`,
      with_leaves: withLeaves,
      elapsed_ms: asked.elapsed_ms,
    });
  rpc.serve(
    UsageService,
    { ingestEvents: 'usage:write', ingestStream: 'usage:write' },
    {
      async ingestEvents(request, context) {
        const call = callOf(context);
        // Without a key there is nothing for a transaction of the call's own to hold.
        if (call.headers['idempotency-key'] === undefined) return responseOf(await report(call, request));
        return responseOf(await asCommand(deps.postgres, context, () => report(call, request)));
      },
      async *ingestStream(requests, context) {
        const call = callOf(context);
        let batch = 0n;
        for await (const request of requests) {
          // Each batch has its own present, and is taken only while the key still holds.
          const asked = await call.again();
          yield { batch, outcome: await outcomeOf(call.id, () => report(asked, request)) };
          batch += 1n;
        }
      },
    },
  );
}

/** What is wrong with a batch is its answer; what is wrong with more than it ends the stream. */
async function outcomeOf(id: string, report: () => Promise<z.infer<typeof IngestAnswer>>) {
  try {
    return { case: 'result' as const, value: responseOf(await report()) };
  } catch (error) {
    if (!(error instanceof CodedError) || error.status >= 500 || error.status === 429) throw error;
    return { case: 'problem' as const, value: problemOf(error, id) };
  }
}

function responseOf(answer: z.infer<typeof IngestAnswer>): MessageInitShape<typeof IngestEventsResponseSchema> {
  return {
    accepted: answer.accepted,
    duplicates: answer.duplicates,
    rejected: answer.rejected.map(({ request_id, ...rest }) => ({ ...rest, requestId: request_id ?? undefined })),
    late: answer.late.map(({ index, request_id, late_policy }) => ({ index, requestId: request_id, latePolicy: late_policy })),
    ack: answer.ack,
    leaves: answer.leaves ?? [],
  };
}

/** The event as JSON would bring it, still to be checked like any other: what is absent here is absent there. */
function inputOf(event: UsageEvent, index: number): unknown {
  const { requestId: request_id, sku, quantity, amount, orgId: org_id, projectId: project_id, time, source } = event;
  const input = {
    request_id,
    sku,
    quantity,
    amount,
    properties: event.properties && documentOf(event.properties, `/events/${index}/properties`),
    org_id,
    project_id,
    time,
    source,
    metadata: event.metadata && documentOf(event.metadata, `/events/${index}/metadata`),
  };
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}

/** A document through the reader of every JSON here: its numbers, depth and names are held to the same rules. */
function documentOf(document: JsonObject, at: string): unknown {
  try {
    return parseJson(Buffer.from(JSON.stringify(document, finite)));
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const { pointer, code, detail } = error;
    throw httpErrors.malformed_request({ detail, errors: [{ pointer: `${at}${pointer}`, code, detail }] });
  }
}

/** JSON has no other numbers, and would say null. */
function finite(_name: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isFinite(value)) return value;
  throw new JsonFault('', 'number_out_of_range', 'NaN and Infinity are no quantities.');
}
