import type { BusTarget } from '../../../platform/config.ts';
import type { Bus } from '../model.ts';
import { openKafka } from './kafka/open.ts';
import { openNats } from './nats/open.ts';
import type { BusOptions } from './options.ts';

/**
 * The bus that `BUS_URL` names, once it has answered and what events need is set up there. A publisher connects at its first use and is closed
 * by `close`, a subscription is closed by its own. Throws a ConfigError about BUS_URL when nobody answers for 15 seconds (several processes
 * start at once, and the bus may be last), or what answers is not usable.
 */
export async function openBus(target: BusTarget, log: BusOptions['log'], patience_ms = 15_000): Promise<Bus> {
  const options = { target, log, patience_ms };
  switch (target.kind) {
    case 'nats':
      return await openNats(options);
    case 'kafka':
      return await openKafka(options);
    default:
      return nothingBetween;
  }
}

/** `embedded`, where the router reads the outbox itself, and `noop`, where nobody follows: whatever the outbox has is published. */
const nothingBetween: Bus = {
  publisher: { publish: async (envelopes) => envelopes.map(() => null), close: async () => undefined },
  subscriber: null,
};
