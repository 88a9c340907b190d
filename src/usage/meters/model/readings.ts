import { z } from 'zod';
import { DecimalText, Id } from '../../../platform/schemas.ts';

/** Read, estimated, put in place of a reading that was wrong, final, told by the customer. */
export const readingQualities = ['actual', 'estimated', 'substituted', 'final', 'customer'] as const;
export type ReadingQuality = (typeof readingQualities)[number];

/** The letters that meter files have for them. */
export const qualityLetters = { A: 'actual', E: 'estimated', S: 'substituted', F: 'final' } as const;

/** What is believed more stands in the place of what is believed less, never the other way. */
export const qualityRanks: Readonly<Record<ReadingQuality, number>> = {
  estimated: 0,
  substituted: 1,
  customer: 1,
  actual: 2,
  final: 2,
};

/** A word, or the letter that meter files have for it. */
export const Quality = z
  .enum([...readingQualities, 'A', 'E', 'S', 'F'])
  .transform((quality) =>
    Object.hasOwn(qualityLetters, quality) ? qualityLetters[quality as 'A'] : (quality as ReadingQuality),
  );

/** What a register of a meter may be called. */
export const registerName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/, 'must be 1 to 32 letters, digits, dots, dashes and underscores');

export const readingSources = ['manual', 'gateway', 'import', 'estimate'] as const;
export type ReadingSource = (typeof readingSources)[number];

/** Of a register at a time one reading is `counted`; `superseded` are those it took the place of; `held` wait for a review. */
export const readingStates = ['counted', 'held', 'superseded', 'rejected'] as const;
export type ReadingState = (typeof readingStates)[number];

/** Why a reading is not plain. */
export const ruleKinds = [
  'below_min',
  'above_max',
  'spike',
  'zeros',
  'negative',
  'backwards',
  'future',
  'unit_mismatch',
  'no_occupant',
] as const;
export type RuleKind = (typeof ruleKinds)[number];
export const ruleActions = ['accept_and_flag', 'hold'] as const;
export type RuleAction = (typeof ruleActions)[number];

export const Reason = z.object({ code: z.enum(ruleKinds), detail: z.string() });
export type Reason = z.infer<typeof Reason>;

/** What a register shows at a time, or what an interval that begins then used. */
export const Reading = z.object({
  reading_id: Id,
  meter_id: Id,
  register: z.string(),
  time: z.string(),
  /** In the register's unit, as the device shows it. */
  value: DecimalText,
  quality: z.enum(readingQualities),
  state: z.enum(readingStates),
  source: z.enum(readingSources),
  /** True for what a device showed when it was taken away. */
  is_last: z.boolean(),
  /** Rules that it broke and that do not hold readings back. */
  flags: z.array(z.enum(ruleKinds)),
  photo_id: Id.nullable(),
  /** Who entered it. */
  created_by: z.object({ kind: z.string(), id: z.string(), name: z.string().optional() }).nullable(),
  created_at: z.string(),
  /**
   * The usage that it ends (cumulative) or is (interval), in the SKU's unit; null for a register's first, and for what an import sent itself.
   * `refusal`: why metering did not take it.
   */
  usage: z
    .object({
      request_id: z.string(),
      org_id: Id,
      sku: z.string(),
      quantity: DecimalText,
      time: z.string(),
      refusal: z.string().nullable(),
    })
    .nullable(),
});
export type Reading = z.infer<typeof Reading>;

/**
 * `recorded`: new. `replaced`: took the place of one that was believed no more than it. `unchanged`: known already. `not_applied`: a better one
 * stands. `held`: waits for a review.
 */
export const readingOutcomes = ['recorded', 'replaced', 'unchanged', 'not_applied', 'held'] as const;
export type ReadingOutcome = (typeof readingOutcomes)[number];

export const RecordedReading = Reading.extend({ outcome: z.enum(readingOutcomes), reasons: z.array(Reason) });
export type RecordedReading = z.infer<typeof RecordedReading>;

/** A rule of a SKU or of one meter; a meter's own comes before its SKU's. */
export const ReadingRule = z.object({
  rule_id: Id,
  sku: z.string().nullable(),
  meter_id: Id.nullable(),
  kind: z.enum(ruleKinds),
  action: z.enum(ruleActions),
  /**
   * below_min, above_max: usage of an interval or between two reads, in the register's unit. spike: how many times the trailing average. zeros: how
   * many in a row.
   */
  threshold: DecimalText.nullable(),
  created_at: z.string(),
});
export type ReadingRule = z.infer<typeof ReadingRule>;

export const reviewStatuses = ['open', 'accepted', 'corrected', 'rejected'] as const;
export type ReviewStatus = (typeof reviewStatuses)[number];

/** A held reading, and what became of it. */
export const Review = z.object({
  review_id: Id,
  status: z.enum(reviewStatuses),
  reasons: z.array(Reason),
  reading: Reading,
  identifier: z.string(),
  unit: z.string(),
  /** The counted reading before it, if any. */
  before: z.object({ time: z.string(), value: DecimalText }).nullable(),
  note: z.string().nullable(),
  corrected_by: Id.nullable(),
  decided_by: z.object({ kind: z.string(), id: z.string(), name: z.string().optional() }).nullable(),
  decided_at: z.string().nullable(),
  created_at: z.string(),
});
export type Review = z.infer<typeof Review>;
