import { randomBytes } from 'node:crypto';
import { newId } from '../../../kernel/id.ts';
import { seal } from '../../../platform/keys.ts';
import type { Tx } from '../../../platform/postgres.ts';
import { secretBytes, secretText } from '../decide/signature.ts';
import { errors } from '../errors.ts';
import { deleteSecrets, insertSecret } from '../sql/webhooks.ts';

const most_secrets = 5;

/** What a sealed secret is bound to. */
export function placeOf(secret: { tenant_id: string; webhook_id: string; secret_id: string }): string {
  return `webhook_secret ${secret.tenant_id} ${secret.webhook_id} ${secret.secret_id}`;
}

/**
 * Gives a webhook its newest secret, the given one or one of 32 random bytes, and answers it. Those before sign beside it until `old_until`.
 * Throws `webhook_secret_invalid`, `webhook_secrets_too_many`.
 */
export async function addSecret(
  tx: Tx,
  webhook_id: string,
  { given, wall, old_until }: { given: string | undefined; wall: Temporal.Instant; old_until: Temporal.Instant | null },
): Promise<string> {
  const bytes = given === undefined ? randomBytes(32) : secretBytes(given);
  if (bytes === null) {
    const detail = 'A secret is `whsec_` and the base64 of 24 to 64 bytes.';
    throw errors.webhook_secret_invalid({ detail, errors: [{ pointer: '/secret', code: 'webhook_secret_invalid', detail }] });
  }
  const live = await deleteSecrets(tx, webhook_id, wall.toString());
  const overlaps = old_until !== null && Temporal.Instant.compare(old_until, wall) > 0;
  if (overlaps && live >= most_secrets)
    throw errors.webhook_secrets_too_many({ detail: `${live} secrets sign already. Rotate with keep_hours 0, or wait.` });
  const secret_id = newId(wall);
  const sealed = seal(bytes, placeOf({ tenant_id: tx.tenant_id, webhook_id, secret_id }));
  await insertSecret(tx, { webhook_id, secret_id, sealed, old_until: old_until?.toString() ?? null });
  return secretText(bytes);
}
