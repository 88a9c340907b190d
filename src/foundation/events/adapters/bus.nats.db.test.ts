import { busContract } from '../../../../test/support/bus-contract.ts';
import { startNats } from '../../../../test/support/nats.ts';

busContract(
  'NATS JetStream',
  async () => {
    const server = await startNats();
    const lose = async () => {
      await server.kill();
      server.wipe();
      await server.start();
    };
    return { ...server, lose };
  },
  { once_within_window: true },
);
