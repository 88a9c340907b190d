import type { Answer } from './client.ts';

/** One of a list's answers. */
type Item<A> = A extends { data: (infer T)[] } ? T : never;

export type { Session } from './client.ts';

/** Decimal text. Never a JavaScript number: amounts and quantities stay as the server wrote them. */
export type Decimal = string;

export interface Amount {
  amount: Decimal;
  currency: string;
}

export type Organization = Answer<'GET /v1/orgs/{id}'>;
export type Entitlement = Item<Answer<'GET /v1/orgs/{id}/entitlements'>>;
export type Site = Item<Answer<'GET /v1/sites'>>;
export type Occupancy = Item<Answer<'GET /v1/sites/{id}/occupancies'>>;

export type Meter = Answer<'GET /v1/meters/{id}'>;
export type Register = Meter['registers'][number];
export type Reading = Item<Answer<'GET /v1/metering/readings'>>;
export type RecordedReading = Answer<'POST /v1/metering/readings'>['data'][number];
export type Gap = Answer<'GET /v1/meters/{id}/gaps'>['data'][number];
export type Consumption = Answer<'GET /v1/meters/{id}/consumption'>['data'][number];
export type Review = Item<Answer<'GET /v1/metering/reviews'>>;

export type Sku = Item<Answer<'GET /v1/skus'>>;
export type BusinessModel = Item<Answer<'GET /v1/business-models'>>;
export type Plan = Item<Answer<'GET /v1/plans'>>;
export type Estimate = Answer<'POST /v1/pricing/estimate'>;

export type UsagePoint = Item<Answer<'GET /v1/metering/usage'>>;
export type ImportJob = Item<Answer<'GET /v1/metering/imports'>>;
export type ImportReport = Answer<'GET /v1/metering/imports/{id}'>;
export type RowError = ImportReport['errors'][number];

export type InvoiceSummary = Item<Answer<'GET /v1/invoices'>>;
export type InvoiceStatus = InvoiceSummary['status'];
export type Invoice = Answer<'GET /v1/invoices/{id}'>;
export type InvoiceLine = Invoice['lines'][number];
export type CreditNoteSummary = Item<Answer<'GET /v1/credit-notes'>>;
export type CreditNote = Answer<'GET /v1/credit-notes/{id}'>;
export type BillingRun = Answer<'GET /v1/billing/runs/{id}'>;

export type ApiKey = Item<Answer<'GET /v1/api-keys'>>;
export type AuditEntry = Item<Answer<'GET /v1/audit-entries'>>;

export type EventEntry = Item<Answer<'GET /v1/events'>>;
export type EventStatus = EventEntry['status'];
export type EventDetail = Answer<'GET /v1/events/{event_id}'>;
/** An event of a correlation, with the reactions to it. */
export type CorrelatedEvent = Item<Answer<'GET /v1/events/{event_id}/tree'>>;

export type Webhook = Answer<'GET /v1/webhooks/{id}'>;
export type WebhookWithSecret = Answer<'POST /v1/webhooks'>;
export type Delivery = Item<Answer<'GET /v1/webhooks/{id}/deliveries'>>;
export type DeliveryStatus = Delivery['status'];
export type Attempt = Item<Answer<'GET /v1/webhooks/{id}/deliveries/{delivery_id}/attempts'>>;
export type DeadLetter = Item<Answer<'GET /v1/webhooks/{id}/dead-letters'>>;
export type InboundEndpoint = Answer<'GET /v1/inbound-endpoints/{id}'>;
export type InboundMessage = Item<Answer<'GET /v1/inbound-webhooks'>>;
export type InboundStatus = InboundMessage['status'];

export type ReplayJob = Answer<'GET /v1/replays/{id}'>;
export type ReplayForecast = NonNullable<ReplayJob['forecast']>;
export type Verification = Answer<'GET /v1/replays/verifications/{id}'>;
/** One thing that was issued and does not come to the same again. */
export type VerifiedDifference = Item<Answer<'GET /v1/replays/verifications/{id}/differences'>>;

