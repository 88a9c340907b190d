import type pg from 'pg';

/** The database's catalog breaks a rule that isolation rests on; the program does not start on it. */
export class CatalogError extends Error {
  override readonly name = 'CatalogError';
}

/**
 * Asks the audit's catalog rules (R1…R9: forced row-level security, tenant-led keys, no way past them). They look at the catalog
 * alone and are quick. Throws CatalogError that names each breach.
 */
export async function checkCatalog(client: pg.ClientBase): Promise<void> {
  const rules = await client.query<{ name: string; query: string }>(
    "SELECT name, query FROM tally.audit_rule_source WHERE name ~ '^R[0-9]+ ' ORDER BY name",
  );
  const breaches: string[] = [];
  for (const rule of rules.rows) {
    const found = await client.query<{ what: string }>(`SELECT what::text FROM (${rule.query}) AS rule (tenant, what)`);
    breaches.push(...found.rows.map((row) => `${rule.name}: ${row.what}`));
  }
  if (rules.rows.length === 0) throw new CatalogError('The database has no catalog rules; run `tallystick migrate up`.');
  if (breaches.length > 0) throw new CatalogError(`The database breaks a rule:\n  ${breaches.join('\n  ')}`);
}
