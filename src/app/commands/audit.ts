import { parseArgs } from 'node:util';
import { type Command, print } from './command.ts';
import { withDatabase } from './with-database.ts';

export const audit: Command = {
  help: `tallystick audit [--json]

Runs the audit view: every row is a defect. Prints "0 defects" and exits 0, or each defect and exits 1.`,
  async run(argv) {
    const { values } = parseArgs({ args: [...argv], options: { json: { type: 'boolean', default: false } } });
    return withDatabase(async ({ postgres }) => {
      const { rows } = await postgres
        .pool('auditor')
        .query<{ defect: string; tenant: string; what: string }>('SELECT defect, tenant, what FROM audit');
      print(values.json, { defects: rows }, [
        ...rows.map((row) => `${row.defect}  ${row.tenant}  ${row.what}`),
        `${rows.length} defects`,
      ]);
      return rows.length === 0 ? 0 : 1;
    });
  },
};
