import { executeRun } from '../../src/billing/invoicing/service/run.ts';
import { executeBacktest } from '../../src/billing/rating/service/backtest/run.ts';
import { clock } from '../../src/platform/clock.ts';
import { form, formType } from './form.ts';
import type { Sample } from './sample.ts';
import type { Answer, TestServer, TestTenant } from './server.ts';
import { eventSamples, findEvent } from './world-events.ts';
import { meterSamples, populateMeters } from './world-meters.ts';
import { populateReplays, replaySamples } from './world-replays.ts';

export { form, formType } from './form.ts';
export type { Sample } from './sample.ts';

/** Everything that a tenant may have, at least one of each; ids by name. */
export interface World {
  ids: Record<string, string>;
  /** As this world's admin. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

/** How some meter file is read. */
const csvMapping = {
  meter: { column: 'meter' },
  unit: { column: 'unit' },
  time: { columns: ['time'], format: 'YYYY-MM-DD HH:mm', zone: 'UTC' },
  interval_minutes: 60,
  quantity: { column: 'quantity' },
};

/** Fills a tenant over HTTP, a billed January 2025 included. `name` is lower-case letters, different for each tenant. */
export async function populate(s: TestServer, tenant: TestTenant, name: string): Promise<World> {
  const call: World['call'] = (method, path, body, headers = {}) =>
    s.call(method, path, body, { authorization: `Bearer ${tenant.key}`, ...headers });
  const made = async (path: string, body: unknown, method = 'POST', headers = {}) => {
    const answer = await call(method, path, body, headers);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const org = (slug: string, more: object = {}) =>
    made('/v1/orgs', {
      legal_name: `${name} ${slug}`,
      org_slug: `${name}-${slug}`,
      billing_email: `${slug}@${name}.example`,
      default_timezone: 'UTC',
      ...more,
    });
  const ids: Record<string, string> = {};
  const customer = await org('customer');
  ids.org = customer.org_id;
  ids.org_slug = customer.org_slug;
  ids.child = (await org('child', { parent_org_id: ids.org })).org_id;
  ids.loose = (await org('loose')).org_id;
  ids.partner = (await org('partner', { partner_tier: `${name}-gold` })).org_id;
  ids.project = (await made('/v1/projects', { org_id: ids.org, name: 'A project' })).project_id;
  const member = await made(`/v1/orgs/${ids.org}/members`, { email: `someone@${name}.example`, role: 'user' });
  ids.member = member.user_id;
  ids.key = (await made('/v1/api-keys', { name: 'A key', scopes: ['usage:read'] })).api_key_id;

  ids.sku = (await made('/v1/skus', { sku: `${name}.calls`, type: 'action', unit: 'call', aggregation: 'sum' })).sku;
  ids.energy = (await made('/v1/skus', { sku: `${name}.energy`, type: 'energy', unit: 'kWh', aggregation: 'sum' })).sku;
  ids.extra = (await made('/v1/skus', { sku: `${name}.extra`, type: 'object', unit: 'piece', aggregation: 'sum' })).sku;
  ids.model = (await made('/v1/business-models', { code: `${name}-model`, name: 'A model', currency: 'AUD' })).model_id;
  ids.plan = (await made('/v1/plans', { model_id: ids.model, name: 'A plan', base_amount: '5.00' })).plan_id;
  ids.addon = (await made('/v1/plans', { model_id: ids.model, name: 'An add-on' })).plan_id;
  await made(`/v1/plans/${ids.plan}/skus/${ids.sku}`, { overage_price: '0.25' }, 'PUT');
  await made(`/v1/plans/${ids.addon}/skus/${ids.extra}`, { overage_price: '2' }, 'PUT');
  for (const [subscriber, place] of [
    ['org', 'subscription'],
    ['child', 'child_subscription'],
    ['loose', 'loose_subscription'],
  ] as const) {
    const entitlement = { plan_id: ids.plan, effective_at: '2025-01-01T00:00:00Z' };
    ids[place] = (await made(`/v1/orgs/${ids[subscriber]}/entitlements`, entitlement)).subscription_id;
  }
  await made(`/v1/orgs/${ids.org}/business-model`, { model_id: ids.model, plan_id: ids.plan }, 'PUT');
  const record = { org_id: ids.org, partner_id: ids.partner, start_at: '2025-01-01T00:00:00Z' };
  ids.partner_of_record = (await made('/v1/partners-of-record', record)).partner_of_record_id;
  await made('/v1/commission-rates', { partner_tier: `${name}-gold`, sku: ids.sku, pct: '10' }, 'PUT');

  ids.site = (await made('/v1/sites', { name: 'A site' })).site_id;
  const occupancy = { org_id: ids.org, from: '2025-01-01T00:00:00Z' };
  ids.occupancy = (await made(`/v1/sites/${ids.site}/occupancies`, occupancy)).occupancy_id;
  ids.meter = (await made('/v1/meters', { site_id: ids.site, identifier: `${name}-1`, sku: ids.energy })).meter_id;
  const reading = (time: string, value: string) =>
    made('/v1/metering/readings', { meter_id: ids.meter, time, value, quality: 'actual' });
  await reading('2025-01-02T00:00:00Z', '1');
  ids.reading = (await reading('2025-01-03T00:00:00Z', '4')).data[0].reading_id;
  await populateMeters({ made, call, name }, ids);
  const event = (org_id: string, at: number) => ({
    request_id: `${name}-event-${at}`,
    org_id,
    sku: ids.sku,
    quantity: '2',
    time: `2025-01-0${at + 1}T00:00:00Z`,
  });
  await made('/v1/metering/events', [
    ...[ids.org!, ids.child!, ids.loose!].map((org_id, at) => event(org_id, at)),
    { ...event(ids.org!, 7), project_id: ids.project },
    // To be corrected, each in its own way.
    ...['voided', 'amended', 'corrected'].map((corrected) => ({
      ...event(ids.org!, 0),
      request_id: `${name}.${corrected}.event`,
      time: '2025-04-01T00:00:00Z',
    })),
  ]);
  for (const corrected of ['voided', 'amended', 'corrected']) ids[`${corrected}_event`] = `${name}.${corrected}.event`;
  const past = { org_id: ids.org, from: '2024-01-01T00:00:00Z', to: '2024-02-01T00:00:00Z' };
  for (const place of ['csv_mapping', 'removed_csv_mapping'])
    ids[place] = (
      await made('/v1/metering/csv-mappings', { name: `${name}-${place.replaceAll('_', '-')}`, definition: csvMapping })
    ).name;
  ids.deprecation = (await made('/v1/metering/deprecations', { ...past, sku: ids.sku, reason: 'A reason' })).deprecation_id;
  ids.replay = (await made('/v1/metering/replays', { from_store: past })).replay_id;
  const file = form({ org: ids.org! }, `request_id,sku,quantity,time\n${name}-row,${ids.sku},1,2025-01-09T00:00:00Z\n`);
  const headers = { 'content-type': formType };
  ids.import = (await made('/v1/metering/imports', file, 'POST', headers)).import_id;
  await made('/v1/billing/charges', { org_id: ids.org, lines: [{ sku: ids.sku, quantity: '3', request_id: `${name}-action` }] });

  ids.run = (await made('/v1/billing/runs', { from: '2025-01-01', to: '2025-02-01' })).run_id;
  await executeRun({ postgres: s.t.postgres, clock }, { tenant_id: tenant.tenant_id, run_id: ids.run! });
  for (const place of ['org', 'child', 'loose'] as const) {
    const { data } = (await call('GET', `/v1/invoices?org_id=${ids[place]}`)).body;
    const invoice = (await call('GET', `/v1/invoices/${data[0].invoice_id}`)).body;
    ids[`${place}_invoice`] = invoice.invoice_id;
    ids[`${place}_line`] = invoice.lines[0].line_id;
  }
  for (const place of ['child', 'loose'] as const) {
    const lines = [{ line_id: ids[`${place}_line`], amount: { amount: '0.01', currency: 'AUD' } }];
    const note = await made(`/v1/invoices/${ids[`${place}_invoice`]}/credit-notes`, { reason: 'A reason', lines });
    ids[`${place}_credit_note`] = note.credit_note_id;
  }
  const draft = (title: string) => made('/v1/pricing/drafts', { name: title, plan_id: ids.plan, base_amount: '6.00' });
  ids.draft = (await draft('A draft')).draft_id;
  ids.other_draft = (await draft('Another draft')).draft_id;
  const months = { draft_id: ids.draft, compare_draft_id: ids.other_draft, from: '2025-01', to: '2025-02' };
  ids.backtest = (await made('/v1/pricing/backtests', months)).backtest_id;
  await executeBacktest({ postgres: s.t.postgres, clock }, { tenant_id: tenant.tenant_id, backtest_id: ids.backtest! });
  ids.waiting_backtest = (await made('/v1/pricing/backtests', months)).backtest_id;
  await findEvent(call, ids);
  await populateReplays({ made, call, s, tenant_id: tenant.tenant_id }, ids);
  return { ids, call };
}

/**
 * A request for every secured operation, made of a world's own ids, which the server takes. In this order each still can be:
 * what ends or uses up something comes last. `n` makes names that are used once.
 */
export function samplesOf(ids: Readonly<Record<string, string>>, n: string): Record<string, Sample> {
  const at = '2025-03-01T00:00:00Z';
  const organization = { legal_name: 'A name', org_slug: `slug-${n}`, billing_email: 'a@example.com', default_timezone: 'UTC' };
  const event = {
    request_id: `event-${n}`,
    org_id: ids.org,
    project_id: ids.project,
    sku: ids.sku,
    quantity: '1',
    time: '2025-02-03T00:00:00Z',
  };
  // What the rows say is looked at by the job, and told by its report.
  const file = `request_id,sku,quantity,time\nrow-${n},any.sku,1,2025-02-09T00:00:00Z\n`;
  return {
    'GET /v1/audit-entries': { url: `/v1/audit-entries?target_id=${ids.org}` },
    'GET /v1/events': { url: `/v1/events?aggregate_id=${ids.org}` },
    ...eventSamples(ids),
    'POST /v1/orgs': { url: '/v1/orgs', body: { ...organization, parent_org_id: ids.org } },
    'GET /v1/orgs': { url: '/v1/orgs' },
    'GET /v1/orgs/{id}': { url: `/v1/orgs/${ids.org}` },
    'PATCH /v1/orgs/{id}': { url: `/v1/orgs/${ids.partner}`, body: { parent_org_id: ids.loose } },
    'POST /v1/orgs/{id}/children': { url: `/v1/orgs/${ids.org}/children`, body: { org_id: ids.loose } },
    'GET /v1/orgs/{id}/children': { url: `/v1/orgs/${ids.org}/children` },
    'POST /v1/projects': { url: '/v1/projects', body: { org_id: ids.org, name: `Project ${n}` } },
    'GET /v1/projects': { url: `/v1/projects?org_id=${ids.org}` },
    'GET /v1/test-clock': { url: '/v1/test-clock' },
    'GET /v1/api-keys': { url: '/v1/api-keys' },
    'POST /v1/api-keys': { url: '/v1/api-keys', body: { name: `Key ${n}`, scopes: ['orgs:read'], org_id: ids.org } },
    'GET /v1/orgs/{id}/members': { url: `/v1/orgs/${ids.org}/members` },
    'POST /v1/orgs/{id}/members': { url: `/v1/orgs/${ids.org}/members`, body: { email: `${n}@example.com`, role: 'user' } },
    'PATCH /v1/orgs/{id}/members/{user_id}': { url: `/v1/orgs/${ids.org}/members/${ids.member}`, body: { role: 'finance' } },
    'GET /v1/checkpoints': { url: '/v1/checkpoints' },
    'GET /v1/checkpoints/consistency': { url: '/v1/checkpoints/consistency?from=3&to=3' },
    'GET /v1/receipts': { url: '/v1/receipts' },
    'GET /v1/receipts/{id}': { url: `/v1/receipts/${ids.org_invoice}` },
    'POST /v1/skus': { url: '/v1/skus', body: { sku: `sku-${n}`, type: 'action', unit: 'call' } },
    'GET /v1/skus': { url: '/v1/skus' },
    'GET /v1/skus/{sku}': { url: `/v1/skus/${ids.sku}` },
    'PATCH /v1/skus/{sku}': { url: `/v1/skus/${ids.sku}`, body: { tax_code: 'GST' } },
    'POST /v1/business-models': { url: '/v1/business-models', body: { code: `m-${n}`, name: 'A model', currency: 'AUD' } },
    'GET /v1/business-models': { url: '/v1/business-models' },
    'GET /v1/business-models/{model_id}': { url: `/v1/business-models/${ids.model}` },
    'PATCH /v1/business-models/{model_id}': { url: `/v1/business-models/${ids.model}`, body: { default_plan_id: ids.plan } },
    'POST /v1/plans': { url: '/v1/plans', body: { model_id: ids.model, name: `Plan ${n}` } },
    'GET /v1/plans': { url: `/v1/plans?model_id=${ids.model}` },
    'GET /v1/plans/{plan_id}': { url: `/v1/plans/${ids.plan}` },
    'PATCH /v1/plans/{plan_id}': { url: `/v1/plans/${ids.plan}`, body: { notes: 'A note' } },
    'PUT /v1/plans/{plan_id}/skus/{sku}': { url: `/v1/plans/${ids.plan}/skus/${ids.sku}`, body: { overage_price: '0.5' } },
    'GET /v1/plans/{plan_id}/skus/{sku}/versions': { url: `/v1/plans/${ids.plan}/skus/${ids.sku}/versions` },
    'POST /v1/metering/events': { url: '/v1/metering/events', body: { events: [event] } },
    'GET /v1/metering/events': { url: `/v1/metering/events?org_id=${ids.org}&sku=${ids.sku}` },
    'GET /v1/metering/events/{request_id}': { url: `/v1/metering/events/${ids.voided_event}` },
    'POST /v1/metering/events/{request_id}:void': {
      url: `/v1/metering/events/${ids.voided_event}:void`,
      body: { reason: 'A reason' },
    },
    'POST /v1/metering/events/{request_id}:amend': {
      url: `/v1/metering/events/${ids.amended_event}:amend`,
      body: { reason: 'A reason', quantity: '3', project_id: ids.project },
    },
    'POST /v1/metering/corrections': {
      url: '/v1/metering/corrections',
      body: { corrections: [{ voids: ids.corrected_event, reason: 'A reason' }] },
    },
    'POST /v1/metering/deprecations': {
      url: '/v1/metering/deprecations',
      body: { org_id: ids.org, sku: ids.sku, from: '2024-01-01T00:00:00Z', to: '2024-02-01T00:00:00Z', reason: 'A reason' },
    },
    'GET /v1/metering/deprecations/{id}': { url: `/v1/metering/deprecations/${ids.deprecation}` },
    'POST /v1/metering/replays': {
      url: '/v1/metering/replays',
      body: { from_store: { org_id: ids.org, sku: ids.sku, from: '2024-01-01T00:00:00Z', to: '2024-02-01T00:00:00Z' } },
    },
    'GET /v1/metering/replays/{id}': { url: `/v1/metering/replays/${ids.replay}` },
    'GET /v1/metering/usage': {
      url: `/v1/metering/usage?org_id=${ids.org}&sku=${ids.sku}&from=2025-01-01&to=2025-02-01&group_by=org_id`,
    },
    'POST /v1/sites': { url: '/v1/sites', body: { name: `Site ${n}` } },
    'GET /v1/sites': { url: `/v1/sites?org_id=${ids.org}` },
    'GET /v1/sites/{id}': { url: `/v1/sites/${ids.site}` },
    'GET /v1/sites/{id}/occupancies': { url: `/v1/sites/${ids.site}/occupancies` },
    'POST /v1/meters': { url: '/v1/meters', body: { site_id: ids.site, identifier: `meter-${n}`, sku: ids.energy } },
    'GET /v1/meters': { url: `/v1/meters?site_id=${ids.site}` },
    'GET /v1/meters/{id}': { url: `/v1/meters/${ids.meter}` },
    'POST /v1/metering/readings': {
      url: '/v1/metering/readings',
      body: { meter_id: ids.meter, time: '2025-01-20T00:00:00Z', value: '9', quality: 'actual' },
    },
    'GET /v1/metering/readings': { url: `/v1/metering/readings?meter_id=${ids.meter}` },
    ...meterSamples(ids, n),
    'POST /v1/metering/imports': { url: '/v1/metering/imports', body: form({ org: ids.org! }, file), content_type: formType },
    'GET /v1/metering/imports': { url: `/v1/metering/imports?org_id=${ids.org}` },
    'GET /v1/metering/imports/{id}': { url: `/v1/metering/imports/${ids.import}` },
    'GET /v1/ledger/lines': { url: `/v1/ledger/lines?org_id=${ids.org}&sku=${ids.sku}` },
    'GET /v1/ledger/trial-balance': { url: '/v1/ledger/trial-balance' },
    'POST /v1/partners-of-record': {
      url: '/v1/partners-of-record',
      body: { org_id: ids.child, partner_id: ids.partner, start_at: at },
    },
    'GET /v1/partners-of-record': { url: `/v1/partners-of-record?org_id=${ids.org}&partner_id=${ids.partner}` },
    'PUT /v1/commission-rates': { url: '/v1/commission-rates', body: { partner_tier: 'silver', sku: ids.sku, pct: '5' } },
    'GET /v1/commission-rates': { url: `/v1/commission-rates?sku=${ids.sku}` },
    'POST /v1/orgs/{id}/entitlements': {
      url: `/v1/orgs/${ids.org}/entitlements`,
      body: { plan_id: ids.addon, effective_at: at, overrides: { skus: { [ids.extra!]: { overage_price: '1' } } } },
    },
    'GET /v1/orgs/{id}/entitlements': { url: `/v1/orgs/${ids.org}/entitlements` },
    'PUT /v1/orgs/{id}/business-model': {
      url: `/v1/orgs/${ids.org}/business-model`,
      body: { model_id: ids.model, plan_id: ids.plan },
    },
    'GET /v1/orgs/{id}/business-model': { url: `/v1/orgs/${ids.org}/business-model` },
    'POST /v1/billing/previews': {
      url: '/v1/billing/previews',
      body: { org_id: ids.org, from: '2025-03-01', to: '2025-04-01' },
    },
    'POST /v1/metering/csv-mappings': {
      url: '/v1/metering/csv-mappings',
      body: { name: `mapping-${n}`, definition: csvMapping },
    },
    'GET /v1/metering/csv-mappings': { url: '/v1/metering/csv-mappings' },
    'GET /v1/metering/csv-mappings/{name}': { url: `/v1/metering/csv-mappings/${ids.csv_mapping}` },
    'PUT /v1/metering/csv-mappings/{name}': {
      url: `/v1/metering/csv-mappings/${ids.csv_mapping}`,
      body: { definition: csvMapping },
    },
    'DELETE /v1/metering/csv-mappings/{name}': { url: `/v1/metering/csv-mappings/${ids.removed_csv_mapping}` },
    'POST /v1/pricing/evaluate': {
      url: '/v1/pricing/evaluate',
      body: { currency: 'AUD', price: { model: 'unit', unit_amount: '2' }, quantity: '3' },
    },
    'POST /v1/pricing/estimate': {
      url: '/v1/pricing/estimate',
      body: { org_id: ids.org, project_id: ids.project, skus: { [ids.sku!]: '2' }, leads: '5' },
    },
    'POST /v1/pricing/drafts': {
      url: '/v1/pricing/drafts',
      body: { name: `Draft ${n}`, plan_id: ids.plan, skus: { [ids.sku!]: { model: 'unit', unit_amount: '1' } } },
    },
    'GET /v1/pricing/drafts': { url: `/v1/pricing/drafts?plan_id=${ids.plan}` },
    'GET /v1/pricing/drafts/{draft_id}': { url: `/v1/pricing/drafts/${ids.draft}` },
    'PATCH /v1/pricing/drafts/{draft_id}': { url: `/v1/pricing/drafts/${ids.other_draft}`, body: { name: `Renamed ${n}` } },
    'GET /v1/pricing/drafts/{draft_id}/differences': { url: `/v1/pricing/drafts/${ids.draft}/differences` },
    'GET /v1/pricing/drafts/{draft_id}/publication': { url: `/v1/pricing/drafts/${ids.draft}/publication` },
    'GET /v1/plans/{plan_id}/publish-policy': { url: `/v1/plans/${ids.plan}/publish-policy` },
    'PUT /v1/plans/{plan_id}/publish-policy': {
      url: `/v1/plans/${ids.addon}/publish-policy`,
      body: { require_backtest: { max_increase_percent: '5', months: 3 } },
    },
    'POST /v1/pricing/backtests': {
      url: '/v1/pricing/backtests',
      body: { draft_id: ids.draft, compare_draft_id: ids.other_draft, from: '2025-01', to: '2025-03', org_ids: [ids.org] },
    },
    'GET /v1/pricing/backtests': { url: `/v1/pricing/backtests?plan_id=${ids.plan}&draft_id=${ids.draft}` },
    'GET /v1/pricing/backtests/{id}': { url: `/v1/pricing/backtests/${ids.backtest}` },
    'GET /v1/pricing/backtests/{id}/organizations': { url: `/v1/pricing/backtests/${ids.backtest}/organizations` },
    'GET /v1/pricing/backtests/{id}/organizations.csv': { url: `/v1/pricing/backtests/${ids.backtest}/organizations.csv` },
    'POST /v1/pricing/backtests/{id}:cancel': { url: `/v1/pricing/backtests/${ids.waiting_backtest}:cancel` },
    'POST /v1/pricing/drafts/{draft_id}:discard': { url: `/v1/pricing/drafts/${ids.other_draft}:discard` },
    'POST /v1/pricing/drafts/{draft_id}:publish': {
      url: `/v1/pricing/drafts/${ids.draft}:publish`,
      body: { backtest_id: ids.backtest },
    },
    'POST /v1/billing/charges': {
      url: '/v1/billing/charges',
      body: { org_id: ids.org, project_id: ids.project, lines: [{ sku: ids.sku, quantity: '1', request_id: `charge-${n}` }] },
    },
    'POST /v1/billing/runs': { url: '/v1/billing/runs', body: { from: '2025-02-01', to: '2025-03-01', org_id: ids.org } },
    'GET /v1/billing/runs': { url: '/v1/billing/runs' },
    'GET /v1/billing/runs/{id}': { url: `/v1/billing/runs/${ids.run}` },
    'GET /v1/invoices': { url: `/v1/invoices?org_id=${ids.org}&run_id=${ids.run}` },
    'GET /v1/invoices/{id}': { url: `/v1/invoices/${ids.org_invoice}` },
    'GET /v1/invoices/{id}/lines/{line_id}/explanation': {
      url: `/v1/invoices/${ids.org_invoice}/lines/${ids.org_line}/explanation`,
    },
    'GET /v1/invoices/{id}.pdf': { url: `/v1/invoices/${ids.org_invoice}.pdf` },
    'GET /v1/invoices/{id}/bundle': { url: `/v1/invoices/${ids.org_invoice}/bundle` },
    'POST /v1/invoices/{id}/credit-notes': {
      url: `/v1/invoices/${ids.child_invoice}/credit-notes`,
      body: { reason: 'A reason', lines: [{ line_id: ids.child_line, amount: { amount: '0.01', currency: 'AUD' } }] },
    },
    'GET /v1/credit-notes': { url: `/v1/credit-notes?org_id=${ids.child}&invoice_id=${ids.child_invoice}` },
    'GET /v1/credit-notes/{id}': { url: `/v1/credit-notes/${ids.child_credit_note}` },
    'GET /v1/credit-notes/{id}.pdf': { url: `/v1/credit-notes/${ids.child_credit_note}.pdf` },
    'GET /v1/credit-notes/{id}/bundle': { url: `/v1/credit-notes/${ids.child_credit_note}/bundle` },
    ...replaySamples(ids),
    'POST /v1/invoices/{id}:mark-paid': {
      url: `/v1/invoices/${ids.child_invoice}:mark-paid`,
      body: { reference: 'A reference' },
    },
    'POST /v1/invoices/{id}:void': { url: `/v1/invoices/${ids.org_invoice}:void`, body: { reason: 'A reason' } },
    'PATCH /v1/partners-of-record/{partner_of_record_id}': {
      url: `/v1/partners-of-record/${ids.partner_of_record}`,
      body: { end_at: at },
    },
    'PATCH /v1/sites/{id}/occupancies/{occupancy_id}': {
      url: `/v1/sites/${ids.site}/occupancies/${ids.occupancy}`,
      body: { to: at },
    },
    'POST /v1/sites/{id}/occupancies': {
      url: `/v1/sites/${ids.site}/occupancies`,
      body: { org_id: ids.org, from: '2025-04-01T00:00:00Z' },
    },
    'POST /v1/subscriptions/{subscription_id}:end': {
      url: `/v1/subscriptions/${ids.subscription}:end`,
      body: { ended_at: '2025-06-01T00:00:00Z' },
    },
    'DELETE /v1/orgs/{id}/members/{user_id}': { url: `/v1/orgs/${ids.org}/members/${ids.member}` },
    'DELETE /v1/api-keys/{id}': { url: `/v1/api-keys/${ids.key}` },
    'PUT /v1/test-clock': { url: '/v1/test-clock', body: { now: '2099-01-01T00:00:00Z' } },
  };
}
