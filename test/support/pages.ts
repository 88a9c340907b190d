import { posix } from 'node:path';
import { floors } from '../../src/app/order.ts';
import type { Sources, Violation } from './syntax.ts';
import { tablesOf } from './tables.ts';

const folders = /^(?:src|sdk|docs|migrations|console|bench|test|scripts|\.ci)\/[\w./-]*$/;

/**
 * Where the written pages are no longer true: a link or a file in backticks that does not exist, a room that ARCHITECTURE.md
 * does not list, a table that its room's README does not name. `sources` holds the pages and every file they may speak of.
 */
export function pageViolations(sources: Sources): Violation[] {
  const found: Violation[] = [];
  const known = new Set(Object.keys(sources).flatMap(withFolders));
  for (const [path, text] of Object.entries(sources)) {
    if (!path.endsWith('.md')) continue;
    text.split('\n').forEach((line, index) => {
      for (const target of targetsOf(path, line)) {
        if (!known.has(target)) found.push({ path, line: index + 1, message: `speaks of ${target}, which does not exist` });
      }
    });
  }
  return [...found, ...unlistedRooms(sources, known), ...unnamedTables(sources)];
}

function withFolders(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

function targetsOf(path: string, line: string): string[] {
  const links = [...line.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)/g)].map((match) =>
    posix.join(posix.dirname(path), match[1] ?? ''),
  );
  const names = [...line.matchAll(/`([^`<>*{}\s]+)`/g)]
    .map((match) => match[1] ?? '')
    .filter((name) => folders.test(name) && !name.includes('NNNN'));
  return [...links, ...names].map((target) => target.replace(/\/$/, ''));
}

function unlistedRooms(sources: Sources, known: ReadonlySet<string>): Violation[] {
  const page = sources['ARCHITECTURE.md'] ?? '';
  return floors.flatMap(({ floor, rooms }) =>
    rooms
      .filter((room) => known.has(`src/${floor}/${room}`) !== page.includes(`| \`${room}\` `))
      .map((room) => ({
        path: 'ARCHITECTURE.md',
        line: 0,
        message: `does not list the rooms that exist: look at ${floor}/${room}`,
      })),
  );
}

function unnamedTables(sources: Sources): Violation[] {
  const found: Violation[] = [];
  for (const [table, room] of tablesOf(sources)) {
    const readme = Object.keys(sources).find((path) => path.startsWith('src/') && path.endsWith(`/${room}/README.md`));
    if (readme !== undefined && !new RegExp(`\`${table}\``).test(sources[readme] ?? '')) {
      found.push({ path: readme, line: 0, message: `does not name its table ${table}` });
    }
  }
  return found;
}
