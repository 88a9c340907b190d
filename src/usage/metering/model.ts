import { z } from 'zod';
import type { JsonObject } from '../../kernel/canonical-json.ts';
import type { AckStatement, DayUsage, UsageEvent } from '../../kernel/proof.ts';
import { DecimalText, Id, page } from '../../platform/schemas.ts';

/** Where a usage event may come from. */
export const sources = ['form_submit', 'backend', 'meter', 'import', 'manual', 'replay'] as const;
export type Source = (typeof sources)[number];

/** What happens to usage that arrives for a closed period; the SKU says which. */
export const latePolicies = ['adjust_next', 'absorb', 'rebill', 'reject'] as const;
export type LatePolicy = (typeof latePolicies)[number];

/** A usage event as a caller sends it. `ingestEvents` checks it like any other outside input. */
export interface UsageInput {
  request_id: string;
  sku: string;
  /** Decimal; left out it is 1 where the SKU counts, and otherwise needs an `amount` beside it. */
  quantity?: string | number;
  amount?: string | number;
  properties?: Record<string, unknown>;
  org_id: string;
  project_id?: string;
  /** RFC 3339 with offset: the start of what was used. */
  time: string;
  source?: Source;
  metadata?: Record<string, unknown>;
}

export interface IngestOptions {
  now: Temporal.Instant;
  /** Organizations that the caller may report for; null or absent for all of the tenant. */
  org_ids?: readonly string[] | null;
  /** Where events come in another form: the usage event that each stands for. */
  translate?: (event: unknown) => Translation;
  /**
   * For events that are brought back: the stored events that they void or amend. Their source becomes `replay`, and what is stored with
   * the same body from any source is a duplicate.
   */
  replay?: ReadonlyMap<string, StoredEvent>;
}

/** A usage event, still to be checked like any other, or why there is none. */
export type Translation = { readonly event: unknown } | Omit<Rejection, 'index'>;

/** An event as it is stored, and whether it was told that it is not billed. */
export type StoredEvent = UsageEvent & { readonly absorbed: boolean };

/** An event that was not taken, by its place in the call. */
export interface Rejection {
  index: number;
  /** Null where the event has none that could be read. */
  request_id: string | null;
  code: RejectionCode;
  detail: string;
}

export type RejectionCode =
  | 'event_invalid'
  | 'field_missing'
  | 'field_unknown'
  | 'field_invalid'
  | 'quantity_invalid'
  | 'quantity_required'
  | 'quantity_negative'
  | 'time_invalid'
  | 'time_out_of_window'
  | 'specversion_unsupported'
  | 'data_base64_unsupported'
  | 'org_unknown'
  | 'sku_unknown'
  | 'project_unknown'
  | 'period_closed'
  | 'event_not_found'
  | 'request_id_conflict';

export interface LateEvent {
  index: number;
  request_id: string;
  late_policy: LatePolicy;
}

/** What became of the events of one call. Everything counted as accepted or duplicate is on disk. */
export interface IngestOutcome {
  /** Newly stored. */
  accepted: number;
  /** Stored before with the same body, or sent twice in the call. */
  duplicates: number;
  /** By index, ascending. */
  rejected: Rejection[];
  /** Accepted for a period that is billed already; by index, ascending. */
  late: LateEvent[];
  /** Leaf hashes of the accepted and the duplicate events, by index, ascending: what an acknowledgement's root stands over. */
  leaves: Buffer[];
}

/** The process's way into metering. Made once at start (`createIngest`), closed when the process drains. */
export interface Ingest {
  /** Stores events of one tenant, each once for ever by `request_id`. Throws `ingest_overloaded` when the queue is full. */
  ingestEvents(tenant_id: string, events: readonly unknown[], options: IngestOptions): Promise<IngestOutcome>;
  /** Events that wait or are being written. */
  waiting(): number;
  /** Takes no more, and resolves when all that was taken is answered. */
  close(): Promise<void>;
}

/** Signs an acknowledgement: Ed25519, compact JWS. The foundation's receipts do it; app passes it in. */
export type SignAck = (tenant_id: string, statement: AckStatement) => Promise<string>;

/**
 * A rectangle of usage: used in `[from, to)` (RFC 3339, UTC) × arrived in `[arrived_from, arrived_to)` (transaction ids as decimal text;
 * '0' is from the beginning, a watermark ends it). An event is a point in that plane, so rectangles that do not overlap never hold the
 * same event, whenever they are read.
 */
export interface UsageRectangle {
  readonly from: string;
  readonly to: string;
  readonly arrived_from: string;
  readonly arrived_to: string;
}

