import type { ESTree } from 'vite';
import { floors } from '../../src/app/order.ts';
import { isCode, isTest, nodesOf, parse, type Sources, type Syntax, type Violation } from './syntax.ts';

/** Where a rule does not hold: folders end in a slash. Everywhere else it does. */
const allowed = {
  clock: ['src/platform/clock.ts', 'console/src/ui/format.ts', 'sdk/client/clock.ts', 'scripts/'],
  environment: ['src/platform/config.ts', 'test/support/', 'test/chaos/', 'bench/', 'scripts/', 'vitest.config.ts'],
  numbers: ['console/src/ui/format.ts', 'console/src/ui/decimal.ts', 'scripts/'],
  rounding: ['src/app/', 'console/', 'scripts/', 'bench/', 'test/'],
  defaultExport: ['vitest.config.ts', 'console/vite.config.ts'],
  generated: ['console/src/api/', 'sdk/client/api.ts', 'src/proto/'],
} as const satisfies Record<string, readonly string[]>;

/** A file past this many lines becomes a folder of the same name. */
const most_lines = 400;

const moneyName = /(?:^|_)(?:amount|price|gross|net|minor)(?:_|$)/;
const machinePath = /(?:^|[\s'"`(=])(\/(?:work|root|home\/\w+|Users\/\w+)\/[\w.])/;

/** Every way in which the given files break the style of the house; each message names what to do instead. */
export function styleViolations(sources: Sources): Violation[] {
  const found: Violation[] = missingReadmes(sources);
  for (const [path, source] of Object.entries(sources)) {
    if (isAt(path, allowed.generated)) continue;
    const at = (line: number, message: string) => found.push({ path, line, message });
    source.split('\n').forEach((text, index) => {
      if (machinePath.test(text)) at(index + 1, 'holds a path of one machine: make it relative, or configure it');
    });
    for (const message of nameRefusals(path)) at(0, message);
    if (!isCode(path)) continue;
    const lines = source.split('\n').length - (source.endsWith('\n') ? 1 : 0);
    if (lines > most_lines) at(0, `has ${lines} lines: make it a folder of the same name, one use case per file`);
    const syntax = parse(path, source);
    for (const { value, start } of syntax.comments) {
      if (/\b(?:TODO|FIXME|XXX|HACK)\b/.test(value))
        at(syntax.lineAt(start), 'postpones work: do it, or open an issue and delete the note');
      if (/@ts-(?:ignore|nocheck|expect-error)/.test(value))
        at(syntax.lineAt(start), 'silences the compiler: make the types true');
    }
    for (const node of nodesOf(syntax))
      for (const message of refusals(path, node, syntax)) at(syntax.lineAt(node.start), message);
  }
  return found;
}

function isAt(path: string, places: readonly string[]): boolean {
  return places.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place));
}

function missingReadmes(sources: Sources): Violation[] {
  const named = new Set(floors.flatMap(({ floor, rooms }) => rooms.map((room) => `src/${floor}/${room}`)));
  const existing = new Set(Object.keys(sources).map((path) => path.split('/').slice(0, 3).join('/')));
  return [...existing]
    .filter((room) => named.has(room) && !(`${room}/README.md` in sources))
    .map((path) => ({ path, line: 0, message: 'has no README.md: write its contract, what it owns and does not promise' }));
}

function nameRefusals(path: string): string[] {
  const names = path.split('/').map((part) => part.replace(/\..*$/, ''));
  const messages: string[] = [];
  if (/(?:^|\/)index\.[jt]sx?$/.test(path)) messages.push('is an index: import the file that holds the thing');
  if (names.some((name) => /^(?:utils?|helpers?|misc)$/.test(name)))
    messages.push('says nothing by its name: name it after what it holds');
  return messages;
}

function refusals(path: string, node: ESTree.Node, syntax: Syntax): string[] {
  const messages: string[] = [];
  if (!isAt(path, allowed.clock) && readsTheClock(node)) {
    messages.push(
      'reads the wall clock: take `now` as an argument; only src/platform/clock.ts (in the console ui/format.ts, in the client clock.ts) reads it',
    );
  }
  if (!isAt(path, allowed.environment) && isMember(node, 'process', /^env$/)) {
    messages.push('reads the environment: add the setting to src/platform/config.ts and take it as an argument');
  }
  if (!isAt(path, allowed.numbers)) messages.push(...numberRefusals(path, node));
  if (node.type === 'ExportDefaultDeclaration' && !isAt(path, allowed.defaultExport))
    messages.push('exports a default: give it a name');
  // In tests Biome asks for a reason beside each.
  if (node.type === 'TSAnyKeyword' && !isTest(path) && !path.startsWith('test/'))
    messages.push('says `any`: say `unknown` and check it, or give the type');
  if (isEmptyCatch(node, syntax)) messages.push('catches and says nothing: answer the error it expects and rethrow the rest');
  if (isTest(path) && isSkip(node)) messages.push('skips a test or runs it alone: make it pass, or delete it');
  return messages;
}

