import { z } from 'zod';
import { page } from '../../platform/schemas.ts';

/** One entry as answers carry it. `before` is null for what was made, `after` for what was taken away. */
export const AuditEntry = z.object({
  audit_id: z.string(),
  at: z.string().meta({ description: 'RFC 3339, UTC' }),
  actor: z.object({ kind: z.enum(['user', 'api_key', 'system']), id: z.string(), name: z.string().nullable() }),
  action: z.string().meta({ description: 'noun.verb, past tense' }),
  target_type: z.string(),
  target_id: z.string(),
  org_id: z.string().nullable(),
  before: z.unknown(),
  after: z.unknown(),
  request_id: z.string().nullable(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

export const AuditPage = page(AuditEntry);
