import { posix } from 'node:path';
import { floors, ground, ioPackages, outside, purePlatform, roomFiles } from '../../src/app/order.ts';
import { cycles } from './cycles.ts';
import { type Import, importsOf, isCode, isTest, parse, type Sources, type Syntax, type Violation } from './syntax.ts';
import { tableViolations } from './tables.ts';

/** The rooms from the ground up, left to right: a room may import those before it. */
export const rooms: readonly string[] = floors.flatMap((floor) => floor.rooms);

/**
 * Every way in which the given files break the order of the house: imports upward, sideways to the right or into what a
 * room keeps to itself, cycles between floors, rooms or files, names a room does not have, I/O in pure files, and tables
 * named by two rooms. Type-only imports count like any other.
 */
export function houseViolations(sources: Sources): Violation[] {
  const violations: Violation[] = [];
  const graph = new Map<string, Set<string>>();
  const parsed = new Map<string, Syntax>();
  for (const [path, source] of Object.entries(sources)) {
    const misplaced = misplacement(path);
    if (misplaced !== undefined) violations.push({ path, line: 0, message: misplaced });
    if (!isCode(path)) continue;
    const syntax = parse(path, source);
    parsed.set(path, syntax);
    for (const one of importsOf(syntax)) {
      const target = resolve(path, one.specifier, sources);
      const message = target === undefined ? packageRefusal(path, one) : refusal(path, target);
      if (message !== undefined) violations.push({ path, line: one.line, message });
      if (target !== undefined) edge(graph, path, target);
    }
  }
  return [...violations, ...cycleViolations(graph), ...tableViolations(parsed)];
}

/** The part of the house that a path belongs to: a ground folder, a room, or one of the `outside` folders. */
export function partOf(path: string): string | undefined {
  const [top = '', second = '', third = ''] = path.split('/');
  if (`${top}/${second}` in outside && third !== '') return `${top}/${second}`;
  if (top !== 'src') return top in outside && path.includes('/') ? top : undefined;
  if (second in ground) return second;
  if (path === 'src/main.ts' || second === 'app') return `src/${second}`;
  return floors.some(({ floor, rooms }) => floor === second && (rooms as readonly string[]).includes(third)) ? third : undefined;
}

/** What a room calls the file at `path`: `service` for `service.ts` and for `service/ingest.ts`. */
export function roomFileOf(path: string): string {
  return (path.split('/')[3] ?? '').replace(/\..*$/, '');
}

function floorOf(room: string): string | undefined {
  return floors.find(({ rooms }) => (rooms as readonly string[]).includes(room))?.floor;
}

/** The parts that `part` may import besides itself. */
function reach(part: string): readonly string[] {
  if (part in ground) return ground[part as keyof typeof ground];
  const house = [...Object.keys(ground), ...rooms];
  if (rooms.includes(part)) return [...Object.keys(ground), ...rooms.slice(0, rooms.indexOf(part))];
  const listed: readonly string[] = outside[part as keyof typeof outside];
  return listed.flatMap((one) => (one === 'house' ? house : [one]));
}

function misplacement(path: string): string | undefined {
  if (!path.startsWith('src/')) return undefined;
  const part = partOf(path);
  if (part === undefined) return 'is in no part of the house: add the room to src/app/order.ts or move the file';
  if (!rooms.includes(part)) return undefined;
  const names = path.split('/').slice(3);
  const name = names[0] ?? '';
  if (names.length === 1 && (name === 'README.md' || isTest(name))) return undefined;
  const known = roomFileOf(path) in roomFiles && (names.length > 1 || name.endsWith('.ts'));
  return known
    ? undefined
    : `a room has no file ${name}: a room's files are README.md, ${Object.keys(roomFiles).join(', ')}, and tests`;
}

/** The project file an import means, or undefined for a package. */
function resolve(from: string, specifier: string, sources: Sources): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const target = posix.join(posix.dirname(from), specifier.replace(/\?.*$/, ''));
  return ['', '.ts', '.tsx'].map((end) => target + end).find((path) => path in sources) ?? target;
}

