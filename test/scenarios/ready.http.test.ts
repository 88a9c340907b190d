import { expect, it } from 'vitest';
import { createServer } from '../../src/app/server.ts';
import { createLogger, createMetrics } from '../../src/platform/telemetry.ts';
import { createIngest } from '../../src/usage/metering/service/ingest.ts';
import { testServer } from '../support/server.ts';

const s = await testServer();

it('is not ready while it still starts, when the first tenant has no key yet, and is alive all the same', async () => {
  let started = false;
  const ingest = createIngest(s.t.postgres, { queue_events: 1000 });
  const parts = { config: s.config, log: createLogger('silent'), metrics: createMetrics(), postgres: s.t.postgres, ingest };
  const web = await createServer({
    ...parts,
    readiness: async () => ({ database: true, roles: { api: started, worker: true } }),
  });
  const status = async (url: string) => (await web.inject(url)).statusCode;
  expect([await status('/livez'), await status('/readyz')]).toEqual([200, 503]);
  expect((await web.inject('/readyz')).json()).toEqual({
    status: 'not ready',
    missing: ['api'],
    roles: { api: 'not ready', worker: 'ready' },
  });
  started = true;
  expect(await status('/readyz')).toBe(200);
  await web.close();
  await ingest.close();
});
