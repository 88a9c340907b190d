import { z } from 'zod';
import { Id, Instant, LocalDate, page, Text } from '../../platform/schemas.ts';

const Count = z.number().int();

/** One value that is not what it comes to again, and where it was found so. */
export const FieldDifference = z.object({
  field: z.string(),
  expected: z.string().nullable(),
  found: z.string().nullable(),
  in: z.array(z.string()).meta({ description: 'charge, invoice line, document, ledger line, books, …' }),
});
export type FieldDifference = z.infer<typeof FieldDifference>;

/** What a difference is about. */
export const SUBJECTS = ['invoice_line', 'invoice', 'credit_note_line', 'credit_note', 'billed_period', 'action'] as const;

/** One thing that was issued and does not come to the same again; each is named once, with all of its fields. */
export const Difference = z.object({
  subject: z.enum(SUBJECTS),
  document: z
    .string()
    .nullable()
    .meta({ description: 'number of the invoice or credit note; null for a charge outside a cycle' }),
  org_id: z.string(),
  line: Count.nullable().meta({ description: 'place on the document, from 1' }),
  sku: z.string().nullable(),
  subject_id: z.string().meta({ description: 'of the line, document, period or charge' }),
  fields: z.array(FieldDifference),
  events: z
    .array(z.string())
    .meta({ description: 'request ids of usage events whose content is not what was received; the first ten' }),
});
export type Difference = z.infer<typeof Difference>;

export const VERIFICATION_STATUSES = ['queued', 'running', 'completed', 'failed'] as const;

export const NewVerification = z.strictObject({
  from: LocalDate.optional().meta({ description: 'periods with a day from here on; all unless given' }),
  to: LocalDate.optional().meta({ description: 'exclusive' }),
  org_id: Id.optional(),
});
export type NewVerification = z.output<typeof NewVerification>;

/** What was issued, worked out again and compared. */
export const Verification = z.object({
  verification_id: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  org_id: z.string().nullable(),
  status: z.enum(VERIFICATION_STATUSES),
  progress: z.object({ total: Count, done: Count }).meta({ description: 'invoices' }),
  checked: z.object({
    invoices: Count,
    lines: Count,
    credit_notes: Count,
    billed_periods: Count,
    actions: Count.meta({ description: 'charges outside cycles' }),
    events: Count.meta({ description: 'usage events read, each as often as a line is over it' }),
  }),
  differences: Count,
  problem: z.object({ code: z.string(), detail: z.string() }).nullable(),
  created_at: z.string(),
  finished_at: z.string().nullable(),
});
export type Verification = z.infer<typeof Verification>;
export type Checked = Verification['checked'];
export const VerificationPage = page(Verification);
export const DifferencePage = page(Difference);

export const REPLAY_STATUSES = ['queued', 'running', 'paused', 'completed', 'cancelled', 'failed'] as const;
export type ReplayStatus = (typeof REPLAY_STATUSES)[number];

/** Which stored events; what is left out does not narrow it. */
export const ReplaySelection = z.strictObject({
  from: Instant.optional().meta({ description: 'events that happened from this moment on' }),
  to: Instant.optional().meta({ description: 'exclusive' }),
  types: z.array(Text(200)).min(1).max(100).optional(),
  aggregate_type: Text(100).optional(),
  aggregate_id: Text(500).optional(),
  org_id: Id.optional(),
  correlation_id: Text(200).optional(),
  event_ids: z.array(Id).min(1).max(10_000).optional(),
  dead_only: z.boolean().optional().meta({ description: 'only what no delivery was tried again for' }),
});
export type ReplaySelection = z.output<typeof ReplaySelection>;

export const NewReplay = z.strictObject({
  selection: ReplaySelection,
  dry_run: z.boolean().default(false).meta({ description: 'says what would happen, and does nothing' }),
  rate_per_second: z.number().int().min(1).max(100_000).default(1000).meta({ description: 'events' }),
  reason: Text(500).optional(),
});
export type NewReplay = z.output<typeof NewReplay>;

/** What sending the selected events again comes to, by the inbox of effects. */
export const ReplayForecast = z.object({
  events: Count,
  by_type: z.array(
    z.object({
      type: z.string(),
      events: Count,
      dead: Count,
      reactions: z.array(
        z.object({
          reaction: z.string(),
          had: Count.meta({ description: 'events that took effect before: nothing happens' }),
          would_run: Count,
        }),
      ),
    }),
  ),
  sample: z.array(z.string()).meta({ description: 'ids of the first events' }),
});
export type ReplayForecast = z.infer<typeof ReplayForecast>;

/** Stored events that are sent through the reactions again. */
export const ReplayJob = z.object({
  replay_id: z.string(),
  selection: z.object({
    from: z.string().optional(),
    to: z.string().optional(),
    types: z.array(z.string()).optional(),
    aggregate_type: z.string().optional(),
    aggregate_id: z.string().optional(),
    org_id: z.string().optional(),
    correlation_id: z.string().optional(),
    event_ids: z.array(z.string()).optional(),
    dead_only: z.boolean().optional(),
  }),
  dry_run: z.boolean(),
  rate_per_second: Count,
  reason: z.string().nullable(),
  status: z.enum(REPLAY_STATUSES),
  progress: z.object({ total: Count, done: Count }).meta({ description: 'events' }),
  forecast: ReplayForecast.nullable().meta({ description: 'of a dry run' }),
  problem: z.object({ code: z.string(), detail: z.string() }).nullable(),
  requested_by: z.string(),
  created_at: z.string(),
  finished_at: z.string().nullable(),
});
export type ReplayJob = z.infer<typeof ReplayJob>;
export const ReplayJobPage = page(ReplayJob);
