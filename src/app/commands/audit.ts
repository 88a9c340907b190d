import { parseArgs } from 'node:util';
import type pg from 'pg';
import { type Command, print } from './command.ts';
import { withDatabase } from './with-database.ts';

export const audit: Command = {
  help: `tallystick audit [--json]

Runs the audit view: every row is a defect. Prints "0 defects" and exits 0, or each defect and exits 1.`,
  async run(argv) {
    const { values } = parseArgs({ args: [...argv], options: { json: { type: 'boolean', default: false } } });
    return withDatabase(async ({ postgres }) => {
      const rows = await defects(postgres.pool('auditor'));
      print(values.json, { defects: rows }, [
        ...rows.map((row) => `${row.defect}  ${row.tenant}  ${row.what}`),
        `${rows.length} defects`,
      ]);
      return rows.length === 0 ? 0 : 1;
    });
  },
};

interface Defect {
  defect: string;
  tenant: string;
  what: string;
}

/** The rules hold whole tables against each other: those are to be hashed, whatever a planner without statistics takes them for. */
async function defects(pool: pg.Pool): Promise<Defect[]> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN READ ONLY; SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'");
    const { rows } = await client.query<Defect>('SELECT defect, tenant, what FROM audit');
    await client.query('COMMIT');
    return rows;
  } finally {
    client.release(true);
  }
}
