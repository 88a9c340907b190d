import { sql } from 'kysely';
import type { Db, Tx } from '../../platform/postgres.ts';
import type { AuditEntry, AuditQuery, AuditRecord } from './model.ts';

type NewEntry = AuditRecord & { audit_id: string };

export async function insertEntries(tx: Tx, entries: readonly NewEntry[]): Promise<void> {
  const { actor } = tx;
  const column = <T>(read: (entry: NewEntry) => T) => entries.map(read);
  await tx.write(sql`
    INSERT INTO audit_log (tenant_id, audit_id, at, actor_kind, actor_id, actor_name, action, target_type, target_id, org_id, before, after,
      request_id, correlation_id)
    SELECT ${tx.tenant_id}, audit_id, ${tx.now.toString()}, ${actor.kind}, ${actor.id}, ${actor.name ?? null}, action, target_type, target_id,
           org_id, before, after, ${tx.request_id}, ${tx.correlation_id}
      FROM unnest(${column((each) => each.audit_id)}::uuid[], ${column((each) => each.action)}::text[],
        ${column((each) => each.target_type)}::text[], ${column((each) => each.target_id)}::text[],
        ${column((each) => each.org_id ?? null)}::uuid[], ${column((each) => json(each.before))}::jsonb[],
        ${column((each) => json(each.after))}::jsonb[]) AS t (audit_id, action, target_type, target_id, org_id, before, after)`);
}

export function selectEntries(
  db: Db,
  query: AuditQuery & { after: { at: string; audit_id: string } | null },
): Promise<AuditEntry[]> {
  const { after } = query;
  return db.rows(sql<AuditEntry>`
    SELECT audit_id, at, jsonb_build_object('kind', actor_kind, 'id', actor_id, 'name', actor_name) AS actor, action, target_type, target_id,
           org_id, before, after, request_id
      FROM audit_log
     WHERE tenant_id = ${db.tenant_id}
       ${when(query.target_type, (it) => sql`AND target_type = ${it}`)}
       ${when(query.target_id, (it) => sql`AND target_id = ${it}`)}
       ${when(query.action, (it) => sql`AND action = ${it}`)}
       ${when(query.from, (it) => sql`AND at >= ${it}`)}
       ${when(query.to, (it) => sql`AND at < ${it}`)}
       ${when(query.org_ids, (it) => sql`AND org_id = ANY (${it}::uuid[])`)}
       ${when(after, (it) => sql`AND (at, audit_id) < (${it.at}, ${it.audit_id})`)}
     ORDER BY at DESC, audit_id DESC
     LIMIT ${query.limit + 1}`);
}

function json(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}

function when<T>(value: T | null | undefined, clause: (value: T) => ReturnType<typeof sql>): ReturnType<typeof sql> {
  return value === null || value === undefined ? sql`` : clause(value);
}
