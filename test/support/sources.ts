import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isCode, type Sources } from './syntax.ts';

/** The project's root folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

const notOurs = new Set(['node_modules', '.git', '.tallystick', 'dist', 'coverage']);

/**
 * Reads the given folders or files of the project. Code and pages come with their text; any other file is listed with
 * empty text, so that its name can still be judged. What does not exist is left out.
 */
export function readSources(parts: readonly string[]): Sources {
  const found: Record<string, string> = {};
  for (const part of parts) walk(part, found);
  return found;
}

function walk(path: string, found: Record<string, string>): void {
  const full = join(root, path);
  let entries: string[];
  try {
    entries = readdirSync(full);
  } catch (error) {
    if (hasCode(error, 'ENOTDIR')) found[path] = isCode(path) || path.endsWith('.md') ? readFileSync(full, 'utf8') : '';
    else if (!hasCode(error, 'ENOENT')) throw error;
    return;
  }
  for (const entry of entries.sort()) if (!notOurs.has(entry)) walk(`${path}/${entry}`, found);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
