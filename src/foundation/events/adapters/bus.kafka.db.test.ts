import { busContract } from '../../../../test/support/bus-contract.ts';
import { startKafka } from '../../../../test/support/kafka.ts';

busContract(
  'Kafka',
  async () => {
    const server = await startKafka();
    const lose = async () => {
      await server.kill();
      await server.wipe();
      await server.start();
    };
    return { ...server, lose };
  },
  { once_within_window: false },
);
