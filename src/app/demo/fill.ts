import { setTimeout as sleep } from 'node:timers/promises';
import { commission_rates, customers, type DemoCustomer, models, partners, plans, skus } from './business.ts';
import type { Client } from './client.ts';
import { formEvents, nem12File } from './usage.ts';

const zone = 'Australia/Sydney';

export interface Filled {
  customers: number;
  usage_events: number;
  invoices: number;
}

/** Makes the business and lives through `months` closed months before `today`, and the days of the month that runs. */
export async function fillDemo(
  client: Client,
  facts: { today: Temporal.PlainDate; months: number; say: (text: string) => void },
): Promise<Filled> {
  const { today, months, say } = facts;
  const first = today.with({ day: 1 }).subtract({ months });
  await client.put('/v1/test-clock', { now: midnight(first) });
  say('catalog, partners, customers …');
  const plan_ids = await makeCatalog(client);
  const org_ids = await makeOrganizations(client, first, plan_ids);
  const filled: Filled = { customers: customers.length, usage_events: 0, invoices: 0 };
  for (let month = first; Temporal.PlainDate.compare(month, today) < 0; month = month.add({ months: 1 })) {
    const closed = Temporal.PlainDate.compare(month.add({ months: 1 }), today) <= 0;
    const end = closed ? month.add({ months: 1 }) : today;
    await client.put('/v1/test-clock', { now: midnight(end) });
    say(`usage of ${month.toPlainYearMonth()} …`);
    filled.usage_events += await sendMonth(client, org_ids, month, end);
    if (!closed) continue;
    const run = await finished(
      client,
      await client.post<{ run_id: string }>('/v1/billing/runs', { from: `${month}`, to: `${end}` }),
    );
    filled.invoices += run.invoices;
    await settle(client, run.run_id, month, today);
  }
  await client.put('/v1/test-clock', { now: null });
  return filled;
}

async function makeCatalog(client: Client): Promise<Map<string, string>> {
  for (const sku of skus) await client.post('/v1/skus', sku);
  const model_ids = new Map<string, string>();
  for (const model of models)
    model_ids.set(model.code, (await client.post<{ model_id: string }>('/v1/business-models', model)).model_id);
  const plan_ids = new Map<string, string>();
  for (const { model, prices, ...plan } of plans) {
    const { plan_id } = await client.post<{ plan_id: string }>('/v1/plans', { ...plan, model_id: model_ids.get(model) });
    plan_ids.set(plan.name, plan_id);
    for (const [sku, price] of Object.entries(prices)) await client.put(`/v1/plans/${plan_id}/skus/${sku}`, price);
  }
  for (const rate of commission_rates) await client.put('/v1/commission-rates', rate);
  return plan_ids;
}

async function makeOrganizations(
  client: Client,
  since: Temporal.PlainDate,
  plan_ids: ReadonlyMap<string, string>,
): Promise<Map<string, string>> {
  const org_ids = new Map<string, string>();
  const make = async (org: { slug: string; legal_name: string }, more: Record<string, unknown>) => {
    const body = {
      legal_name: org.legal_name,
      org_slug: org.slug,
      billing_email: `accounts@${org.slug}.example`,
      default_timezone: zone,
      currency: 'AUD',
      ...more,
    };
    const { org_id } = await client.post<{ org_id: string }>('/v1/orgs', body);
    org_ids.set(org.slug, org_id);
    return org_id;
  };
  for (const partner of partners) await make(partner, { partner_tier: partner.partner_tier });
  const start = midnight(since);
  for (const customer of customers) {
    const org_id = await make(customer, customer.parent ? { parent_org_id: org_ids.get(customer.parent) } : {});
    await client.post(`/v1/orgs/${org_id}/entitlements`, { plan_id: plan_ids.get(customer.plan), effective_at: start });
    if (customer.partner)
      await client.post('/v1/partners-of-record', { org_id, partner_id: org_ids.get(customer.partner), start_at: start });
    if (customer.energy) await makeMeter(client, customer, org_id, start);
  }
  return org_ids;
}

