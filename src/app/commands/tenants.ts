import { parseArgs } from 'node:util';
import { createTenantWithAdmin } from '../../foundation/identity/service/tenants.ts';
import { createTenantKeys } from '../../foundation/receipts/service.ts';
import { clock } from '../../platform/clock.ts';
import { type Command, print, UsageError } from './command.ts';
import { withDatabase } from './with-database.ts';

export const tenants: Command = {
  help: `tallystick tenants create --name NAME --slug SLUG [--mode live|test] [--currency AUD] [--timezone Australia/Sydney] [--email ADDRESS] [--json]

Makes a tenant with its own organization, signing keys, an admin API key and a sign-in link, each shown once.`,
  async run(argv) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        name: { type: 'string' },
        slug: { type: 'string' },
        mode: { type: 'string', default: 'live' },
        currency: { type: 'string' },
        timezone: { type: 'string' },
        email: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const { name, slug, mode } = values;
    if (positionals[0] !== 'create' || !name || !slug) throw new UsageError('Say create, with --name and --slug.');
    if (mode !== 'live' && mode !== 'test') throw new UsageError('--mode is live or test.');
    if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(slug))
      throw new UsageError('--slug has lower-case letters, digits and inner hyphens.');
    return withDatabase(async ({ postgres }) => {
      const made = await createTenantWithAdmin(
        { postgres, clock },
        {
          name,
          slug,
          mode,
          ...(values.currency ? { currency: values.currency } : {}),
          ...(values.timezone ? { default_timezone: values.timezone } : {}),
          ...(values.email ? { billing_email: values.email } : {}),
        },
        async (tx) => {
          await createTenantKeys(tx);
        },
      );
      print(values.json, made, [
        `tenant     ${made.tenant_id}`,
        `admin key  ${made.admin_key}`,
        `sign in    /setup#token=${made.setup_token}`,
      ]);
      return 0;
    });
  },
};
