import type pg from 'pg';

/** The database roles of the design, and what each is for. Rights are granted by the migrations. */
const roles = ['owner', 'app', 'ingest', 'relay', 'due', 'auth', 'jobs', 'auditor'] as const;

/**
 * Makes the database roles on the cluster and lets `login` act as each of them. Roles cannot log in; the auditor alone
 * reads past row-level security. Safe to repeat, and safe when two processes do it at once (the advisory lock).
 */
export async function ensureRoles(client: pg.ClientBase, login: { name: string; password: string | null }): Promise<void> {
  await client.query('SELECT pg_advisory_lock(7310001)');
  try {
    for (const role of roles) {
      const bypass = role === 'auditor' ? 'BYPASSRLS' : 'NOBYPASSRLS';
      const found = await client.query<{ rolbypassrls: boolean; rolsuper: boolean }>(
        'SELECT rolbypassrls, rolsuper FROM pg_roles WHERE rolname = $1',
        [`tally_${role}`],
      );
      if (found.rowCount === 0) await client.query(`CREATE ROLE tally_${role} NOLOGIN NOSUPERUSER NOCREATEROLE ${bypass}`);
    }
    if (login.password !== null) {
      const known = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [login.name]);
      const verb = known.rowCount === 0 ? 'CREATE' : 'ALTER';
      await client.query(
        `${verb} ROLE ${quote(login.name)} LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOINHERIT PASSWORD '${login.password.replaceAll("'", "''")}'`,
      );
    }
    for (const role of roles) {
      if (role === 'owner' && login.password !== null) continue;
      const member = await client.query(
        `SELECT 1 FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles u ON u.oid = m.member
          WHERE r.rolname = $1 AND u.rolname = $2 AND m.set_option`,
        [`tally_${role}`, login.name],
      );
      if (member.rowCount === 0) await client.query(`GRANT tally_${role} TO ${quote(login.name)} WITH SET TRUE`);
    }
  } finally {
    await client.query('SELECT pg_advisory_unlock(7310001)');
  }
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
