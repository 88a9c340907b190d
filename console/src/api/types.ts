/** Decimal text. Never a JavaScript number: amounts and quantities stay as the server wrote them. */
export type Decimal = string;

export interface Amount {
  amount: Decimal;
  currency: string;
}

export interface Page<T> {
  data: T[];
  next_cursor: string | null;
}

export interface Session {
  user: { user_id: string; email: string; name: string };
  tenant: { tenant_id: string; name: string; mode: 'live' | 'test' };
  organization: { org_id: string; legal_name: string; is_own: boolean };
  role: string;
  /** What the user may do, `noun:verb`; `*` is everything. */
  scopes: string[];
  csrf_token: string;
}

export interface Organization {
  org_id: string;
  legal_name: string;
  org_slug: string;
  billing_email: string;
  default_timezone: string;
  currency: string | null;
  parent_org_id: string | null;
  partner_tier: string | null;
  is_own: boolean;
  visibility: string;
  created_at: string;
}

export interface Entitlement {
  subscription_id: string;
  plan_id: string;
  plan_name: string;
  overrides: Record<string, unknown>;
  effective_at: string;
  ended_at: string | null;
  billed_until: string | null;
  status: 'scheduled' | 'active' | 'ended';
}

interface PriceThere {
  version: number;
  price: Price;
  overridden: boolean;
}

/** What moving an organization to another plan does to its prices. */
export interface AssignmentResult {
  preview: boolean;
  currency: string;
  base_amount: { before: Decimal | null; after: Decimal | null };
  differences: { sku: string; change: 'added' | 'removed' | 'changed'; before: PriceThere | null; after: PriceThere | null }[];
}

export interface Site {
  site_id: string;
  name: string;
  address: string | null;
  time_zone: string;
  org_id: string | null;
  created_at: string;
}

export interface Occupancy {
  occupancy_id: string;
  site_id: string;
  org_id: string;
  from: string;
  to: string | null;
}

export interface Meter {
  meter_id: string;
  site_id: string;
  identifier: string;
  sku: string;
  registers: { register: string; sku: string; unit: string; direction: 'import' | 'export' }[];
}

export interface Sku {
  sku: string;
  type: string;
  unit: string;
  aggregation: string;
}

export interface BusinessModel {
  model_id: string;
  code: string;
  name: string;
  currency: string;
  status: string;
}

export interface Plan {
  plan_id: string;
  model_id: string;
  name: string;
  tier: string | null;
  base_amount: Decimal | null;
  billing_interval: string;
  currency: string;
  status: string;
}

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
  transform?: { multiply?: Decimal; divide?: Decimal; round?: string; precision?: number };
  [rest: string]: unknown;
}

export interface PriceVersion {
  price_version_id: string;
  version: number;
  price: Price;
  created_at: string;
}

export interface PlanSku extends PriceVersion {
  sku: string;
  unit: string;
  type: string;
}

export interface PlanDetail extends Plan {
  skus: PlanSku[];
}

export interface Step {
  kind: string;
  amount: Decimal;
  quantity?: Decimal;
  rate?: Decimal;
  tier?: number;
  part?: string;
}

export interface Evaluation {
  currency: string;
  quantity: Decimal;
  amount: Decimal;
  amount_exact: Decimal;
  steps: Step[];
}

export interface Estimate {
  base: Amount;
  lines: { sku: string; quantity: Decimal; included: Decimal; overage: Decimal; total: Amount }[];
  grand_total: Amount;
}

export interface UsagePoint {
  start: string;
  sku?: string;
  quantity: Decimal;
  count: number | string;
}

export interface Usage {
  data: UsagePoint[];
  as_of: string | null;
}

export type ImportStatus = 'queued' | 'running' | 'completed' | 'failed' | 'rejected';

export interface RowError {
  line: number;
  code: string;
  detail: string;
}

export interface ImportJob {
  import_id: string;
  filename: string;
  bytes: number;
  format: string;
  on_error: 'reject' | 'keep_good';
  status: ImportStatus;
  progress: { bytes_done: number; bytes_total: number; rows_done: number };
  totals: {
    lines: number;
    accepted: number;
    duplicates: number;
    rejected: number;
    unmapped: number;
    missing: number;
    quantities: Record<string, Decimal>;
  };
  error_count: number;
  /** The earlier import of the same file, when this one had nothing to do. */
  same_as: string | null;
  created_at: string;
  finished_at: string | null;
}

/** An import with what was found in it: refused rows, and notes on what was left out on purpose. */
export interface ImportReport extends ImportJob {
  errors: RowError[];
  notes: RowError[];
}

export type InvoiceStatus = 'open' | 'paid' | 'void' | 'uncollectible';

export interface InvoiceSummary {
  invoice_id: string;
  number: string;
  org_id: string;
  org_name: string;
  status: InvoiceStatus;
  currency: string;
  period: { from: string; to: string };
  total: Amount;
  issued_at: string;
  due_at: string;
  paid_at: string | null;
  voided_at: string | null;
}

export interface InvoiceLine {
  line_id: string;
  description: string;
  sku: string | null;
  quantity: Decimal;
  unit: string | null;
  amount: Amount;
  amount_exact: Decimal;
  period: { from: string; to: string };
}

export interface Invoice extends InvoiceSummary {
  void_reason: string | null;
  payment_reference: string | null;
  lines: InvoiceLine[];
  receipt: { seq: number; hash: string } | null;
}

export interface UsageEvent {
  request_id: string;
  time: string;
  quantity?: Decimal | null;
}

export interface Explanation {
  steps: Step[];
  amount_exact: Decimal;
  /** `amount` is what rounding added. */
  rounding: { mode: string; amount: Decimal };
  /** Version and id are null for what has no price of its own, such as a base fee. */
  price_version: { price_version_id: string | null; version: number | null; price: Price };
  usage: { count: number; sum: Decimal; root: string; events: UsageEvent[]; more: boolean } | null;
}

export interface BillingRun {
  run_id: string;
  status: 'queued' | 'running' | 'completed' | 'failed';
  from: string;
  to: string;
  org_id: string | null;
  progress: { done: number; total: number };
  invoices: number;
  /** Subscriptions whose period had been billed before. */
  already_billed: number;
  errors: { org_id?: string; subscription_id?: string; code: string; detail: string }[];
  created_at: string;
  finished_at: string | null;
}

export interface ApiKey {
  api_key_id: string;
  name: string;
  prefix: string;
  last_four: string;
  scopes: string[];
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
}

export interface AuditEntry {
  audit_id: string;
  at: string;
  actor: { kind: string; id: string; name?: string | null };
  action: string;
  target_type: string;
  target_id: string;
  before: unknown;
  after: unknown;
}
