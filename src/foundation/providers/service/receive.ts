import { hash } from 'node:crypto';
import type { JsonObject } from '../../../kernel/canonical-json.ts';
import { CodedError } from '../../../kernel/errors.ts';
import { isId, newId } from '../../../kernel/id.ts';
import { failpoint } from '../../../platform/failpoint.ts';
import { enqueue } from '../../../platform/jobs.ts';
import type { Scope, Tx } from '../../../platform/postgres.ts';
import { recordAudit } from '../../audit/service.ts';
import { tenantNow } from '../../tenancy/model.ts';
import { requireTenant } from '../../tenancy/service.ts';
import { describe, keptHeaders } from '../decide/message.ts';
import { type Claim, claimOf, type Headers, isFault, schemeOf, whoSigned } from '../decide/signature.ts';
import { errors } from '../errors.ts';
import type { WebhookStatus } from '../model.ts';
import { type EndpointLookup, findEndpoint } from '../sql/endpoints.ts';
import { insertWebhook, isBacklogged, selectByMessage } from '../sql/webhooks.ts';
import { liveKeys } from './endpoints.ts';
import { type Outcome, type ProcessDeps, process_job, processKey, processWebhook } from './process.ts';
import { createRefusals } from './refusals.ts';

export interface Delivery {
  endpoint_id: string;
  headers: Headers;
  /** As it came. */
  body: Buffer;
  http_request_id: string;
  /** Where the path says which kind of endpoint it is of: another one is as good as unknown. */
  kind?: string;
}

export type Reception =
  /** Processed: what its kind answers. */
  | { status: 200; body: JsonObject; again: boolean }
  /** Kept, and processed by a job. */
  | { status: 202; body: { inbound_webhook_id: string }; again: boolean };

export interface Inbound {
  /**
   * Takes a message: verifies it over its raw bytes, stores it, has it processed, and says what its sender is answered; the same message again is
   * answered the same (`again`). Throws `inbound_webhook_unauthenticated` whatever is wrong with its signature, its endpoint included;
   * `inbound_webhook_reused`, `inbound_endpoint_busy`; and where its kind answers, what that refuses it with.
   */
  receive(delivery: Delivery): Promise<Reception>;
  /** Ends what goes on behind the answers. */
  close(): Promise<void>;
}

/** How long a sender waits for what becomes of its message; then it is told that it is kept. */
const answer_within_s = 5;
/** Verified messages of one endpoint that are under way in this process at once. */
const most_under_way = 64;
/** Messages of one endpoint that wait to be processed. */
const most_waiting = 10_000;

interface Verified {
  endpoint: EndpointLookup;
  claim: Claim;
  secret_id: string;
}

