/**
 * Writes the types of the HTTP API for the console, from the OpenAPI document that the server makes of its own routes:
 *
 *   ./node_modules/.bin/node scripts/api-types.ts
 *
 * A test compares the file with the routes, so that the console does not compile against an API that is gone.
 */
import { writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { createServer, type ServerParts } from '../src/app/server.ts';
import { parseConfig } from '../src/platform/config.ts';
import { createLogger, createMetrics } from '../src/platform/telemetry.ts';

export const api_types_path = fileURLToPath(new URL('../console/src/api/schema.ts', import.meta.url));

/** The text of the file. Routes need no database to be described. */
export async function apiTypes(): Promise<string> {
  const config = parseConfig({ TALLYSTICK_LOG_LEVEL: 'silent' }, '.');
  const absent = {} as ServerParts['postgres'] & ServerParts['ingest'];
  const web = await createServer({
    config,
    log: createLogger('silent'),
    metrics: createMetrics(),
    postgres: absent,
    ingest: absent,
  });
  await web.ready();
  const document = web.swagger() as unknown as Document;
  await web.close();
  const routes = Object.entries(document.paths)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, route]) => ({ name: `${method.toUpperCase()} ${path}`, route })),
    )
    .filter(({ name }) => name.includes(' /v1/'))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return `${header}\nexport interface Api {\n${routes.map(({ name, route }) => routeText(name, route)).join('')}}\n`;
}

const header = `/**
 * Every route of the API with its query, its body and its answer. Written by scripts/api-types.ts from the server's
 * OpenAPI document; change the routes and run it again.
 */`;

interface Document {
  paths: Record<string, Record<string, Route>>;
}

interface Route {
  parameters?: { in: string; name: string; required?: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}

interface Schema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
}

function routeText(name: string, route: Route): string {
  const query = (route.parameters ?? []).filter((one) => one.in === 'query');
  const body = route.requestBody?.content['application/json']?.schema;
  const answers = Object.entries(route.responses).filter(([status]) => status.startsWith('2'));
  const answer = [
    ...new Set(answers.map(([, one]) => (one.content ? typeOf(one.content['application/json']?.schema ?? {}, 2) : 'null'))),
  ];
  const lines = [
    ...(query.length > 0
      ? [
          `    query: ${membersText(
            query.map((one) => [one.name, one.schema, one.required === true]),
            2,
          )};\n`,
        ]
      : []),
    ...(body ? [`    body: ${typeOf(body, 2)};\n`] : []),
    `    answer: ${answer.join(' | ') || 'unknown'};\n`,
  ];
  return `  ${JSON.stringify(name)}: {\n${lines.join('')}  };\n`;
}

function typeOf(schema: Schema, depth: number): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(choices.map((one) => typeOf(one, depth)))].join(' | ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type }, depth)).join(' | ');
  if (schema.type === 'array') return listText(typeOf(schema.items ?? {}, depth));
  if (schema.type === 'object') return objectText(schema, depth);
  return plain[schema.type ?? ''] ?? 'unknown';
}

const plain: Record<string, string> = { string: 'string', number: 'number', integer: 'number', boolean: 'boolean', null: 'null' };

function listText(item: string): string {
  return /^[\w"[\]]+$/.test(item) ? `${item}[]` : `(${item})[]`;
}

function objectText({ properties, required = [], additionalProperties }: Schema, depth: number): string {
  if (properties)
    return membersText(
      Object.entries(properties).map(([name, schema]) => [name, schema, required.includes(name)]),
      depth,
    );
  if (typeof additionalProperties === 'object') return `Record<string, ${typeOf(additionalProperties, depth)}>`;
  return 'Record<string, unknown>';
}

function membersText(members: [name: string, schema: Schema, required: boolean][], depth: number): string {
  const indent = '  '.repeat(depth + 1);
  const lines = members.map(([name, schema, required]) => {
    const key = /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
    return `${indent}${key}${required ? '' : '?'}: ${typeOf(schema, depth + 1)};\n`;
  });
  return `{\n${lines.join('')}${'  '.repeat(depth)}}`;
}

if (fileURLToPath(import.meta.url) === argv[1]) writeFileSync(api_types_path, await apiTypes());
