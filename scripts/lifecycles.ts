/**
 * Draws the lifecycles into the READMEs of their rooms, from the tables that the program goes by:
 *
 *   ./node_modules/.bin/node scripts/lifecycles.ts
 *
 * A test compares the READMEs with the tables.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { diagrams } from '../src/app/lifecycles.ts';

const begin = '<!-- lifecycle: written by `npm run lifecycles` -->';
const end = '<!-- /lifecycle -->';

/** Each README as it is, and as its table would have it. */
export function readmes(): { path: string; is: string; should: string }[] {
  return Object.entries(diagrams).map(([room, diagram]) => {
    const path = fileURLToPath(new URL(`../src/${room}/README.md`, import.meta.url));
    const is = readFileSync(path, 'utf8');
    const [before, rest = ''] = is.split(begin, 2);
    const after = rest.split(end, 2)[1];
    if (after === undefined) throw new Error(`${path} has no place for its lifecycle: ${begin} … ${end}`);
    return { path, is, should: `${before}${begin}\n\n\`\`\`mermaid\n${diagram}\n\`\`\`\n\n${end}${after}` };
  });
}

if (argv[1] === fileURLToPath(import.meta.url)) for (const { path, should } of readmes()) writeFileSync(path, should);
