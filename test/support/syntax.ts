import { type ESTree, type ParseResult, parseSync } from 'vite';

/** The text of the project by path from its root, with forward slashes: `{'src/main.ts': '…'}`. */
export type Sources = Readonly<Record<string, string>>;

/** One broken rule: where, and what to do instead. */
export interface Violation {
  path: string;
  /** From 1; 0 when the whole file is meant. */
  line: number;
  message: string;
}

export interface Import {
  specifier: string;
  line: number;
}

export interface Syntax {
  program: ESTree.Program;
  comments: ParseResult['comments'];
  module: ParseResult['module'];
  source: string;
  /** The line, from 1, that holds the character at `offset`. */
  lineAt(offset: number): number;
}

/** True for the files that `parse` reads: TypeScript, JavaScript and their JSX. */
export function isCode(path: string): boolean {
  return /\.(ts|tsx|mts|js|mjs|jsx)$/.test(path);
}

export function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path);
}

/** Parses one file; a file that does not parse is an error that names it. */
export function parse(path: string, source: string): Syntax {
  const result = parseSync(path, source);
  const first = result.errors[0];
  if (first !== undefined) throw new Error(`${path} does not parse: ${first.message}`);
  return {
    program: result.program,
    comments: result.comments,
    module: result.module,
    source,
    lineAt: (offset) => source.slice(0, offset).split('\n').length,
  };
}

/** Every node of a file, parents before their children. */
export function nodesOf(syntax: Syntax): ESTree.Node[] {
  const nodes: ESTree.Node[] = [syntax.program];
  for (const node of nodes) {
    for (const child of Object.values(node).flat()) if (isNode(child)) nodes.push(child);
  }
  return nodes;
}

function isNode(value: unknown): value is ESTree.Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

/** Every import of a file: static, type-only, re-exporting, dynamic with a literal, and `import('…')` in a type. */
export function importsOf(syntax: Syntax): Import[] {
  const found: Import[] = [];
  const add = (specifier: string, offset: number) => found.push({ specifier, line: syntax.lineAt(offset) });
  for (const one of syntax.module.staticImports) add(one.moduleRequest.value, one.start);
  for (const one of syntax.module.staticExports) {
    const from = one.entries.find((entry) => entry.moduleRequest)?.moduleRequest;
    if (from) add(from.value, one.start);
  }
  for (const node of nodesOf(syntax)) {
    if (node.type === 'TSImportType') add(node.source.value, node.start);
    if (node.type !== 'ImportExpression' || node.source.type !== 'Literal') continue;
    if (typeof node.source.value === 'string') add(node.source.value, node.start);
  }
  return found;
}

/** Prints a list of violations as a test shows it, one per line. */
export function printed(violations: readonly Violation[]): string[] {
  return violations.map(({ path, line, message }) => `${path}${line > 0 ? `:${line}` : ''} ${message}`);
}
