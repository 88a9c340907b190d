import { parseArgs } from 'node:util';
import { executeRun, requestRun, scopeOfTenant } from '../../billing/invoicing/service/run.ts';
import { organizationBySlug } from '../../foundation/tenancy/service.ts';
import { clock } from '../../platform/clock.ts';
import { type Command, print, UsageError } from './command.ts';
import { requireTenantId } from './tenant-option.ts';
import { withDatabase } from './with-database.ts';

export const bill: Command = {
  help: `tallystick bill --from DATE --to DATE [--org SLUG] [--tenant SLUG] [--json]

Closes and bills [from, to): local dates of each organization. The same period again changes nothing and says so.
Exits 1 when an organization could not be billed.`,
  async run(argv) {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        from: { type: 'string' },
        to: { type: 'string' },
        org: { type: 'string' },
        tenant: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const { from, to } = values;
    if (!isDate(from) || !isDate(to)) throw new UsageError('--from and --to are dates, YYYY-MM-DD.');
    return withDatabase(async ({ postgres }) => {
      const tenant_id = await requireTenantId(postgres, values.tenant);
      const deps = { postgres, clock };
      const scope = await scopeOfTenant(deps, tenant_id);
      const { run_id } = await postgres.transact(scope, async (tx) => {
        const org = values.org === undefined ? undefined : await organizationBySlug(tx, values.org);
        if (values.org !== undefined && !org) throw new UsageError(`There is no organization ${values.org}.`);
        // Should this process die, the queue takes the run up.
        return requestRun(tx, { from, to, org_id: org?.org_id }, { run_at: clock.now().add({ minutes: 2 }) });
      });
      const run = await executeRun(deps, { tenant_id, run_id });
      const lines = [
        `run        ${run.run_id} ${run.status}`,
        `period     ${run.from_date} to ${run.to_date} (exclusive)`,
        `invoices   ${run.invoices}`,
        ...(run.already_billed > 0 ? [`unchanged  ${run.already_billed} subscriptions were billed for this period before`] : []),
        ...run.errors.map((error) => `error      ${error.code}: ${error.detail}`),
      ];
      print(values.json, run, lines);
      return run.status === 'completed' && run.errors.length === 0 ? 0 : 1;
    });
  },
};

function isDate(text: string | undefined): text is string {
  return text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text);
}
