import { sql } from 'kysely';
import type { Db, Tx } from '../../../platform/postgres.ts';
import type { CsvMapping } from '../model.ts';

export async function insertMapping(tx: Tx, { mapping_id, name, definition }: Omit<CsvMapping, 'created_at' | 'updated_at'>) {
  await tx.write(sql`
    INSERT INTO csv_mapping (tenant_id, mapping_id, name, definition, created_at, updated_at)
    VALUES (${tx.tenant_id}, ${mapping_id}, ${name}, ${JSON.stringify(definition)}::jsonb, ${tx.now.toString()}, ${tx.now.toString()})`);
}

export function selectMapping(db: Db, name: string): Promise<CsvMapping | undefined> {
  return db.maybe(sql<CsvMapping>`SELECT ${columns} FROM csv_mapping WHERE tenant_id = ${db.tenant_id} AND name = ${name}`);
}

/** By name, one more than the limit. */
export function selectMappings(db: Db, { after, limit }: { after: string; limit: number }): Promise<CsvMapping[]> {
  return db.rows(sql<CsvMapping>`
    SELECT ${columns} FROM csv_mapping WHERE tenant_id = ${db.tenant_id} AND name > ${after} ORDER BY name LIMIT ${limit + 1}`);
}

/** Nobody else changes it until the transaction ends. */
export function lockMapping(tx: Tx, name: string): Promise<CsvMapping | undefined> {
  return tx.maybe(
    sql<CsvMapping>`SELECT ${columns} FROM csv_mapping WHERE tenant_id = ${tx.tenant_id} AND name = ${name} FOR UPDATE`,
  );
}

export async function updateMapping(
  tx: Tx,
  { mapping_id, definition }: Pick<CsvMapping, 'mapping_id' | 'definition'>,
): Promise<void> {
  await tx.write(sql`
    UPDATE csv_mapping SET definition = ${JSON.stringify(definition)}::jsonb, updated_at = greatest(updated_at, ${tx.now.toString()})
     WHERE tenant_id = ${tx.tenant_id} AND mapping_id = ${mapping_id}`);
}

export async function deleteMapping(tx: Tx, mapping_id: string): Promise<void> {
  await tx.write(sql`DELETE FROM csv_mapping WHERE tenant_id = ${tx.tenant_id} AND mapping_id = ${mapping_id}`);
}

const columns = sql`mapping_id, name, definition, created_at, updated_at`;