export type BillingSettings = Answer<'GET /v1/billing/settings'>;
export type BillingCycle = Item<Answer<'GET /v1/billing/cycles'>>;
export type UpcomingCycle = Item<Answer<'GET /v1/billing/cycles/upcoming'>>;
export type Schedule = Item<Answer<'GET /v1/scheduler/schedules'>>;
export type ScheduleRun = Item<Answer<'GET /v1/scheduler/runs'>>;

/** A tier of the price language. */
export interface Tier {
  up_to: Decimal | null;
  unit_amount?: Decimal;
  flat_amount?: Decimal;
  package_size?: Decimal;
  maximum_amount?: Decimal;
}

/** The price language of the contract; what the console does not draw it shows as text. */
export interface Price {
  model: string;
  unit_amount?: Decimal;
  amount?: Decimal;
  tiers?: Tier[];
  package_size?: Decimal;
  package_amount?: Decimal;
  included_quantity?: Decimal;
  minimum_amount?: Decimal;
  maximum_amount?: Decimal;
  [rest: string]: unknown;
}

/** One step from quantity to amount. */
export interface Step {
  kind: string;
  amount: Decimal;
  quantity?: Decimal;
  rate?: Decimal;
  tier?: number;
  part?: string;
}

export interface UsageEvent {
  request_id: string;
  time: string;
  quantity?: Decimal | null;
}

/** `T` with some members told more narrowly than the document tells them. A member that is gone does not compile. */
type Narrowed<T, M extends { [K in keyof M]: K extends keyof T ? unknown : never }> = Omit<T, keyof M> & M;

export type PriceVersion = Narrowed<Item<Answer<'GET /v1/plans/{plan_id}/skus/{sku}/versions'>>, { price: Price }>;
export type PlanSku = Narrowed<Answer<'GET /v1/plans/{plan_id}'>['skus'][number], { price: Price }>;
export type PlanDetail = Narrowed<Answer<'GET /v1/plans/{plan_id}'>, { skus: PlanSku[] }>;
export type Evaluation = Narrowed<Answer<'POST /v1/pricing/evaluate'>, { steps: Step[] }>;

type LineAnswer = Answer<'GET /v1/invoices/{id}/lines/{line_id}/explanation'>;
export type LineUsage = Narrowed<NonNullable<LineAnswer['usage']>, { events: UsageEvent[] }>;
export type Explanation = Narrowed<
  LineAnswer,
  { steps: Step[]; price_version: Narrowed<LineAnswer['price_version'], { price: Price }>; usage: LineUsage | null }
>;

type Moved = Answer<'PUT /v1/orgs/{id}/business-model'>;
type PriceThere = Narrowed<NonNullable<Moved['differences'][number]['after']>, { price: Price }>;
type Difference = Narrowed<Moved['differences'][number], { before: PriceThere | null; after: PriceThere | null }>;
/** What moving an organization to another plan does to its prices. */
export type AssignmentResult = Narrowed<Moved, { differences: Difference[] }>;

export type PriceDraft = Narrowed<Item<Answer<'GET /v1/pricing/drafts'>>, { skus: Record<string, Price> }>;
type DraftChange = Narrowed<
  Answer<'GET /v1/pricing/drafts/{draft_id}/differences'>['differences'][number],
  { before: Price | null; after: Price }
>;
/** What publishing a draft would change in its plan. */
export type DraftDifferences = Narrowed<Answer<'GET /v1/pricing/drafts/{draft_id}/differences'>, { differences: DraftChange[] }>;
export type PublicationCheck = Answer<'GET /v1/pricing/drafts/{draft_id}/publication'>;
export type BacktestDemand = NonNullable<Answer<'GET /v1/plans/{plan_id}/publish-policy'>['require_backtest']>;

export type BacktestHead = Item<Answer<'GET /v1/pricing/backtests'>>;
export type Backtest = Answer<'GET /v1/pricing/backtests/{id}'>;
export type BacktestSummary = NonNullable<Backtest['summary']>;
export type BacktestSide = BacktestSummary['draft'];
export type BacktestOrganization = Item<Answer<'GET /v1/pricing/backtests/{id}/organizations'>>;
