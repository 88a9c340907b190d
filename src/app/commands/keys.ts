import { parseArgs } from 'node:util';
import { scopeOfTenant } from '../../billing/invoicing/service/run.ts';
import { rotateKey } from '../../foundation/receipts/service.ts';
import { clock } from '../../platform/clock.ts';
import { type Command, print, UsageError } from './command.ts';
import { requireTenantId } from './tenant-option.ts';
import { withDatabase } from './with-database.ts';

export const keys: Command = {
  help: `tallystick keys create --purpose checkpoint|ack [--tenant SLUG] [--json]

Makes a new signing key and retires the one before, which stays in the JWKS: what it signed still verifies.`,
  async run(argv) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { purpose: { type: 'string' }, tenant: { type: 'string' }, json: { type: 'boolean', default: false } },
    });
    const { purpose } = values;
    if (positionals[0] !== 'create' || (purpose !== 'checkpoint' && purpose !== 'ack')) {
      throw new UsageError('Say create, with --purpose checkpoint or --purpose ack.');
    }
    return withDatabase(async ({ postgres }) => {
      const tenant_id = await requireTenantId(postgres, values.tenant);
      const scope = await scopeOfTenant({ postgres, clock }, tenant_id);
      const key = await postgres.transact(scope, (tx) => rotateKey(tx, purpose));
      print(values.json, key, [`key  ${key.kid} (${key.alg}, ${key.purpose})`]);
      return 0;
    });
  },
};
