import { z } from 'zod';
import { merkleRoot } from '../../../kernel/merkle.ts';
import { utcText } from '../../../kernel/proof.ts';
import type { Principal, Server } from '../../../platform/http.ts';
import type { Postgres, Tx } from '../../../platform/postgres.ts';
import { Problem, Text } from '../../../platform/schemas.ts';
import { errors } from '../errors.ts';
import {
  AmendBody,
  CorrectionAnswer,
  CorrectionItem,
  type CorrectionRejection,
  CorrectionsAnswer,
  MeteringEventDetail,
  VoidBody,
} from '../model/corrections.ts';
import type { SignAck } from '../model.ts';
import { type CorrectionOutcome, correctEvents, correctionOf, eventDetail } from '../service/corrections.ts';
import { most_events } from '../service/ingest.ts';

const tags = ['Usage'];
const params = z.object({
  request_id: Text(255).meta({ description: 'percent-encoded' }),
});

interface Deps {
  postgres: Postgres;
  signAck: SignAck;
}

export function correctionRoutes(server: Server, deps: Deps): void {
  getEvent(server);
  voidEvent(server, deps);
  amendEvent(server, deps);
  postCorrections(server, deps);
}

function getEvent(server: Server): void {
  server.query({
    method: 'GET',
    url: '/v1/metering/events/{request_id}',
    scope: 'usage:read',
    summary: 'One usage event, what took it back and what stands in its place',
    tags,
    params,
    response: { 200: MeteringEventDetail },
    handle: async (db, { params: { request_id }, principal }) => ({
      status: 200,
      body: await eventDetail(db, request_id, principal.org_ids),
    }),
  });
}

function voidEvent(server: Server, deps: Deps): void {
  server.command({
    method: 'POST',
    url: '/v1/metering/events/{request_id}:void',
    scope: 'usage:write',
    summary: 'Take an event back by a counter-event; nothing is overwritten',
    tags,
    params,
    body: VoidBody,
    response: { 201: CorrectionAnswer },
    handle: async (tx, { params: { request_id: voids }, body, principal, elapsed_ms }) => ({
      status: 201,
      body: await correctOne(tx, deps, { ...body, voids }, { principal, elapsed_ms }),
    }),
  });
}

function amendEvent(server: Server, deps: Deps): void {
  server.command({
    method: 'POST',
    url: '/v1/metering/events/{request_id}:amend',
    scope: 'usage:write',
    summary: 'Take an event back and put another in its place: what is left out stays as it was, null takes it away',
    tags,
    params,
    body: AmendBody,
    response: { 201: CorrectionAnswer },
    handle: async (tx, { params: { request_id: amends }, body, principal, elapsed_ms }) => ({
      status: 201,
      body: await correctOne(tx, deps, { ...body, amends }, { principal, elapsed_ms }),
    }),
  });
}

function postCorrections(server: Server, deps: Deps): void {
  server.command({
    method: 'POST',
    url: '/v1/metering/corrections',
    scope: 'usage:write',
    summary: 'Void and amend many events; each correction is answered by itself',
    tags,
    body: z.strictObject({
      corrections: z
        .array(z.unknown().meta({ description: item_form }))
        .min(1)
        .max(most_events),
    }),
    body_limit: 16 * 1024 * 1024,
    response: { 202: CorrectionsAnswer, 422: Problem.extend({ rejected: CorrectionsAnswer.shape.rejected.optional() }) },
    handle: async (tx, { body, principal, elapsed_ms }) => {
      const outcome = await correctEvents(deps.postgres, tx, body.corrections.map(readItem), principal.org_ids);
      if (outcome.leaves.length === 0) throw allRejected(outcome.rejected);
      const { accepted, duplicates, rejected, late } = outcome;
      const ack = await acknowledge(deps, outcome, { principal, elapsed_ms });
      return { status: 202, body: { accepted, duplicates, rejected, late, ack } };
    },
  });
}

const item_form =
  '{voids, reason, source?} or {amends, reason, source?, request_id?, quantity?, amount?, properties?, time?, org_id?, project_id?, sku?, metadata?}; voids and amends are the request_id of the event';

interface Caller {
  principal: Principal;
  elapsed_ms(): number;
}

async function correctOne(tx: Tx, deps: Deps, item: CorrectionItem, caller: Caller): Promise<z.input<typeof CorrectionAnswer>> {
  const outcome = await correctEvents(deps.postgres, tx, [item], caller.principal.org_ids);
  const of = 'voids' in item ? item.voids : item.amends;
  const [rejection] = outcome.rejected;
  if (rejection?.code === 'event_corrected') {
    const { counter, replacement } = await correctionOf(tx, of);
    throw errors.event_corrected({
      detail: rejection.detail,
      extensions: { voided_by: counter.request_id, amended_by: replacement?.request_id ?? null },
    });
  }
  if (rejection) throw refused(rejection);
  const ack = await acknowledge(deps, outcome, caller);
  return { ...(await correctionOf(tx, of)), late: outcome.late, ack };
}

async function acknowledge(deps: Deps, { leaves }: CorrectionOutcome, { principal, elapsed_ms }: Caller): Promise<string> {
  const { tenant_id, now } = principal;
  // When it was on disk, as ingest says it.
  const time = utcText(now.add({ microseconds: Math.ceil(elapsed_ms() * 1000) }));
  return deps.signAck(tenant_id, { tenant_id, root: merkleRoot(leaves).toString('hex'), count: leaves.length, time });
}

function readItem(value: unknown, index: number): CorrectionItem | CorrectionRejection {
  const fields = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const name = [fields.voids, fields.amends].find((each) => typeof each === 'string');
  const parsed = (fields.amends === undefined ? CorrectionItem.options[0] : CorrectionItem.options[1]).safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const unknown = issue.code === 'unrecognized_keys';
  const field = unknown ? `${issue.keys[0]}` : `${String(issue.path[0] ?? '')}`;
  const missing = field !== '' && !Object.hasOwn(fields, field);
  return {
    index,
    request_id: typeof name === 'string' ? name.toWellFormed().slice(0, 255) : null,
    code: field === '' ? 'event_invalid' : unknown ? 'field_unknown' : missing ? 'field_missing' : 'field_invalid',
    detail: `${field === '' ? 'A correction' : field.toWellFormed().slice(0, 100)}: ${issue.message}.`,
  };
}

/** Which member of the body a code is about. */
const pointers: Partial<Record<CorrectionRejection['code'], string>> = {
  quantity_invalid: '/quantity',
  quantity_required: '/quantity',
  quantity_negative: '/quantity',
  time_invalid: '/time',
  time_out_of_window: '/time',
  org_unknown: '/org_id',
  sku_unknown: '/sku',
  project_unknown: '/project_id',
};

function refused({ code, detail }: CorrectionRejection) {
  switch (code) {
    case 'event_not_found':
    case 'event_is_counter':
    case 'request_id_conflict':
    case 'period_closed':
      return errors[code]({ detail });
    default:
      return errors.correction_refused({ detail, errors: [{ pointer: pointers[code] ?? '', code, detail }] });
  }
}

function allRejected(rejected: readonly CorrectionRejection[]) {
  return errors.corrections_all_rejected({
    detail: `${rejected[0]?.detail ?? ''}${rejected.length > 1 ? ` (and ${rejected.length - 1} more)` : ''}`,
    errors: rejected.slice(0, 20).map(({ index, code, detail }) => ({ pointer: `/corrections/${index}`, code, detail })),
    extensions: { accepted: 0, duplicates: 0, rejected },
  });
}
