import { recordAudit } from '../../../foundation/audit/service.ts';
import { emit } from '../../../foundation/events/service.ts';
import { requireOrganization } from '../../../foundation/tenancy/service.ts';
import { newId } from '../../../kernel/id.ts';
import type { Clock } from '../../../platform/clock.ts';
import { decodeCursor, encodeCursor, toPage } from '../../../platform/cursor.ts';
import type { Db, Tx } from '../../../platform/postgres.ts';
import { subscribed } from '../decide/subscription.ts';
import { targetOf } from '../decide/url.ts';
import { errors } from '../errors.ts';
import type { events } from '../events.ts';
import type {
  DisabledReason,
  EventTypes,
  NewWebhook,
  Webhook,
  WebhookChanges,
  WebhookWithHealth,
  WebhookWithSecret,
} from '../model.ts';
import { cancelDeliveries } from '../sql/deliveries.ts';
import {
  countWebhooks,
  deleteSecrets,
  insertWebhook,
  lockWebhook,
  selectWebhook,
  selectWebhooks,
  updateDisabled,
  updateEnabled,
  updateWebhook,
  type WebhookFilter,
} from '../sql/webhooks.ts';
import { addSecret } from './secrets.ts';

export interface WebhookDeps {
  /** The wall clock, by which secrets end. */
  clock: Clock;
  event_types: EventTypes;
  /** Private addresses that webhooks may be sent to. */
  allowed: readonly string[];
}

/** Whose webhooks somebody sees: those that these organizations keep; null for all. */
export type OrgIds = readonly string[] | null;

const most_webhooks = 100;

/**
 * Makes an endpoint and its first secret, which is told this once. People of an organization make one that is kept by theirs. Throws
 * `webhook_url_refused`, `webhook_event_type_unknown`, `webhook_secret_invalid`, `webhook_org_required`, `webhook_limit_reached`, `org_not_found`.
 */
export async function createWebhook(tx: Tx, deps: WebhookDeps, org_ids: OrgIds, asked: NewWebhook): Promise<WebhookWithSecret> {
  const managed_by = org_ids === null ? 'tenant' : 'organization';
  const org_id = asked.org_id ?? null;
  if (managed_by === 'organization' && org_id === null) throw errors.webhook_org_required();
  if (org_id !== null) await requireOrganization(tx, org_id);
  const url = requireUrl(asked.url, deps.allowed);
  const event_types = requireTypes(asked.event_types, managed_by, deps.event_types);
  if ((await countWebhooks(tx, { org_id, managed_by })) >= most_webhooks)
    throw errors.webhook_limit_reached({ detail: `There can be ${most_webhooks}.` });
  const webhook_id = newId(tx.now);
  const { schedule, description = null } = asked;
  await insertWebhook(tx, { webhook_id, org_id, managed_by, url, event_types, schedule, description });
  const secret = await addSecret(tx, webhook_id, { given: asked.secret, wall: deps.clock.now(), old_until: null });
  const webhook = await requireWebhook(tx, null, webhook_id);
  await told(tx, 'webhook.created', null, webhook);
  await emit<typeof events>(tx, { type: 'webhook.created', ...about(webhook), data: { webhook_id, event_types } });
  return { ...webhook, secret };
}

/** Throws `webhook_not_found`, also for one that others keep. */
export async function requireWebhook(db: Db, org_ids: OrgIds, webhook_id: string): Promise<Webhook> {
  return visible(await selectWebhook(db, webhook_id), org_ids, webhook_id);
}

/** The same, and nobody else changes it until the transaction ends. */
export async function lockVisible(tx: Tx, org_ids: OrgIds, webhook_id: string): Promise<Webhook> {
  return visible(await lockWebhook(tx, webhook_id), org_ids, webhook_id);
}

/** How it is and how it goes. Throws `webhook_not_found`. */
export async function showWebhook(db: Db, org_ids: OrgIds, webhook_id: string): Promise<WebhookWithHealth> {
  const [webhook] = await selectWebhooks(db, { org_ids, webhook_id, below: null, limit: 1 });
  return visible(webhook, org_ids, webhook_id);
}

/** Newest first. Throws `cursor_invalid`. */
export async function listWebhooks(
  db: Db,
  query: WebhookFilter & { limit: number; cursor?: string | undefined },
): Promise<{ data: WebhookWithHealth[]; next_cursor: string | null }> {
  const sort = 'webhooks.webhook_id';
  const [below = null] = query.cursor === undefined ? [] : decodeCursor(db.tenant_id, sort, query.cursor);
  const rows = await selectWebhooks(db, { ...query, below });
  return toPage(rows, query.limit, (row) => encodeCursor(db.tenant_id, sort, [row.webhook_id]));
}

/** Throws `webhook_not_found`, `webhook_version_stale`, `webhook_url_refused`, `webhook_event_type_unknown`. */
export async function changeWebhook(
  tx: Tx,
  deps: WebhookDeps,
  org_ids: OrgIds,
  webhook_id: string,
  { version, ...changes }: WebhookChanges,
): Promise<Webhook> {
  const before = await lockVisible(tx, org_ids, webhook_id);
  if (version !== undefined && version !== before.version)
    throw errors.webhook_version_stale({ detail: `It has version ${before.version}.` });
  const after = {
    ...before,
    schedule: changes.schedule ?? before.schedule,
    description: changes.description === undefined ? before.description : changes.description,
    url: changes.url === undefined ? before.url : requireUrl(changes.url, deps.allowed),
    event_types:
      changes.event_types === undefined
        ? before.event_types
        : requireTypes(changes.event_types, before.managed_by, deps.event_types),
  };
  const changed = (['url', 'event_types', 'schedule', 'description'] as const).filter(
    (field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]),
  );
  if (changed.length === 0) return before;
  await updateWebhook(tx, webhook_id, after);
  const made = await requireWebhook(tx, null, webhook_id);
  await told(tx, 'webhook.changed', before, made);
  await emit<typeof events>(tx, { type: 'webhook.changed', ...about(made), data: { webhook_id, changed } });
  return made;
}

