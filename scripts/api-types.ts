/**
 * Writes the types of the HTTP API for the console and for the client in sdk/client, from the OpenAPI document that the server makes of
 * its own routes:
 *
 *   ./node_modules/.bin/node scripts/api-types.ts
 *
 * A test compares the files with the routes, so that neither compiles against an API that is gone.
 */
import { writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { createServer, type ServerParts } from '../src/app/server.ts';
import { parseConfig } from '../src/platform/config.ts';
import { createLogger, createMetrics } from '../src/platform/telemetry.ts';

export const api_types_path = fileURLToPath(new URL('../console/src/api/schema.ts', import.meta.url));
export const client_types_path = fileURLToPath(new URL('../sdk/client/api.ts', import.meta.url));

/** The texts of the files. Routes need no database to be described. */
export async function apiTypes(): Promise<{ console: string; client: string }> {
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
  const file = (options: { documented: boolean }) =>
    `${header}\nexport interface Api {\n${routes.map(({ name, route }) => routeText(name, route, options)).join('')}}\n`;
  return { console: file({ documented: false }), client: file({ documented: true }) };
}

const header = `/**
 * Every route of the API with its query, its body and its answer. Written by scripts/api-types.ts from the server's
 * OpenAPI document; change the routes and run it again.
 */`;

interface Document {
  paths: Record<string, Record<string, Route>>;
}

interface Route {
  summary?: string;
  parameters?: { in: string; name: string; description?: string; required?: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}

interface Schema {
  description?: string;
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

/** `documented` is the form for those who read the types alone: with the document's words. */
function routeText(name: string, route: Route, { documented }: { documented: boolean }): string {
  const query = (route.parameters ?? []).filter((one) => one.in === 'query');
  const body = route.requestBody?.content['application/json']?.schema;
  const answers = Object.entries(route.responses).filter(([status]) => status.startsWith('2'));
  const answer = [
    ...new Set(
      answers.map(([, one]) => (one.content ? typeOf(one.content['application/json']?.schema ?? {}, 2, documented) : 'null')),
    ),
  ];
  const members = query.map((one): Member => [one.name, { ...one.schema, description: one.description }, one.required === true]);
  const lines = [
    ...(query.length > 0 ? [`    query: ${membersText(members, 2, documented)};\n`] : []),
    ...(body ? [`    body: ${typeOf(body, 2, documented)};\n`] : []),
    `    answer: ${answer.join(' | ') || 'unknown'};\n`,
  ];
  const summary = documented && route.summary !== undefined ? `  /** ${commentText(route.summary)} */\n` : '';
  return `${summary}  ${JSON.stringify(name)}: {\n${lines.join('')}  };\n`;
}

type Member = [name: string, schema: Schema, required: boolean];

function commentText(text: string): string {
  return text.replaceAll('*/', '*\\/').replaceAll(/\s+/g, ' ');
}

function typeOf(schema: Schema, depth: number, documented: boolean): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(choices.map((one) => typeOf(one, depth, documented)))].join(' | ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type }, depth, documented)).join(' | ');
  if (schema.type === 'array') return listText(typeOf(schema.items ?? {}, depth, documented));
  if (schema.type === 'object') return objectText(schema, depth, documented);
  return plain[schema.type ?? ''] ?? 'unknown';
}

const plain: Record<string, string> = { string: 'string', number: 'number', integer: 'number', boolean: 'boolean', null: 'null' };

function listText(item: string): string {
  return /^[\w"[\]]+$/.test(item) ? `${item}[]` : `(${item})[]`;
}

function objectText({ properties, required = [], additionalProperties }: Schema, depth: number, documented: boolean): string {
  if (properties)
    return membersText(
      Object.entries(properties).map(([name, schema]) => [name, schema, required.includes(name)]),
      depth,
      documented,
    );
  if (typeof additionalProperties === 'object') return `Record<string, ${typeOf(additionalProperties, depth, documented)}>`;
  return 'Record<string, unknown>';
}

function membersText(members: readonly Member[], depth: number, documented: boolean): string {
  const indent = '  '.repeat(depth + 1);
  const lines = members.map(([name, schema, required]) => {
    const key = /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
    const comment = documented && schema.description !== undefined ? `${indent}/** ${commentText(schema.description)} */\n` : '';
    return `${comment}${indent}${key}${required ? '' : '?'}: ${typeOf(schema, depth + 1, documented)};\n`;
  });
  return `{\n${lines.join('')}${'  '.repeat(depth)}}`;
}

if (fileURLToPath(import.meta.url) === argv[1]) {
  const texts = await apiTypes();
  writeFileSync(api_types_path, texts.console);
  writeFileSync(client_types_path, texts.client);
}