/**
 * The usage of one SKU of one organization that one charge takes: usually the period `× [0, W)`, and what came late for earlier ones
 * `× [W of the run before, W)`. The rectangles of a take must not overlap.
 */
export interface UsageTake {
  readonly org_id: string;
  readonly sku: string;
  /** IANA zone of the days; rollups are used where it is the organization's own. */
  readonly time_zone: string;
  readonly rectangles: readonly UsageRectangle[];
}

/** What a take holds. Decimals are shortest text; null where no event has such a value. */
export interface TakenUsage {
  /** Events, and so leaves under `root`. */
  count: number;
  /** What they count for: events less those that counter-events take back. Below zero where these stood in an earlier take. */
  counted: number;
  /** Events without quantity add nothing. */
  quantity_sum: string;
  /** Of the events that stand: no counter-event, and none whose counter-event is in the take. */
  quantity_max: string | null;
  quantity_min: string | null;
  /** Of the last of these, by (time, request id), that has a quantity. */
  quantity_latest: string | null;
  amount_sum: string | null;
  /** Over the take's days (`lineRoot` of `daysOfTake`). */
  root: Buffer;
  /** How many of `count` lie in rectangles with `arrived_from` above zero. */
  late_count: number;
}

/** What a price needs of an event that counts. Decimals are shortest text. */
export interface StandingEvent {
  request_id: string;
  time: string;
  quantity: string | null;
  amount: string | null;
  properties: JsonObject | null;
}

/** One event of a take, with what its leaf is made of. */
export interface TakenEvent {
  /** YYYY-MM-DD in the take's zone. */
  day: string;
  event: UsageEvent;
  salt: Buffer;
  leaf: Buffer;
}

export type { DayUsage, UsageEvent };

const Count = z.number().int();

export const RejectionBody = z.object({ index: Count, request_id: z.string().nullable(), code: z.string(), detail: z.string() });

/** The answer to `POST /v1/metering/events`. */
export const IngestAnswer = z.object({
  accepted: Count.meta({ description: 'stored now, on disk' }),
  duplicates: Count.meta({ description: 'stored before with the same body, or sent twice here' }),
  rejected: z.array(RejectionBody),
  late: z.array(z.object({ index: Count, request_id: z.string(), late_policy: z.enum(latePolicies) })),
  leaves: z.array(z.string()).optional().meta({ description: 'hexadecimal, in the order of the events; with ?leaves=true' }),
  ack: z
    .string()
    .meta({ description: 'Ed25519 JWS over the Merkle root of the accepted and duplicate leaves, their count and the time' }),
});

export const MeteringEvent = z.object({
  event_id: Id,
  request_id: z.string(),
  org_id: Id,
  project_id: Id.nullable(),
  sku: z.string(),
  quantity: DecimalText.nullable(),
  amount: DecimalText.nullable(),
  properties: z.record(z.string(), z.unknown()).nullable(),
  time: z.string(),
  source: z.enum(sources),
  metadata: z.record(z.string(), z.unknown()).nullable(),
  voids: z.string().nullable().meta({ description: 'request_id of the event that this counter-event takes back' }),
  amends: z.string().nullable().meta({ description: 'request_id of the event in whose place this one stands' }),
  leaf: z.string().meta({ description: '64 hexadecimal digits' }),
  received_at: z.string(),
});
export type MeteringEvent = z.infer<typeof MeteringEvent>;
export const MeteringEventPage = page(MeteringEvent);

export const usageWindows = ['hour', 'day', 'month'] as const;
export type UsageWindow = (typeof usageWindows)[number];

/** Usage of one window, per group; windows without usage are left out. */
export const UsagePoint = z.object({
  start: z.string().meta({ description: 'first moment of the window in the organization’s time zone' }),
  org_id: Id.optional(),
  sku: z.string().optional(),
  project_id: Id.nullable().optional(),
  dimensions: z
    .record(z.string(), z.string().nullable())
    .optional()
    .meta({ description: 'the values that `group_by` asked for, as text; null where the event has none' }),
  value: DecimalText.nullable().meta({
    description:
      'what the SKU’s own aggregation makes of the window; null where a point is of several SKUs or, for latest and weighted_sum, of several organizations',
  }),
  count: Count,
  quantity: DecimalText,
  quantity_max: DecimalText.nullable(),
  quantity_min: DecimalText.nullable(),
  amount: DecimalText.nullable(),
});
export type UsagePoint = z.infer<typeof UsagePoint>;

export const UsageAnswer = z.object({
  data: z.array(UsagePoint),
  as_of: z.string().meta({ description: 'every event acknowledged until then is in the answer' }),
  watermark: z
    .string()
    .meta({ description: 'the transaction id that the rollups had reached; what came later was added from events' }),
});
