import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { dataFolder } from '../../../test/support/data-folder.ts';
import { testDatabase } from '../../../test/support/database.ts';
import { followOnce, happened, outboxOf, until } from '../../../test/support/outbox.ts';
import { keepDocumentsIn } from '../../platform/documents.ts';
import { type Failpoint, failpoints, isFailpoint } from '../../platform/failpoint.ts';
import { archiveEvents, openEventMonths } from './service/archive.ts';
import { emitMany } from './service.ts';

const folder = dataFolder();
afterAll(() => folder.remove());

type Work = 'bus' | 'embedded' | 'archive';

/** Works on the outbox in a process of its own until that dies; answers the signal that ended it. */
function runUntilDead(url: string, work: Work, failpoint: string): Promise<NodeJS.Signals | null> {
  const script = fileURLToPath(new URL('../../../test/support/outbox-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, url, folder.path, work, failpoint], { stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (_code, signal) => resolve(signal));
  });
}

const places: [Failpoint, Work][] = [
  ['dispatcher.claimed-not-published', 'bus'],
  ['dispatcher.published-not-marked', 'bus'],
  ['dispatcher.marked', 'bus'],
  ['router.received-not-claimed', 'bus'],
  ['router.claimed-not-acknowledged', 'bus'],
  ['router.claimed-not-routed', 'bus'],
  ['router.claimed-not-routed', 'embedded'],
  ['router.effect-not-committed', 'bus'],
  ['router.effect-not-committed', 'embedded'],
  ['router.effect-committed-not-marked', 'bus'],
  ['router.effect-committed-not-marked', 'embedded'],
  ['router.marked-in-part', 'bus'],
  ['router.marked-in-part', 'embedded'],
];

describe('a process that is killed', () => {
  it.each(places)(
    'at %s (%s) leaves what the next one ends: every event routed, each effect once, nothing for the audit',
    async (failpoint, work) => {
      const t = await testDatabase();
      const outbox = outboxOf(t);
      const ids = await t.transact((tx) =>
        emitMany(
          tx,
          Array.from({ length: 60 }, (_, n) => happened(n, `thing-${n % 20}`)),
        ),
      );
      expect(await runUntilDead(t.url, work, `${failpoint}:1`)).toBe('SIGKILL');
      const next = outbox.router([followOnce], { takes_pending: work === 'embedded', poll_ms: 50 });
      await next.start();
      if (work === 'bus') outbox.dispatcher(() => undefined, { grace_ms: 0, poll_ms: 50 }).start();
      await until(async () => {
        // What the bus was given, and lost, would be due later.
        await outbox.makeDue();
        return (await outbox.rows()).every((row) => row.is_routed);
      });
      await outbox.stop();
      const followed = await t.superuser<{ of: string }>(
        "SELECT data->>'of' AS of FROM billing_events WHERE type = 'thing.followed'",
      );
      expect(followed.map((row) => row.of).sort()).toEqual(ids.toSorted());
      expect(await outbox.defects()).toEqual([]);
      expect(await t.superuser('SELECT 1 FROM event_lease')).toEqual([]);
      await t.close();
    },
  );

  it('between a document and the drop of its month loses nothing: the next one archives the month', async () => {
    const t = await testDatabase();
    const outbox = outboxOf(t);
    await t.superuser("ALTER TABLE billing_events ALTER COLUMN recorded_at SET DEFAULT '2020-05-10T00:00:00Z'");
    await t.transact((tx) => emitMany(tx, [happened(1), happened(2)]));
    await outbox.router([]).drain();
    await outbox.stop();
    await openEventMonths(t.postgres);
    expect(await runUntilDead(t.url, 'archive', 'events.archived-not-dropped')).toBe('SIGKILL');
    expect(await outbox.rows()).toHaveLength(2);
    keepDocumentsIn(folder.path);
    expect(await archiveEvents(t.postgres, { before: '2020-06' })).toMatchObject([
      { month: '2020-05', events: 2, document: expect.any(String) },
    ]);
    expect(await outbox.rows()).toEqual([]);
    expect(await outbox.defects()).toEqual([]);
    await t.close();
  });
});

it('every place of this room is one of those', () => {
  const tried = new Set([...places.map(([failpoint]) => failpoint), 'events.archived-not-dropped']);
  expect(failpoints.filter((name) => /^(?:dispatcher|router|events)\./.test(name) && !tried.has(name))).toEqual([]);
  expect(isFailpoint('router.marked-in-part:3')).toBe(true);
  for (const wrong of ['router', 'router.marked-in-part:0', 'router.marked-in-part:1:1', ''])
    expect(isFailpoint(wrong)).toBe(false);
});
