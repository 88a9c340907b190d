import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { createServer } from '../../src/app/server.ts';
import { createLogger, createMetrics } from '../../src/platform/telemetry.ts';
import { createIngest } from '../../src/usage/metering/service/ingest.ts';
import { testServer } from '../support/server.ts';

const s = await testServer();

it.each(['/v1/webhooks/in/', '/v1/metering/gateways/'])(
  'who sends webhooks to %s without end is told to wait, by address, whatever credentials come along',
  async (path) => {
    const ingest = createIngest(s.t.postgres, { queue_events: 1000 });
    const config = { ...s.config, rate_limit_per_minute: 5 };
    const parts = { config, log: createLogger('silent'), metrics: createMetrics(), postgres: s.t.postgres, ingest };
    const web = await createServer(parts);
    const url = path + randomUUID() + (path.includes('gateways') ? '/readings' : '');
    const ask = async (authorization: string, remoteAddress: string) =>
      (await web.inject({ method: 'POST', url, headers: { authorization }, remoteAddress })).statusCode;
    const statuses: number[] = [];
    for (let n = 0; n < 7; n += 1) statuses.push(await ask(`Bearer ${n}`, '192.0.2.1'));
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    expect(await ask('Bearer 1', '192.0.2.2')).toBe(401);
    await web.close();
    await ingest.close();
  },
);
