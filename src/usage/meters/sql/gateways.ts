import { sql } from 'kysely';
import type pg from 'pg';
import { compile, type Db, type Tx } from '../../../platform/postgres.ts';
import type { Gateway, GatewayAnswer } from '../model/gateways.ts';

/** What a message is checked with, before its tenant is known. */
export interface GatewayLookup {
  tenant_id: string;
  gateway_id: string;
  secret: Buffer;
  old_secret: Buffer | null;
  old_until: string | null;
  revoked_at: string | null;
}

/** As the role `auth`. */
export async function findGateway(auth: pg.Pool, gateway_id: string): Promise<GatewayLookup | undefined> {
  const { text, values } = compile(sql`
    SELECT tenant_id, gateway_id, secret, old_secret, old_until, revoked_at FROM meter_gateway WHERE gateway_id = ${gateway_id}`);
  return (await auth.query<GatewayLookup>(text, values)).rows[0];
}

export async function insertGateway(tx: Tx, gateway: { gateway_id: string; name: string; secret: Buffer }): Promise<void> {
  await tx.write(sql`
    INSERT INTO meter_gateway (tenant_id, gateway_id, name, secret, created_at)
    VALUES (${tx.tenant_id}, ${gateway.gateway_id}, ${gateway.name}, ${gateway.secret}, ${tx.now.toString()})`);
}

export async function updateSecret(tx: Tx, gateway_id: string, secret: Buffer, old_until: string): Promise<void> {
  await tx.write(sql`
    UPDATE meter_gateway SET old_secret = secret, old_until = ${old_until}, secret = ${secret}
     WHERE tenant_id = ${tx.tenant_id} AND gateway_id = ${gateway_id}`);
}

export async function updateGatewayRevoked(tx: Tx, gateway_id: string): Promise<void> {
  await tx.write(sql`
    UPDATE meter_gateway SET revoked_at = ${tx.now.toString()} WHERE tenant_id = ${tx.tenant_id} AND gateway_id = ${gateway_id} AND revoked_at IS NULL`);
}

/** Nobody else changes it until the transaction ends. */
export function lockGateway(tx: Tx, gateway_id: string): Promise<Gateway | undefined> {
  return tx.maybe(sql<Gateway>`${gateways} WHERE tenant_id = ${tx.tenant_id} AND gateway_id = ${gateway_id} FOR NO KEY UPDATE`);
}

/** Newest first, one more than the limit. */
export function selectGateways(db: Db, filter: { below: string | null; limit: number }): Promise<Gateway[]> {
  return db.rows(sql<Gateway>`
    ${gateways} WHERE tenant_id = ${db.tenant_id} AND (${filter.below}::uuid IS NULL OR gateway_id < ${filter.below}::uuid)
     ORDER BY gateway_id DESC LIMIT ${filter.limit + 1}`);
}

export type MessageKey = { gateway_id: string; message_id: string };

/** The message as it was answered, once nobody else is at it. */
export async function lockMessage(
  tx: Tx,
  { gateway_id, message_id }: MessageKey,
): Promise<{ body_hash: Buffer; answer: GatewayAnswer } | undefined> {
  await tx.rows(
    sql`SELECT pg_advisory_xact_lock(hashtextextended(${`gateway_message ${tx.tenant_id} ${gateway_id} ${message_id}`}, 0))`,
  );
  return tx.maybe(sql<{ body_hash: Buffer; answer: GatewayAnswer }>`
    SELECT body_hash, answer FROM gateway_message
     WHERE tenant_id = ${tx.tenant_id} AND gateway_id = ${gateway_id} AND message_id = ${message_id}`);
}

export async function insertMessage(tx: Tx, key: MessageKey, body_hash: Buffer, answer: GatewayAnswer): Promise<void> {
  await tx.write(sql`
    INSERT INTO gateway_message (tenant_id, gateway_id, message_id, body_hash, answer, received_at)
    VALUES (${tx.tenant_id}, ${key.gateway_id}, ${key.message_id}, ${body_hash}, ${JSON.stringify(answer)}::jsonb, ${tx.now.toString()})`);
}

const gateways = sql`SELECT gateway_id, name, old_until AS old_secret_until, revoked_at, created_at FROM meter_gateway`;
