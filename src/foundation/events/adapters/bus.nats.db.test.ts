import { afterAll, beforeAll, describe } from 'vitest';
import { itCarriesEvents } from '../../../../test/support/bus-contract.ts';
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
});
