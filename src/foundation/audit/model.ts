import { z } from 'zod';
import type { JsonObject } from '../../kernel/canonical-json.ts';
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

export interface AuditRecord {
  /** `noun.verb` in the past tense: `organization.created`. */
  action: string;
  target_type: string;
  target_id: string;
  org_id?: string | null;
  /** The target as it was; null when it is new. Never holds a secret. */
  before: JsonObject | null;
  /** The target as it is now; null when it is gone. Never holds a secret. */
  after: JsonObject | null;
}

export interface AuditQuery {
  target_type?: string;
  target_id?: string;
  action?: string;
  /** RFC 3339, inclusive. */
  from?: string;
  /** RFC 3339, exclusive. */
  to?: string;
  /** Only entries about these organizations; null for all. */
  org_ids: readonly string[] | null;
  limit: number;
  cursor?: string;
}
