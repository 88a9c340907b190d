import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { event, itCarriesEvents } from '../../../../test/support/bus-contract.ts';
import { itOutlivesItsServer, quiet } from '../../../../test/support/bus-server-contract.ts';
import { type KafkaServer, startKafka } from '../../../../test/support/kafka.ts';
import { openBus } from './bus.ts';

describe('Kafka', () => {
  let server: KafkaServer;
  // The first time ever, Maven fetches the broker.
  beforeAll(async () => {
    server = await startKafka();
  }, 300_000);
  afterAll(() => server?.close());

  itCarriesEvents(() => openBus(server.target, quiet));
  itOutlivesItsServer(() => server, { once_within_window: false });

  it('signs in by SCRAM, and says at once that it may not, without the password', async () => {
    const { publisher } = await openBus(server.signed, quiet);
    onTestFinished(() => publisher.close());
    expect(await publisher.publish([event(randomUUID())])).toEqual([null]);
    const refused = await openBus({ ...server.signed, password: 'hush-hush' }, quiet, 60_000).catch((error: Error) => error);
    expect(refused).toMatchObject({ name: 'ConfigError', message: expect.stringMatching(/^BUS_URL: .*authentication/i) });
    expect(`${refused}`).not.toContain('hush');
  });
});
