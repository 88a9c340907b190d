import type { FastifyRequest } from 'fastify';
import type { Fault } from '../kernel/errors.ts';

/** What zod says of one value, as fastify-type-provider-zod passes it on. */
export interface SchemaIssue {
  keyword?: unknown;
  instancePath: string;
  message?: unknown;
  params?: unknown;
}

/** The parts of a zod issue that are read here; the alternatives of a union have issues of their own. */
interface Issue {
  code: string;
  message: string;
  path: readonly PropertyKey[];
  keys?: readonly string[];
  errors?: readonly (readonly Issue[])[];
}

/** The faults behind a schema's issue. In the body a pointer is a JSON pointer, elsewhere the parameter's name. */
export function faultsOf(issue: SchemaIssue, where: string): Fault[] {
  const { keys, errors } = (issue.params ?? {}) as Pick<Issue, 'keys' | 'errors'>;
  const at = issue.instancePath === '/' ? '' : issue.instancePath;
  const faults = unfold(
    { code: `${issue.keyword ?? 'invalid'}`, message: `${issue.message ?? 'is not valid'}`, path: [], keys, errors },
    at,
  );
  return where === 'body' ? faults : faults.map((fault) => ({ ...fault, pointer: fault.pointer.replace(/^\//, '') }));
}

function unfold(issue: Issue, at: string): Fault[] {
  const here = at + issue.path.map((part) => `/${escaped(String(part))}`).join('');
  if (issue.code === 'unrecognized_keys' && issue.keys) {
    return issue.keys.map((key) => ({ pointer: `${here}/${escaped(key)}`, code: issue.code, detail: 'There is no such field.' }));
  }
  if (issue.code === 'invalid_union' && issue.errors && issue.errors.length > 0) {
    const within = issue.errors.filter(
      (issues) => !issues.some((one) => one.path.length === 0 && one.code !== 'unrecognized_keys'),
    );
    const [closest] = within.sort((a, b) => a.length - b.length);
    if (closest) return closest.flatMap((one) => unfold(one, here));
    const details = new Set(issue.errors.flatMap((issues) => issues.map((one) => one.message)));
    return [{ pointer: here, code: issue.code, detail: [...details].join('; or: ') }];
  }
  return [{ pointer: here, code: issue.code, detail: issue.message }];
}

/** RFC 6901 §3. */
function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Parameters of the path and the query that hold what no text of ours may: NUL, which PostgreSQL cannot store, or half a surrogate pair. */
export function textFaults(request: FastifyRequest): Fault[] {
  const given = { ...(request.params as object), ...(request.query as object) } as Record<string, unknown>;
  return Object.entries(given).flatMap(([pointer, value]) => {
    const texts = [pointer, ...[value].flat()].filter((text) => typeof text === 'string');
    if (!texts.some((text) => text.includes('\u0000') || !text.isWellFormed())) return [];
    return [
      {
        pointer: pointer.toWellFormed().replaceAll('\u0000', ''),
        code: 'text_invalid',
        detail: 'must not hold NUL or half a surrogate pair',
      },
    ];
  });
}
