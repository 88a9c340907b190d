import { parseArgs } from 'node:util';
import type { Difference } from '../../desk/reconciliation/model.ts';
import {
  executeVerification,
  leftUntil,
  listDifferences,
  requestVerification,
  scopeOfTenant,
} from '../../desk/reconciliation/service/verifications.ts';
import { organizationBySlug } from '../../foundation/tenancy/service.ts';
import { clock } from '../../platform/clock.ts';
import type { Postgres, Scope } from '../../platform/postgres.ts';
import { print, UsageError } from './command.ts';
import { requireTenantId } from './tenant-option.ts';
import { withDatabase } from './with-database.ts';

/** Works out again what was issued, and prints what differs; exits 0 where nothing does. */
export async function replayVerify(argv: readonly string[]): Promise<number> {
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
  const { from, to, org, json } = values;
  for (const date of [from, to])
    if (date !== undefined && !/^\d{4}-\d\d-\d\d$/.test(date)) throw new UsageError('--from and --to are dates, YYYY-MM-DD.');
  return withDatabase(async ({ postgres }) => {
    const tenant_id = await requireTenantId(postgres, values.tenant);
    const deps = { postgres, clock, beside_queue: true };
    const scope = await scopeOfTenant(deps, tenant_id);
    const { verification_id } = await postgres.transact(scope, async (tx) => {
      const organization = org === undefined ? undefined : await organizationBySlug(tx, org);
      if (org !== undefined && !organization) throw new UsageError(`There is no organization ${org}.`);
      return requestVerification(tx, { from, to, org_id: organization?.org_id }, { run_at: leftUntil(deps) });
    });
    const began = performance.now();
    const verification = await executeVerification(deps, { tenant_id, verification_id });
    const seconds = (performance.now() - began) / 1000;
    const differences = await allDifferences(postgres, scope, verification_id);
    const { checked } = verification;
    print(json, { ...verification, data: differences }, [
      `verified   ${checked.invoices} invoices, ${checked.lines} lines, ${checked.credit_notes} credit notes, ${checked.billed_periods} billed periods, ${checked.actions} single charges`,
      `from       ${checked.events} usage events, in ${seconds.toFixed(1)} s`,
      ...differences.flatMap(lines),
      `${differences.length} ${differences.length === 1 ? 'difference' : 'differences'}`,
    ]);
    return verification.status === 'completed' && differences.length === 0 ? 0 : 1;
  });
}

async function allDifferences(postgres: Postgres, scope: Scope, verification_id: string): Promise<Difference[]> {
  const found: Difference[] = [];
  for (let cursor: string | undefined; ; ) {
    const asked = { limit: 100, cursor };
    const page = await postgres.read(scope, (db) => listDifferences(db, verification_id, asked));
    found.push(...page.data);
    if (page.next_cursor === null) return found;
    cursor = page.next_cursor;
  }
}

function lines({ subject, document, line, sku, subject_id, fields, events }: Difference): string[] {
  const place = document === null ? `${subject.replace('_', ' ')} ${subject_id}` : document;
  return [
    `${place}${line === null ? '' : ` line ${line}`}${sku === null ? '' : ` ${sku}`}`,
    ...fields.map(
      ({ field, expected, found, in: places }) => `  ${field}: ${expected ?? '–'}, found ${found ?? '–'} in ${places.join(', ')}`,
    ),
    ...(events.length === 0 ? [] : [`  events that are not as they were received: ${events.join(', ')}`]),
  ];
}