/**
 * Gives an endpoint another secret, told this once. Those before sign beside it for `keep_hours`. Throws `webhook_not_found`,
 * `webhook_secret_invalid`, `webhook_secrets_too_many`.
 */
export async function rotateSecret(
  tx: Tx,
  deps: WebhookDeps,
  org_ids: OrgIds,
  webhook_id: string,
  { secret: given, keep_hours }: { secret?: string | undefined; keep_hours: number },
): Promise<WebhookWithSecret> {
  const webhook = await lockVisible(tx, org_ids, webhook_id);
  const wall = deps.clock.now();
  const old_until = wall.add({ hours: keep_hours });
  const secret = await addSecret(tx, webhook_id, { given, wall, old_until });
  const target = { ...targeted(webhook), before: null, after: { old_until: old_until.toString() } };
  await recordAudit(tx, { action: 'webhook.secret.rotated', ...target });
  const data = { webhook_id, old_until: old_until.toString() };
  await emit<typeof events>(tx, { type: 'webhook.secret.rotated', ...about(webhook), data });
  return { ...webhook, secret };
}

/** Takes up deliveries again, of what happens from now on; enabled already is no error. Throws `webhook_not_found`. */
export async function enableWebhook(tx: Tx, org_ids: OrgIds, webhook_id: string): Promise<Webhook> {
  const before = await lockVisible(tx, org_ids, webhook_id);
  if (before.status === 'enabled') return before;
  await updateEnabled(tx, webhook_id);
  const after = await requireWebhook(tx, null, webhook_id);
  await told(tx, 'webhook.enabled', before, after);
  await emit<typeof events>(tx, { type: 'webhook.enabled', ...about(after), data: { webhook_id } });
  return after;
}

/** Ends deliveries; what waits is cancelled and can be replayed. Disabled already is no error. Throws `webhook_not_found`. */
export async function disableWebhook(tx: Tx, org_ids: OrgIds, webhook_id: string, reason: DisabledReason): Promise<Webhook> {
  const before = await lockVisible(tx, org_ids, webhook_id);
  return before.status === 'disabled' ? before : disableLocked(tx, before, reason);
}

/** For whoever holds the webhook's lock. */
export async function disableLocked(tx: Tx, before: Webhook, reason: DisabledReason): Promise<Webhook> {
  const { webhook_id } = before;
  await updateDisabled(tx, webhook_id, reason);
  await cancelDeliveries(tx, webhook_id);
  const after = await requireWebhook(tx, null, webhook_id);
  await told(tx, 'webhook.disabled', before, after);
  await emit<typeof events>(tx, { type: 'webhook.disabled', ...about(after), data: { webhook_id, reason } });
  return after;
}

/** Takes an endpoint away, with its secrets; its deliveries stay on record. Throws `webhook_not_found`. */
export async function deleteWebhook(tx: Tx, org_ids: OrgIds, webhook_id: string): Promise<Webhook> {
  const before = await lockVisible(tx, org_ids, webhook_id);
  await updateDisabled(tx, webhook_id, 'deleted');
  await cancelDeliveries(tx, webhook_id);
  await deleteSecrets(tx, webhook_id, null);
  await told(tx, 'webhook.deleted', before, null);
  await emit<typeof events>(tx, { type: 'webhook.deleted', ...about(before), data: { webhook_id } });
  return before;
}

function visible<W extends Webhook>(webhook: W | undefined, org_ids: OrgIds, webhook_id: string): W {
  const seen =
    webhook !== undefined &&
    (org_ids === null || (webhook.managed_by === 'organization' && webhook.org_id !== null && org_ids.includes(webhook.org_id)));
  if (!seen) throw errors.webhook_not_found({ detail: `There is no webhook ${webhook_id}.` });
  return webhook;
}

/** As it is written plainly. */
function requireUrl(text: string, allowed: readonly string[]): string {
  const target = targetOf(text, allowed);
  if (!('fault' in target)) return target.url.href;
  const detail = `The URL ${target.fault}.`;
  throw errors.webhook_url_refused({ detail, errors: [{ pointer: '/url', code: 'webhook_url_refused', detail }] });
}

function requireTypes(asked: readonly string[], managed_by: Webhook['managed_by'], types: EventTypes): string[] {
  const chosen = subscribed(asked, managed_by, types);
  if ('event_types' in chosen) return chosen.event_types;
  throw errors.webhook_event_type_unknown({ detail: chosen.faults[0]!.detail, errors: chosen.faults });
}

/** An organization hears of the endpoints that it keeps, not of those that the tenant keeps for it. */
export function about({ webhook_id, org_id, managed_by }: Webhook) {
  return { aggregate_type: 'webhook', aggregate_id: webhook_id, org_id: managed_by === 'organization' ? org_id : null };
}

function targeted({ webhook_id, org_id }: Webhook) {
  return { target_type: 'webhook', target_id: webhook_id, org_id };
}

function told(tx: Tx, action: string, before: Webhook | null, after: Webhook | null): Promise<string> {
  return recordAudit(tx, { action, ...targeted((after ?? before)!), before, after });
}
