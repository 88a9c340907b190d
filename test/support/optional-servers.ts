import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findChromium } from './chromium.ts';

/** A program that some tests need and a machine may lack. */
interface Optional {
  title: string;
  /** How to come by it, in a few words. */
  advice: string;
  /** Where it is, or undefined. */
  find(): string | undefined;
  /** The test files that need it. */
  files: string;
}

/** By the part of a test file's name that asks for it: `bus.nats.db.test.ts` needs a NATS server. */
export const optional = {
  browser: {
    title: 'Chromium',
    advice: 'install it, or set CHROMIUM_PATH',
    find: findChromium,
    files: '**/*.browser.test.ts',
  },
  nats: {
    title: 'nats-server',
    advice: 'install it, or set NATS_SERVER_PATH',
    find: () => findProgram('nats-server', process.env.NATS_SERVER_PATH),
    files: '**/*.nats.{db,http}.test.ts',
  },
  redis: {
    title: 'redis-server',
    advice: 'install it, or set REDIS_SERVER_PATH',
    find: () => findProgram('redis-server', process.env.REDIS_SERVER_PATH),
    files: '**/*.redis.{db,http}.test.ts',
  },
} as const satisfies Record<string, Optional>;

/** The path of a server that tests start. Throws where it is not installed. */
export function findServer(name: keyof typeof optional): string {
  const { title, advice, find } = optional[name];
  const path = find();
  if (path === undefined) throw new Error(`${title} was not found (${advice}).`);
  return path;
}

/** What is not here, so that the tests which need it are left out and named. */
export function missingServers(): Optional[] {
  return Object.values(optional).filter(({ find }) => find() === undefined);
}

function findProgram(name: string, given = ''): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin'];
  return [given, ...folders.filter((folder) => folder !== '').map((folder) => join(folder, name))].find(
    (path) => path !== '' && existsSync(path),
  );
}
