import { createHmac, timingSafeEqual } from 'node:crypto';
import { deriveKey } from './keys.ts';
import { httpErrors } from './problem.ts';

/** An opaque place in a list, bound to the tenant and the list's sort, signed so that nobody can craft one. */
export function encodeCursor(tenant_id: string, sort: string, values: readonly string[]): string {
  const body = Buffer.from(JSON.stringify(values)).toString('base64url');
  return `${body}.${sign(tenant_id, sort, body)}`;
}

/** The values of a cursor of this tenant and sort; anything else is `cursor_invalid`. */
export function decodeCursor(tenant_id: string, sort: string, cursor: string): string[] {
  const [body = '', signature = ''] = cursor.split('.');
  const expected = Buffer.from(sign(tenant_id, sort, body));
  const given = Buffer.from(signature);
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) {
    throw httpErrors.cursor_invalid({
      errors: [{ pointer: 'cursor', code: 'cursor_invalid', detail: 'belongs to another list, or was changed' }],
    });
  }
  return JSON.parse(Buffer.from(body, 'base64url').toString()) as string[];
}

/** Cuts `rows` (read with `limit + 1`) to a page with its cursor. */
export function toPage<Row>(
  rows: Row[],
  limit: number,
  cursorOf: (row: Row) => string,
): { data: Row[]; next_cursor: string | null } {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  return { data, next_cursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}

function sign(tenant_id: string, sort: string, body: string): string {
  return createHmac('sha256', deriveKey('cursor')).update(`${tenant_id}\n${sort}\n${body}`).digest('base64url');
}
