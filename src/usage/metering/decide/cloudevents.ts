import { isUtf8 } from 'node:buffer';
import type { RejectionCode, Translation } from '../model.ts';

/**
 * CloudEvents 1.0.2 in its JSON format and its HTTP binding (https://github.com/cloudevents/spec): the same usage event in another
 * envelope. `subject` is the organization, `type` the SKU, source and id are the request id, `data` has the rest.
 */
export const mediaTypes = { single: 'application/cloudevents+json', batch: 'application/cloudevents-batch+json' } as const;

/** What a usage event may say in `data`. */
const dataFields = ['quantity', 'amount', 'properties', 'project_id', 'time', 'source', 'metadata'];
/** Attributes that the specification names; any other is an extension. */
const coreAttributes = ['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'data', 'data_base64'];
const attributeName = /^[a-z0-9]+$/;
/** As tenancy names organizations. */
const slug = /^[a-z0-9][a-z0-9-]{0,62}$/;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The subjects of the events that are slugs, each once. */
export function slugsOf(events: readonly unknown[]): string[] {
  const subjects = events.map((event) => (event as { subject?: unknown } | null)?.subject);
  return [
    ...new Set(subjects.filter((subject) => typeof subject === 'string' && slug.test(subject) && !uuid.test(subject))),
  ] as string[];
}

/** The usage event that a CloudEvent stands for, or why it stands for none. `orgs` has the organization of each known slug. */
export function usageOfCloudEvent(input: unknown, orgs: ReadonlyMap<string, string>): Translation {
  if (!isObject(input)) return refusal(null, 'event_invalid', 'A CloudEvent is a JSON object.');
  const request_id = requestIdOf(input);
  const refuse = (code: RejectionCode, detail: string) => refusal(request_id, code, detail);

  if (input.specversion !== '1.0') return refuse('specversion_unsupported', 'specversion must be "1.0".');
  for (const name of ['id', 'source', 'type', 'subject'] as const) {
    if (input[name] == null) return refuse('field_missing', `${name} is missing.`);
    if (typeof input[name] !== 'string' || input[name] === '')
      return refuse('field_invalid', `${name} must be text that is not empty.`);
  }
  if (request_id === null) return refuse('field_invalid', 'source and id must be well-formed text.');
  if (request_id.length > 255)
    return refusal(null, 'field_invalid', 'source and id must not be longer than 254 characters together, percent-encoded.');
  if (input.data_base64 != null) return refuse('data_base64_unsupported', 'data_base64 is not taken: send data as JSON.');
  if (input.datacontenttype != null && !isJsonType(input.datacontenttype))
    return refuse('field_invalid', 'datacontenttype must be a JSON type, such as application/json.');
  if (input.data != null && !isObject(input.data)) return refuse('field_invalid', 'data must be a JSON object.');

  const data = (input.data ?? {}) as Record<string, unknown>;
  const unknown = Object.keys(data).find((name) => !dataFields.includes(name));
  if (unknown !== undefined) return refuse('field_unknown', `${quoted(unknown)} is no field of a usage event's data.`);
  const extensions = extensionsOf(input);
  if (typeof extensions === 'string') return refuse('field_invalid', extensions);
  const metadata = withExtensions(data.metadata, extensions);
  if (typeof metadata === 'string') return refuse('field_invalid', metadata);

  const subject = input.subject as string;
  const org_id = uuid.test(subject) ? subject : orgs.get(subject);
  if (org_id === undefined) return refuse('org_unknown', 'There is no such organization.');
  const time = data.time ?? input.time ?? undefined;
  return { event: { ...data, request_id, org_id, sku: input.type, ...(time === undefined ? {} : { time }), ...metadata } };
}

/**
 * Binary mode: the structured event that the `ce-` headers and the body stand for, or undefined where the request is none. Header values
 * are percent-decoded (HTTP binding, 3.1.3.2).
 */
export function structuredOf(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: unknown,
): Record<string, unknown> | undefined {
  if (headers['ce-specversion'] === undefined && headers['ce-id'] === undefined) return undefined;
  const attributes = Object.entries(headers).filter(([name, value]) => name.startsWith('ce-') && typeof value === 'string');
  return {
    ...Object.fromEntries(attributes.map(([name, value]) => [name.slice(3), headerText(value as string)])),
    ...(body == null ? {} : { data: body }),
  };
}

function requestIdOf({ source, id }: Record<string, unknown>): string | null {
  if (typeof source !== 'string' || typeof id !== 'string' || !source.isWellFormed() || !id.isWellFormed()) return null;
  return source === '' || id === '' ? null : `${encodeURIComponent(source)}/${encodeURIComponent(id)}`;
}

/** The attributes beyond the core, or what is wrong with them. Null is absent (JSON format, 2.2). */
function extensionsOf(event: Record<string, unknown>): Record<string, unknown> | string {
  const extensions: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(event)) {
    if (coreAttributes.includes(name) || value === null) continue;
    if (!attributeName.test(name)) return `${quoted(name)} cannot be the name of an attribute: lower-case letters and digits.`;
    if (typeof value === 'object') return `${name} must be text, a number or a boolean: an attribute has no parts.`;
    extensions[name] = value;
  }
  return extensions;
}

/** Extensions stand in the metadata under their own names. */
function withExtensions(metadata: unknown, extensions: Record<string, unknown>): { metadata?: unknown } | string {
  if (Object.keys(extensions).length === 0) return metadata === undefined ? {} : { metadata };
  // What is no object is refused with the other fields of the event.
  if (metadata != null && !isObject(metadata)) return { metadata };
  const twice = Object.keys(extensions).find((name) => metadata != null && Object.hasOwn(metadata, name));
  return twice === undefined
    ? { metadata: { ...metadata, ...extensions } }
    : `metadata.${twice} is said twice: by data and by an attribute.`;
}

/** Bytes that are no UTF-8 become half a surrogate pair, which nothing takes: U+FFFD for each would make different ids the same. */
function headerText(value: string): string {
  const text = /^"(.*)"$/s.exec(value)?.[1]?.replace(/\\(.)/gs, '$1') ?? value;
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escaped) => {
    const bytes = Buffer.from(escaped.replaceAll('%', ''), 'hex');
    return isUtf8(bytes) ? bytes.toString() : '\ud800';
  });
}

function isJsonType(type: unknown): boolean {
  return typeof type === 'string' && /^\s*(?:application|text)\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refusal(request_id: string | null, code: RejectionCode, detail: string): Translation {
  return { request_id: request_id !== null && request_id.length <= 255 ? request_id : null, code, detail };
}

function quoted(name: string): string {
  return JSON.stringify(name.toWellFormed().slice(0, 100));
}
