import { afterAll, beforeAll, describe } from 'vitest';
import { itCarriesEvents } from '../../../../test/support/bus-contract.ts';
import { itOutlivesItsServer, quiet } from '../../../../test/support/bus-server-contract.ts';
import { type KafkaServer, startKafka } from '../../../../test/support/kafka.ts';
import { openBus } from './bus.ts';

describe('Kafka', () => {
  let server: KafkaServer;
  beforeAll(async () => {
    server = await startKafka();
  });
  afterAll(() => server?.close());

  itCarriesEvents(() => openBus(server.target, quiet));
  itOutlivesItsServer(() => server, { once_within_window: false });
});
