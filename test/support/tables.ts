import type { ESTree } from 'vite';
import { floors, ground } from '../../src/app/order.ts';
import { isTest, nodesOf, parse, type Sources, type Syntax, type Violation } from './syntax.ts';

const owners: readonly string[] = ['platform', ...floors.flatMap((floor) => floor.rooms)];

/**
 * Every way in which files break the ownership of tables. A table belongs to the room in the name of the migration that
 * creates it; only that room's `sql` names it, and only a room above may refer to it with a foreign key.
 */
export function tableViolations(parsed: ReadonlyMap<string, Syntax>): Violation[] {
  const violations: Violation[] = [];
  const owner = ownersIn(parsed);
  for (const [path, syntax] of parsed) {
    if (isTest(path)) continue;
    if (path.startsWith('migrations/')) violations.push(...migrationViolations(path, syntax, owner));
    if (path.startsWith('src/')) violations.push(...queryViolations(path, syntax, owner));
  }
  return violations;
}

/** Each table and view with the room whose migration creates it. */
export function tablesOf(sources: Sources): Map<string, string> {
  const migrations = Object.entries(sources).filter(([path]) => path.startsWith('migrations/'));
  return ownersIn(new Map(migrations.map(([path, source]) => [path, parse(path, source)])));
}

function ownersIn(parsed: ReadonlyMap<string, Syntax>): Map<string, string> {
  const owner = new Map<string, string>();
  for (const [path, syntax] of parsed) {
    const room = roomOfMigration(path);
    if (room === undefined) continue;
    for (const { text } of statements(syntax)) for (const table of namesAfter(text, created)) owner.set(table, room);
  }
  return owner;
}

const created = /\bCREATE\s+(?:UNLOGGED\s+)?(?:TABLE|(?:OR\s+REPLACE\s+)?(?:MATERIALIZED\s+)?VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?/gi;
const altered = /\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?/gi;
const referenced = /\bREFERENCES\s+/gi;
const queried = /\b(?:FROM|JOIN|INTO|UPDATE|COPY|USING|TABLE|TRUNCATE)\s+(?:ONLY\s+|LATERAL\s+)?/gi;
const queriedInProse = new RegExp(queried.source, 'g');
const builders =
  /^(?:selectFrom|insertInto|replaceInto|updateTable|deleteFrom|mergeInto|(?:inner|left|right|full|cross)Join|table)$/;

function roomOfMigration(path: string): string | undefined {
  const name = /^migrations\/\d{4}_(\w+)\.ts$/.exec(path)?.[1] ?? '';
  return owners.find((room) => name === room || name.startsWith(`${room}_`));
}

function migrationViolations(path: string, syntax: Syntax, owner: ReadonlyMap<string, string>): Violation[] {
  const room = roomOfMigration(path);
  if (room === undefined) return [{ path, line: 0, message: 'names no room: a migration is called NNNN_room_what.ts' }];
  return statements(syntax).flatMap(({ text, line }) => [
    ...namesAfter(text, altered)
      .filter((table) => owner.has(table) && owner.get(table) !== room)
      .map((table) => ({
        path,
        line,
        message: `alters ${table}, a table of ${owner.get(table)}: write a migration of that room`,
      })),
    ...namesAfter(text, referenced)
      .filter((table) => owners.indexOf(owner.get(table) ?? room) > owners.indexOf(room))
      .map((table) => ({
        path,
        line,
        message: `refers to ${table}, a table of ${owner.get(table)}, which stands above ${room}`,
      })),
  ]);
}

function queryViolations(path: string, syntax: Syntax, owner: ReadonlyMap<string, string>): Violation[] {
  const [, top = '', third = '', file = ''] = path.split('/');
  const room = top in ground ? top : third;
  const isRoom = owners.includes(room) && room !== 'platform';
  const violations: Violation[] = [];
  for (const { text, line, isSql } of statements(syntax)) {
    const local = new Set(
      [...text.matchAll(/\b([a-z_]\w*)\s*(?:\([^()]*\)\s*)?AS\s+(?:NOT\s+)?(?:MATERIALIZED\s*)?\(/gi)].map((m) => m[1]),
    );
    for (const table of new Set(namesAfter(text, isSql ? queried : queriedInProse))) {
      const owned = owner.get(table);
      // The view of defects is the platform's, and the command that prints it is app's.
      if (owned === undefined || local.has(table) || (owned === 'platform' && top === 'app')) continue;
      if (owned !== room) {
        violations.push({ path, line, message: `names ${table}, a table of ${owned}: call a function of ${owned}'s service` });
      } else if (isRoom && file.replace(/\..*$/, '') !== 'sql') {
        violations.push({ path, line, message: `names ${table} outside sql.ts: a room keeps every query there` });
      }
    }
  }
  return violations;
}

interface Statement {
  text: string;
  line: number;
  /** False for a text that may be prose: there only keywords in capitals count. */
  isSql: boolean;
}

/** Every text of a file that may be SQL, with `?` for what is interpolated; a query builder's table as `FROM table`. */
function statements(syntax: Syntax): Statement[] {
  const found: Statement[] = [];
  const tagged = new Set<ESTree.Node>();
  const add = (text: string, node: ESTree.Node, isSql: boolean) => found.push({ text, line: syntax.lineAt(node.start), isSql });
  const template = (node: ESTree.TemplateLiteral) => node.quasis.map((part) => part.value.cooked ?? part.value.raw).join(' ? ');
  for (const node of nodesOf(syntax)) {
    if (node.type === 'TaggedTemplateExpression') {
      tagged.add(node.quasi);
      add(template(node.quasi), node, node.tag.type === 'Identifier' && node.tag.name === 'sql');
    } else if (node.type === 'TemplateLiteral' && !tagged.has(node)) {
      add(template(node), node, false);
    } else if (node.type === 'Literal' && typeof node.value === 'string' && node.value.includes(' ')) {
      add(node.value, node, false);
    } else if (node.type === 'CallExpression' && builders.test(methodOf(node))) {
      const table = node.arguments[0];
      if (table?.type === 'Literal' && typeof table.value === 'string') add(`FROM ${table.value}`, node, true);
    }
  }
  return found;
}

function methodOf({ callee }: ESTree.CallExpression): string {
  return callee.type === 'MemberExpression' && callee.property.type === 'Identifier' ? callee.property.name : '';
}

/** The names that follow a keyword, and after FROM or USING those that follow in a list. */
function namesAfter(text: string, keyword: RegExp): string[] {
  const names: string[] = [];
  const bare = text.replace(/--[^\n]*/g, '').replace(/\/\*[\s\S]*?\*\//g, '');
  for (const match of bare.matchAll(keyword)) {
    const rest = bare.slice(match.index + match[0].length);
    const list =
      /^(?:tally\.)?"?[a-z_]\w*"?(?:\s+(?:AS\s+)?(?!\w+\s*\()[a-z_]\w*)?(?:\s*,\s*(?:tally\.)?"?[a-z_]\w*"?(?!\s*\()(?:\s+(?:AS\s+)?[a-z_]\w*)?)*/i.exec(
        rest,
      );
    const isList = /^(?:FROM|USING)\b/i.test(match[0]);
    for (const item of (list?.[0] ?? '').split(',').slice(0, isList ? undefined : 1)) {
      const name = /^\s*(?:tally\.)?"?([a-z_]\w*)/i.exec(item)?.[1];
      if (name !== undefined) names.push(name.toLowerCase());
    }
  }
  return names;
}
