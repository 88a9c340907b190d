import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createTenantWithAdmin } from '../../foundation/identity/service/tenants.ts';
import { createTenantKeys } from '../../foundation/receipts/service.ts';
import { clock } from '../../platform/clock.ts';
import { readConfig } from '../../platform/config.ts';
import { startJobs } from '../../platform/jobs.ts';
import { createLogger, createMetrics } from '../../platform/telemetry.ts';
import { createIngest } from '../../usage/metering/service/ingest.ts';
import { createClient } from '../demo/client.ts';
import { fillDemo } from '../demo/fill.ts';
import { jobDefinitions } from '../jobs.ts';
import { createServer } from '../server.ts';
import { type Command, print, UsageError } from './command.ts';
import { withDatabase } from './with-database.ts';

export const demo: Command = {
  help: `tallystick demo [--months N] [--json]

Makes a test tenant with a believable business and N closed months (3): an electricity retailer with sites and meters, and a
form builder with plans and partners; usage, closed periods, invoices open, paid and void. Works beside a running server.`,
  async run(argv) {
    const { values } = parseArgs({
      args: [...argv],
      options: { months: { type: 'string', default: '3' }, json: { type: 'boolean', default: false } },
    });
    if (!/^([1-9]|1\d|2[0-4])$/.test(values.months)) throw new UsageError('--months is from 1 to 24.');
    const config = readConfig();
    const log = createLogger('error');
    return withDatabase(async ({ postgres }) => {
      const slug = `demo-${randomInt(36 ** 5).toString(36)}`;
      const tenant = {
        name: 'Southern Light & Forms',
        slug,
        mode: 'test' as const,
        currency: 'AUD',
        default_timezone: 'Australia/Sydney',
      };
      const made = await createTenantWithAdmin({ postgres, clock }, tenant, async (tx) => {
        await createTenantKeys(tx);
      });
      const ingest = createIngest(postgres, {
        queue_events: config.ingest_queue_events,
        generation_events: config.generation_events,
      });
      const metrics = createMetrics();
      const web = await createServer({ config, log, metrics, postgres, ingest });
      const jobs = await startJobs(jobDefinitions({ postgres, metrics, ingest, ...config }), { postgres, clock, log });
      try {
        const today = clock.now().toZonedDateTimeISO('Australia/Sydney').toPlainDate();
        const say = (text: string) => values.json || process.stdout.write(`  ${text}\n`);
        const filled = await fillDemo(createClient(web, made.admin_key), {
          today,
          months: Number.parseInt(values.months, 10),
          say,
        });
        print(values.json, { ...made, slug, ...filled }, [
          '',
          `tenant     ${tenant.name} (${slug})`,
          `holds      ${filled.customers} customers, ${filled.usage_events} usage events, ${filled.invoices} invoices`,
          `admin key  ${made.admin_key}`,
          `sign in    /setup#token=${made.setup_token}`,
        ]);
        return 0;
      } finally {
        await web.close();
        await jobs.stop();
        await ingest.close();
      }
    });
  },
};
