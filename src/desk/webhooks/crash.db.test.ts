import { afterEach, expect, it } from 'vitest';
import { dataFolder } from '../../../test/support/data-folder.ts';
import { testDatabase } from '../../../test/support/database.ts';
import { tallystick } from '../../../test/support/processes.ts';
import { defects, happen, make, receiver, testSender } from '../../../test/support/webhooks.ts';

const t = await testDatabase();
const folder = dataFolder();
afterEach(async () => expect(await defects(t)).toEqual([]));

it.each([
  ['after it claimed', 'webhooks.claimed-not-sent', 0],
  ['between sending and recording', 'webhooks.sent-not-recorded', 1],
  ['after it recorded', 'webhooks.recorded', 1],
])(
  'a sender that is killed %s loses nothing: at least once, under the same webhook-id',
  async (_label, name, sent) => {
    const there = await receiver();
    const { webhook_id } = await make(t, { url: there.url });
    const event_id = await happen(t);
    const killed = tallystick(['serve', '--roles', 'webhooks'], {
      DATABASE_URL: t.url,
      TALLYSTICK_DATA_DIR: folder.path,
      TALLYSTICK_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
      TALLYSTICK_WEBHOOKS_ALLOW_PRIVATE: '127.0.0.1',
      TALLYSTICK_FAILPOINT: name,
      TALLYSTICK_LOG_LEVEL: 'error',
    });
    const { signal, stderr, stdout } = await killed.finished;
    expect(signal, stderr + stdout).toBe('SIGKILL');
    expect(there.received).toHaveLength(sent);
    // What it held is its own until the lease ends.
    const sender = testSender(t);
    await sender.drain();
    expect(there.received).toHaveLength(sent);
    await t.superuser("UPDATE webhook_delivery SET leased_until = now() - interval '1 second' WHERE lease IS NOT NULL");
    await sender.drain();
    expect(there.received.length).toBeGreaterThanOrEqual(1);
    expect(new Set(there.received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([event_id]));
    expect(await t.superuser('SELECT status, attempts FROM webhook_delivery WHERE webhook_id = $1', [webhook_id])).toEqual([
      { status: 'delivered', attempts: 1 },
    ]);
    await t.superuser("UPDATE webhook SET status = 'disabled', disabled_reason = 'on_request', disabled_at = now()");
    await sender.close();
    await there.close();
  },
  60_000,
);