export function createInbound(deps: ProcessDeps, limits: { answer_within_ms?: number } = {}): Inbound {
  const { postgres, clock, log, kinds, metrics } = deps;
  const { answer_within_ms = answer_within_s * 1000 } = limits;
  const under_way = new Map<string, number>();
  const behind = new Set<Promise<unknown>>();
  const refusals = createRefusals(deps);

  /** Goes on when the answer is out already. */
  const goOn = (work: Promise<unknown>, what: string) => {
    const one = work.catch((error: unknown) => log.warn({ err: error }, what)).finally(() => behind.delete(one));
    behind.add(one);
  };

  async function verify({ endpoint_id, headers, body, kind }: Delivery): Promise<Verified> {
    const wall = clock.now();
    const scheme = schemeOf(headers);
    const claim = claimOf(scheme, headers, wall);
    const found = isId(endpoint_id) ? await findEndpoint(postgres.pool('auth'), endpoint_id) : undefined;
    const known = found && (kind === undefined || found.endpoint.kind === kind) ? found : undefined;
    const refuse = (reason: string, detail: string): Error => {
      metrics.refused.inc({ reason });
      if (known) goOn(refusals.note(known.endpoint, reason), 'a refusal could not be put on record');
      return errors.inbound_webhook_unauthenticated({ detail, internal: { endpoint_id, reason } });
    };
    // What is wrong with the headers says something of the endpoint, unless the path has said already how its messages are signed.
    if (isFault(claim)) throw refuse(claim.reason, kind === undefined ? not_signed : `${claim.detail}.`);
    const live = known?.endpoint.enabled && known.endpoint.revoked_at === null ? known : undefined;
    const keys = live ? liveKeys(live.endpoint, live.secrets, wall) : [nobodys_key];
    const secret_id = whoSigned(claim, body, keys);
    if (!known) throw refuse('unknown_endpoint', not_signed);
    if (!live) throw refuse('disabled_endpoint', not_signed);
    if (secret_id === null || kinds.get(live.endpoint.kind)?.scheme !== scheme) throw refuse('signature', not_signed);
    return { endpoint: live.endpoint, claim, secret_id };
  }

  async function store(
    { headers, body, http_request_id }: Delivery,
    { endpoint, claim, secret_id }: Verified,
  ): Promise<{ inbound_webhook_id: string; status: WebhookStatus; again: boolean }> {
    const wall = clock.now();
    const { tenant_id, endpoint_id, name } = endpoint;
    const tenant = await postgres.read({ tenant_id, now: wall }, requireTenant);
    const inbound_webhook_id = newId(wall);
    const scope: Scope = {
      tenant_id,
      now: tenantNow(tenant, wall),
      actor: { kind: 'system', id: endpoint_id, name },
      request_id: http_request_id,
      // All that a message sets off is found by its id.
      correlation_id: inbound_webhook_id,
    };
    const { answers } = kinds.get(endpoint.kind)!;
    const next = answers ? wall.add({ milliseconds: answer_within_ms }) : wall;
    const webhook = {
      inbound_webhook_id,
      endpoint_id,
      ...describe(claim, body),
      headers: keptHeaders(headers),
      body,
      body_hash: hash('sha256', body, 'buffer'),
      secret_id,
      signed_at: Temporal.Instant.fromEpochMilliseconds(claim.signed_at_s * 1000).toString(),
      received_at: wall.toString(),
      next_attempt_at: next.toString(),
    };
    return postgres.transact(scope, async (tx) => {
      const known = await selectByMessage(tx, webhook);
      if (known) return repeated(claim, webhook, known);
      if (await isBacklogged(tx, endpoint_id, most_waiting))
        throw errors.inbound_endpoint_busy({ detail: 'Too many of its messages wait.', headers: { 'retry-after': '60' } });
      if (!(await insertWebhook(tx, webhook))) return storedMeanwhile(tx, claim, webhook);
      const { message_id, type } = webhook;
      await recordAudit(tx, {
        action: 'inbound_webhook.accepted',
        target_type: 'inbound_webhook',
        target_id: inbound_webhook_id,
        before: null,
        after: { endpoint_id, kind: endpoint.kind, message_id, type, secret_id, body_sha256: webhook.body_hash.toString('hex') },
      });
      const options = { key: processKey(inbound_webhook_id), ...(answers ? { run_at: next } : {}) };
      await enqueue(tx, process_job, { inbound_webhook_id }, options);
      return { inbound_webhook_id, status: 'received', again: false };
    });
  }

  async function take(delivery: Delivery, verified: Verified): Promise<Reception> {
    const { tenant_id, kind } = verified.endpoint;
    const { inbound_webhook_id, status, again } = await store(delivery, verified);
    metrics.webhooks.inc({ kind, outcome: again ? 'repeated' : 'accepted' });
    failpoint('inbound.stored-not-processed');
    const later: Reception = { status: 202, body: { inbound_webhook_id }, again };
    // What failed has its time to be tried again; a sender that asks often must not use its tries up.
    if (!kinds.get(kind)!.answers || status === 'failed') return later;
    const work = processWebhook(deps, { tenant_id, inbound_webhook_id });
    goOn(work, 'an inbound webhook is left to its job');
    const outcome = await within(work, answer_within_ms);
    if (outcome?.status === 'processed') return { status: 200, body: outcome.answer ?? {}, again };
    if (outcome?.status === 'ignored') throw refusalError(outcome);
    return later;
  }

  return {
    async receive(delivery) {
      const verified = await verify(delivery);
      const { endpoint_id } = verified.endpoint;
      const others = under_way.get(endpoint_id) ?? 0;
      if (others >= most_under_way)
        throw errors.inbound_endpoint_busy({ detail: 'Send fewer at once.', headers: { 'retry-after': '1' } });
      under_way.set(endpoint_id, others + 1);
      try {
        return await take(delivery, verified);
      } finally {
        const left = under_way.get(endpoint_id)! - 1;
        if (left === 0) under_way.delete(endpoint_id);
        else under_way.set(endpoint_id, left);
      }
    },
    async close() {
      while (behind.size > 0) await Promise.all(behind);
    },
  };
}

/** One sentence for everything, so that nobody learns which endpoints there are. */
const not_signed = 'The message is not signed by a secret of this endpoint, within five minutes of now.';

/** Tried on what is for nobody, which then takes as long. */
const nobodys_key = { secret_id: '', key: Buffer.alloc(32) };

type Sent = { inbound_webhook_id: string; body_hash: Buffer };
type Stored = Sent & { status: WebhookStatus };

/** A provider may change a body that it sends again (Stripe counts the tries in it) where the id is not part of what is signed by itself. */
function repeated(claim: Claim, sent: Sent, known: Stored): { inbound_webhook_id: string; status: WebhookStatus; again: true } {
  if (claim.message_id !== null && !known.body_hash.equals(sent.body_hash))
    throw errors.inbound_webhook_reused({ detail: 'The webhook-id was used for another body.' });
  return { inbound_webhook_id: known.inbound_webhook_id, status: known.status, again: true };
}

/** Somebody else stored the same message between the look and the insert. Where it was refused at once, the sender tries again. */
async function storedMeanwhile(tx: Tx, claim: Claim, sent: Sent & { endpoint_id: string; message_id: string }) {
  const known = await selectByMessage(tx, sent);
  if (!known) throw errors.inbound_endpoint_busy({ detail: 'The same message is being taken.', headers: { 'retry-after': '1' } });
  return repeated(claim, sent, known);
}

/** What the work comes to, or null where it fails or takes longer: its job sees to it then. */
async function within(work: Promise<Outcome>, timeout_ms: number): Promise<Outcome | null> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), timeout_ms);
  const done = work.catch(() => null);
  try {
    return await Promise.race([done, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function refusalError({ error }: Extract<Outcome, { status: 'ignored' }>): CodedError {
  const { code, status, title, detail, errors: faults } = error;
  return new CodedError(code, status, title, {
    ...(detail === undefined ? {} : { detail }),
    ...(faults === undefined ? {} : { errors: faults }),
  });
}
