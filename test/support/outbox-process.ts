/**
 * A process that works on an outbox until it is killed, by a failpoint or by whoever started it:
 *
 *   node test/support/outbox-process.ts <database url> <data folder> bus|embedded|archive <failpoint>
 */

import type { Envelope } from '../../src/foundation/events/model.ts';
import { archiveEvents } from '../../src/foundation/events/service/archive.ts';
import { createDispatcher } from '../../src/foundation/events/service/dispatch.ts';
import { createRouter } from '../../src/foundation/events/service/route.ts';
import { keepDocumentsIn } from '../../src/platform/documents.ts';
import { armFailpoint } from '../../src/platform/failpoint.ts';
import { createPostgres } from '../../src/platform/postgres.ts';
import { followOnce } from './outbox.ts';

const [url = '', data_dir = '', work, failpoint = ''] = process.argv.slice(2);
const postgres = createPostgres({ connection: { connectionString: url } });
const log = { warn: () => undefined, error: () => undefined };
armFailpoint(failpoint);

if (work === 'archive') {
  keepDocumentsIn(data_dir);
  await archiveEvents(postgres, { before: '2020-06' });
} else {
  let receive: ((envelopes: readonly Envelope[]) => Promise<void>) | null = null;
  const router = createRouter({
    postgres,
    nowOf: async () => Temporal.Instant.from('2026-03-01T00:00:00Z'),
    reactionsTo: (type) => (type === 'thing.happened' ? [followOnce] : []),
    log,
    takes_pending: work === 'embedded',
    concurrency: 2,
    subscriber: {
      async subscribe(given) {
        receive = given;
        return { close: async () => undefined };
      },
    },
  });
  await router.start();
  if (work === 'bus')
    createDispatcher({
      postgres,
      log,
      publisher: {
        async publish(envelopes) {
          // As a bus would: whether it was received has nothing to do with its being published.
          setTimeout(() => void receive?.(envelopes), 1);
          return envelopes.map(() => null);
        },
      },
    }).start();
}