function readsTheClock(node: ESTree.Node): boolean {
  if (node.type === 'NewExpression' && isName(node.callee, 'Date')) return true;
  if (node.type === 'CallExpression' && isName(node.callee, 'Date')) return true;
  return isMember(node, 'Date', /^now$/) || isMember(node, 'Temporal', /^Now$/);
}

/** Money and quantities are exact: nothing may turn them into a JavaScript number. */
function numberRefusals(path: string, node: ESTree.Node): string[] {
  const decimal = path.startsWith('console/') ? 'console/src/ui/decimal.ts' : 'src/kernel/decimal.ts';
  const instead = `use ${decimal} for amounts and quantities, Number.parseInt(text, 10) for counts`;
  if (node.type === 'CallExpression' && (isName(node.callee, 'Number') || isName(node.callee, 'parseFloat'))) {
    return [`makes a float of a text: ${instead}`];
  }
  if (isMember(node, 'Number', /^parseFloat$/)) return [`makes a float of a text: ${instead}`];
  if (node.type === 'UnaryExpression' && node.operator === '+' && node.argument.type !== 'Literal') {
    return [`makes a float with a plus sign: ${instead}`];
  }
  if (!isAt(path, allowed.rounding) && !isTest(path) && isMember(node, undefined, /^toFixed$/)) {
    return ['rounds a float with toFixed: use src/kernel/money.ts'];
  }
  if (node.type !== 'BinaryExpression' || !/^[*/%+-]$/.test(node.operator)) return [];
  const [left, right] = [node.left, node.right];
  const mixed = (isMoney(left) && isPlainNumber(right)) || (isPlainNumber(left) && isMoney(right));
  return mixed ? ['computes with money in JavaScript numbers: use src/kernel/money.ts or bigint minor units'] : [];
}

function isMoney(node: ESTree.Node): boolean {
  if (node.type === 'Identifier') return moneyName.test(node.name);
  return node.type === 'MemberExpression' && node.property.type === 'Identifier' && moneyName.test(node.property.name);
}

function isPlainNumber(node: ESTree.Node): boolean {
  return node.type === 'Literal' && typeof node.value === 'number';
}

function isEmptyCatch(node: ESTree.Node, syntax: Syntax): boolean {
  if (node.type === 'CatchClause') return node.body.body.length === 0;
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return false;
  const { property } = node.callee;
  const handler = node.arguments[0];
  if (property.type !== 'Identifier' || property.name !== 'catch' || handler === undefined) return false;
  return /=>\s*\{\s*\}$/.test(syntax.source.slice(handler.start, handler.end));
}

function isSkip(node: ESTree.Node): boolean {
  if (node.type === 'CallExpression' && node.callee.type === 'Identifier')
    return /^(?:xit|xtest|xdescribe|fit|fdescribe)$/.test(node.callee.name);
  if (node.type !== 'MemberExpression' || node.property.type !== 'Identifier') return false;
  if (!/^(?:skip|only|todo|skipIf|runIf|fails)$/.test(node.property.name)) return false;
  const source = innermost(node.object);
  return source.type === 'Identifier' && /^(?:it|test|describe|suite|context|ctx)$/.test(source.name);
}

function innermost(node: ESTree.Node): ESTree.Node {
  return node.type === 'MemberExpression' ? innermost(node.object) : node;
}

function isName(node: ESTree.Node, name: string): boolean {
  return node.type === 'Identifier' && node.name === name;
}

function isMember(node: ESTree.Node, object: string | undefined, property: RegExp): boolean {
  if (node.type !== 'MemberExpression') return false;
  if (object !== undefined && !isName(node.object, object)) return false;
  if (node.property.type === 'Identifier') return property.test(node.property.name);
  return node.property.type === 'Literal' && property.test(`${node.property.value}`);
}
