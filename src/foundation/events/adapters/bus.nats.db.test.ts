import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { event, itCarriesEvents } from '../../../../test/support/bus-contract.ts';
import { itOutlivesItsServer, quiet } from '../../../../test/support/bus-server-contract.ts';
import { type NatsServer, startNats } from '../../../../test/support/nats.ts';
import { openBus } from './bus.ts';

describe('NATS JetStream', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNats();
  });
  afterAll(() => server?.close());

  itCarriesEvents(() => openBus(server.target, quiet));
  itOutlivesItsServer(() => server, { once_within_window: true });

  it('is not taken without JetStream: the error says what is missing', async () => {
    const without = await startNats({ jetstream: false });
    onTestFinished(() => without.close());
    await expect(openBus(without.target, quiet)).rejects.toThrow(/^BUS_URL: nats:.* has no JetStream/);
  });

  it('signs in, and says at once that it may not, without the password', async () => {
    const guarded = await startNats({ user: { name: 'tally', password: 'hush-hush' } });
    onTestFinished(() => guarded.close());
    const { publisher } = await openBus(guarded.target, quiet);
    onTestFinished(() => publisher.close());
    expect(await publisher.publish([event(randomUUID())])).toEqual([null]);
    const refused = await openBus({ ...guarded.target, password: 'hush' }, quiet, 60_000).catch((error: Error) => error);
    expect(refused).toMatchObject({ name: 'ConfigError', message: expect.stringMatching(/^BUS_URL: .*authorization/i) });
    expect(`${refused}`).not.toContain('hush');
  });
});
