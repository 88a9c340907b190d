import { z } from 'zod';
import { Id, Text } from '../../../platform/schemas.ts';
import { latePolicies, MeteringEvent, type RejectionCode, sources } from '../model.ts';

const said = {
  reason: Text(500).meta({ description: 'why; it is part of the counter-event, and so of the proof' }),
  source: z.enum(sources).default('manual'),
};
const document = z.record(z.string(), z.unknown());
const measure = z.union([z.string(), z.number()]);
/** What is left out stays as it was; null takes it away. */
const changes = {
  quantity: measure.nullable().optional(),
  amount: measure.nullable().optional(),
  properties: document.nullable().optional(),
  time: z.string().optional(),
  org_id: Id.optional(),
  project_id: Id.nullable().optional(),
  sku: z.string().min(1).max(128).optional(),
  metadata: document.nullable().optional(),
};
const replacement_id = Text(255).optional().meta({ description: 'of the replacement; amend:<request_id> unless given' });

export const VoidBody = z.strictObject(said);
export const AmendBody = z.strictObject({ ...said, request_id: replacement_id, ...changes });
const of = Text(255);
/** One of many: what is voided or amended stands in the member of that name. */
export const CorrectionItem = z.union([VoidBody.extend({ voids: of }), AmendBody.extend({ amends: of })]);
export type CorrectionItem = z.output<typeof CorrectionItem>;

export type CorrectionCode = RejectionCode | 'event_not_found' | 'event_corrected' | 'event_is_counter' | 'change_missing';

/** A correction that was not made, by its place in the call. */
export interface CorrectionRejection {
  index: number;
  /** Of the event that was to be corrected. Null where it could not be read. */
  request_id: string | null;
  code: CorrectionCode;
  detail: string;
}

const Count = z.number().int();
const Late = z.array(z.object({ request_id: z.string(), late_policy: z.enum(latePolicies) })).meta({
  description: 'which of the new events lie in a period that is billed, and what becomes of them',
});
const Ack = z.string().meta({ description: 'Ed25519 JWS over the Merkle root of the new leaves, their count and the time' });

/** The answer to one correction. */
export const CorrectionAnswer = z.object({
  counter: MeteringEvent,
  replacement: MeteringEvent.nullable(),
  late: Late,
  ack: Ack,
});

/** The answer to many. */
export const CorrectionsAnswer = z.object({
  accepted: Count.meta({ description: 'corrections made now, on disk' }),
  duplicates: Count.meta({ description: 'made before with the same body, or sent twice here' }),
  rejected: z.array(z.object({ index: Count, request_id: z.string().nullable(), code: z.string(), detail: z.string() })),
  late: Late,
  ack: Ack,
});

/** One event, and what became of it. */
export const MeteringEventDetail = MeteringEvent.extend({
  stands: z.boolean().meta({ description: 'true where the event is no counter-event and was not taken back' }),
  voided_by: z.string().nullable().meta({ description: 'request_id of the counter-event that took it back' }),
  amended_by: z.string().nullable().meta({ description: 'request_id of the event that stands in its place' }),
  reason: z.string().nullable().meta({ description: 'why it was taken back' }),
});
export type MeteringEventDetail = z.infer<typeof MeteringEventDetail>;
