import { z } from 'zod';
import { Id, Instant, Text } from '../../../platform/schemas.ts';

export const StoreReplayBody = z.strictObject({
  from_store: z.strictObject({
    org_id: Id.optional(),
    sku: Text(128).optional(),
    from: Instant,
    to: Instant.meta({ description: 'exclusive' }),
  }),
});
export type StoreRange = z.output<typeof StoreReplayBody>['from_store'];

const Count = z.number().int();

/** The most rejections that a replay lists. */
export const most_listed = 100;

export const ReplayRejection = z.object({
  line: Count.nullable().meta({ description: 'of the file; null from the store' }),
  request_id: z.string().nullable(),
  code: z.string(),
  detail: z.string(),
});
export type ReplayRejection = z.infer<typeof ReplayRejection>;

export const Replay = z.object({
  replay_id: Id,
  origin: z.enum(['file', 'store']),
  sha256: z.string().nullable().meta({ description: 'of the file, hexadecimal' }),
  org_id: Id.nullable(),
  sku: z.string().nullable(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  status: z.enum(['running', 'completed']),
  accepted: Count.meta({ description: 'stored now' }),
  duplicates: Count.meta({ description: 'stored before with the same body, whatever its source' }),
  rejected: Count,
  rejections: z.array(ReplayRejection).meta({ description: 'the first hundred' }),
  created_at: z.string(),
  finished_at: z.string().nullable(),
});
export type Replay = z.infer<typeof Replay>;

/** What came of some events that were brought back. */
export interface ReplayOutcome {
  accepted: number;
  duplicates: number;
  rejected: number;
  /** The first hundred. */
  rejections: ReplayRejection[];
}