async function makeMeter(client: Client, customer: DemoCustomer, org_id: string, from: string): Promise<void> {
  const { site_id } = await client.post<{ site_id: string }>('/v1/sites', {
    name: `${customer.legal_name}, main board`,
    time_zone: zone,
  });
  await client.post(`/v1/sites/${site_id}/occupancies`, { org_id, from });
  const registers = [
    { register: 'E1', sku: 'energy', unit: 'kWh', direction: 'import' },
    ...(customer.energy!.solar_kw > 0 ? [{ register: 'B1', sku: 'energy-export', unit: 'kWh', direction: 'export' }] : []),
  ];
  await client.post('/v1/meters', { site_id, identifier: customer.energy!.meter, sku: 'energy', registers });
}

async function sendMonth(
  client: Client,
  org_ids: ReadonlyMap<string, string>,
  from: Temporal.PlainDate,
  to: Temporal.PlainDate,
): Promise<number> {
  let count = 0;
  for (const customer of customers) {
    const org_id = org_ids.get(customer.slug)!;
    if (customer.energy) {
      const file = { name: `${customer.energy.meter}_${from}.csv`, content: nem12File(customer, from, to) };
      const { import_id } = await client.upload<{ import_id: string }>(
        '/v1/metering/imports',
        { org: org_id, format: 'nem12' },
        file,
      );
      count += await imported(client, import_id);
      continue;
    }
    const events = formEvents(customer, org_id, from, to);
    for (let at = 0; at < events.length; at += 5000) {
      const answer = await client.post<{ accepted: number }>('/v1/metering/events', events.slice(at, at + 5000));
      count += answer.accepted;
    }
  }
  return count;
}

async function imported(client: Client, import_id: string): Promise<number> {
  for (;;) {
    const job = await client.get<{ status: string; totals: { accepted: number }; errors: unknown[] }>(
      `/v1/metering/imports/${import_id}`,
    );
    if (job.status === 'completed') return job.totals.accepted;
    if (job.status !== 'queued' && job.status !== 'running')
      throw new Error(`The demo's meter file was ${job.status}: ${JSON.stringify(job.errors)}`);
    await sleep(50);
  }
}

async function finished(client: Client, { run_id }: { run_id: string }): Promise<{ run_id: string; invoices: number }> {
  for (;;) {
    const run = await client.get<{ run_id: string; status: string; invoices: number; errors: unknown[] }>(
      `/v1/billing/runs/${run_id}`,
    );
    if (run.status === 'completed') return run;
    if (run.status === 'failed') throw new Error(`The demo's billing run failed: ${JSON.stringify(run.errors)}`);
    await sleep(50);
  }
}

/** Old invoices are paid by hand, a few late ones are still open, one was wrong and taken back, and of one the base fee was waived. */
async function settle(client: Client, run_id: string, month: Temporal.PlainDate, today: Temporal.PlainDate): Promise<void> {
  const { data } = await client.get<{ data: { invoice_id: string; number: string }[] }>(
    `/v1/invoices?run_id=${run_id}&limit=100`,
  );
  const age = month.until(today, { largestUnit: 'months' }).months;
  for (const [index, { invoice_id, number }] of data.entries()) {
    if (age === 2 && index === 3)
      await client.post(`/v1/invoices/${invoice_id}:void`, { reason: 'Billed to the wrong cost centre; to be billed anew' });
    else if (age >= 3 || index % (age === 2 ? 4 : 3) !== 0)
      await client.post(`/v1/invoices/${invoice_id}:mark-paid`, { reference: `Bank transfer ${number}` });
    if (age === 2 && index === 0) await waiveBaseFee(client, invoice_id);
  }
}

async function waiveBaseFee(client: Client, invoice_id: string): Promise<void> {
  const { lines } = await client.get<{ lines: { line_id: string; sku: string | null }[] }>(`/v1/invoices/${invoice_id}`);
  const base = lines.filter(({ sku }) => sku === null).map(({ line_id }) => ({ line_id }));
  const reason = 'Supply was interrupted for two days: the base fee is waived';
  if (base.length > 0) await client.post(`/v1/invoices/${invoice_id}/credit-notes`, { reason, lines: base });
}

function midnight(date: Temporal.PlainDate): string {
  return date.toZonedDateTime(zone).toInstant().toString();
}