function refusal(from: string, to: string): string | undefined {
  const [importer, imported] = [partOf(from), partOf(to)];
  if (importer === undefined || imported === undefined) return undefined;
  if (importer !== imported) {
    if (isTest(from) && to.startsWith('test/support/')) return undefined;
    if (!reach(importer).includes(imported)) return upward(importer, imported, to);
    if (rooms.includes(imported) && !mayLookIn(importer, to)) {
      return `imports ${to}, which ${imported} keeps to itself: use its service, model, events or errors`;
    }
  } else if (rooms.includes(importer) && !isTest(from)) {
    const [file, target] = [roomFileOf(from), roomFileOf(to)];
    const seen = roomFiles[target as keyof typeof roomFiles]?.seen;
    if (seen === 'app' && target !== 'adapters' && file !== target) return `imports ${to}, which is for src/app alone`;
  }
  return isPure(from) && !isPure(to) ? `is pure and imports ${to}, which is not: pass what it needs as an argument` : undefined;
}

function upward(importer: string, imported: string, to: string): string {
  const [below, above] = [floorOf(importer), floorOf(imported)];
  if (below !== undefined && above !== undefined) {
    const way =
      below === above ? `sideways, to the right of ${importer} on the ${below} floor` : `upward, from ${below} to ${above}`;
    return `imports ${to}: ${way}. The upper room holds the knowledge: let ${imported} call ${importer} or react to its events`;
  }
  return `imports ${to}: ${importer} may import ${reach(importer).join(', ') || 'nothing of the project'}`;
}

function mayLookIn(importer: string, to: string): boolean {
  const seen = roomFiles[roomFileOf(to) as keyof typeof roomFiles]?.seen;
  if (importer === 'test' || importer === 'bench') return true;
  return importer === 'src/app' ? seen !== undefined && seen !== 'own' : seen === 'upper';
}

/** Kernel, pricing, the platform's descriptions, and a room's model, decide, events and errors. */
function isPure(path: string): boolean {
  if (isTest(path)) return false;
  const part = partOf(path);
  if (part === 'kernel' || part === 'pricing') return true;
  if (part === undefined || !rooms.includes(part)) return purePlatform.includes(path);
  return roomFiles[roomFileOf(path) as keyof typeof roomFiles]?.pure === true;
}

/** Files of the published client that need Node, and are asked for by name. */
const clientOnNode = ['sdk/client/node.ts'];

function packageRefusal(from: string, { specifier }: Import): string | undefined {
  if (partOf(from) === 'sdk/client' && !isTest(from) && !(clientOnNode.includes(from) && specifier.startsWith('node:')))
    return `imports ${specifier}: the client runs in browsers and has no dependencies; what needs Node is in ${clientOnNode.join(', ')}`;
  return isPure(from) && ioPackages.includes(specifier)
    ? `is pure and imports ${specifier}: I/O belongs in service, sql, routes, jobs or adapters`
    : undefined;
}

function cycleViolations(files: ReadonlyMap<string, ReadonlySet<string>>): Violation[] {
  const between = (name: (path: string) => string | undefined) => {
    const graph = new Map<string, Set<string>>();
    for (const [from, targets] of files) {
      for (const to of targets) {
        const [a, b] = [name(from), name(to)];
        if (a !== undefined && b !== undefined && a !== b && !isTest(from)) edge(graph, a, b);
      }
    }
    return cycles(graph);
  };
  const found = [
    ...cycles(files).map((cycle) => ['files', cycle] as const),
    ...between((path) => (path.startsWith('src/') ? partOf(path) : undefined)).map((cycle) => ['rooms', cycle] as const),
    ...between((path) => floorOf(partOf(path) ?? '')).map((cycle) => ['floors', cycle] as const),
  ];
  return found.map(([kind, cycle]) => ({
    path: cycle[0] ?? '',
    line: 0,
    message: `is in a cycle of ${kind}: ${cycle.join(' → ')}. A third, lower one is missing`,
  }));
}

function edge(graph: Map<string, Set<string>>, from: string, to: string): void {
  const targets = graph.get(from);
  if (targets === undefined) graph.set(from, new Set([to]));
  else targets.add(to);
}
