import { expect, it } from 'vitest';
import { type GroupCommitOptions, groupCommit } from './service/ingest-queue.ts';

interface Work {
  name: string;
  size: number;
  bytes: number;
}

/** A writer that notes what goes together and waits to be let go. */
function recorder(options: { fails?: (names: string[]) => boolean } & Partial<GroupCommitOptions<Work, string>> = {}) {
  const flushes: string[][] = [];
  let release: (() => void)[] = [];
  const queue = groupCommit<Work, string>({
    async write(work) {
      const names = work.map((each) => each.name);
      flushes.push(names);
      await new Promise<void>((resolve) => release.push(resolve));
      if (options.fails?.(names)) throw new Error(`refused ${names}`);
      return names.map((name) => `${name} done`);
    },
    mayBeOneCallers: () => true,
    most_waiting: 1000,
    most_waiting_bytes: 1000,
    ...options,
  });
  const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
  return {
    queue,
    flushes,
    async letGo() {
      await turn();
      const now = release;
      release = [];
      for (const resolve of now) resolve();
      await turn();
    },
  };
}

it('sends what arrived together in one flush, and what arrives meanwhile in the next', async () => {
  const { queue, flushes, letGo } = recorder();
  const first = [queue.submit({ name: 'a', size: 1, bytes: 1 }), queue.submit({ name: 'b', size: 1, bytes: 1 })];
  await letGo();
  expect(await Promise.all(first)).toEqual(['a done', 'b done']);
  expect(flushes).toEqual([['a', 'b']]);
});

it('has two flushes under way at the most, and shares the third among all who wait', async () => {
  const { queue, flushes, letGo } = recorder({ most_per_flush: 3 });
  const answers: Promise<string>[] = [];
  for (const name of ['a', 'b', 'c', 'd', 'e']) answers.push(queue.submit({ name, size: 2, bytes: 1 }));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(flushes).toEqual([['a'], ['b']]);
  await letGo();
  await letGo();
  await letGo();
  expect(await Promise.all(answers)).toHaveLength(5);
  expect(flushes.flat()).toEqual(['a', 'b', 'c', 'd', 'e']);
});

it('fails nobody for the data of another caller', async () => {
  const { queue, flushes, letGo } = recorder({ fails: (names) => names.includes('bad') });
  const answers = Promise.allSettled(['good', 'bad', 'fine'].map((name) => queue.submit({ name, size: 1, bytes: 1 })));
  for (let turns = 0; turns < 4; turns += 1) await letGo();
  expect((await answers).map((each) => each.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(flushes).toEqual([['good', 'bad', 'fine'], ['good'], ['bad'], ['fine']]);
});

it('refuses work beyond its bound, but never the only work there is', async () => {
  const { queue, letGo } = recorder({ most_waiting: 10 });
  const large = queue.submit({ name: 'large', size: 50, bytes: 1 });
  await expect(queue.submit({ name: 'small', size: 1, bytes: 1 })).rejects.toMatchObject({ code: 'ingest_overloaded' });
  expect(queue.waiting()).toBe(50);
  await letGo();
  expect(await large).toBe('large done');
  expect(queue.waiting()).toBe(0);
});

it('refuses bytes beyond their bound however few events they are, and lets them go in flushes of their own', async () => {
  const { queue, flushes, letGo } = recorder({ most_waiting_bytes: 100, most_bytes_per_flush: 50, most_flights: 1 });
  const answers = ['a', 'b', 'c'].map((name) => queue.submit({ name, size: 1, bytes: 30 }));
  await expect(queue.submit({ name: 'd', size: 1, bytes: 11 })).rejects.toMatchObject({ code: 'ingest_overloaded', status: 429 });
  for (let turns = 0; turns < 3; turns += 1) await letGo();
  expect(await Promise.all(answers)).toEqual(['a done', 'b done', 'c done']);
  expect(flushes).toEqual([['a'], ['b'], ['c']]);
  const large = queue.submit({ name: 'large', size: 1, bytes: 500 });
  await letGo();
  expect(await large).toBe('large done');
});

it('closes when everything it took is answered', async () => {
  const { queue, letGo } = recorder();
  const answer = queue.submit({ name: 'a', size: 1, bytes: 1 });
  const closed = queue.close().then(() => 'closed');
  await expect(queue.submit({ name: 'b', size: 1, bytes: 1 })).rejects.toMatchObject({ code: 'ingest_closing' });
  await letGo();
  expect(await Promise.all([answer, closed])).toEqual(['a done', 'closed']);
});
