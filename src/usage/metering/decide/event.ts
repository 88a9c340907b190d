import { Ajv, type ErrorObject } from 'ajv';
import type { JsonObject } from '../../../kernel/canonical-json.ts';
import { decimalText } from '../../../kernel/decimal.ts';
import { canonicalEvent, counterEvent, counterPrefix, type UsageEvent, utcText } from '../../../kernel/proof.ts';
import { shortestDecimal } from '../../../platform/schemas.ts';
import { type Rejection, type RejectionCode, type Source, sources } from '../model.ts';

/** An event that is sound in itself; whether its organization, SKU and project exist is the database's to say. */
export interface SoundEvent {
  index: number;
  request_id: string;
  org_id: string;
  project_id: string | null;
  sku: string;
  amount: string | null;
  /** JSON text. */
  properties: string | null;
  metadata: string | null;
  time: string;
  /** Microseconds since 2000-01-01 UTC, as PostgreSQL counts. */
  time_us: number;
  source: Source;
  /** The request id of the event that this one takes back, or in whose place it stands. */
  voids: string | null;
  amends: string | null;
  /** Of these two: whether that event was told that it is not billed. Null for any other event. */
  absorbed: boolean | null;
  /** The event itself where it is brought back: then it is the same as one that came from another source. Else null. */
  replayed: UsageEvent | null;
  /** One, or two where the SKU's aggregation decides what an absent quantity means. */
  readings: readonly Reading[];
}

/** What the event says if its SKU counts, does not count, or either. */
export interface Reading {
  quantity: string | null;
  sku_counts: boolean | null;
  /** RFC 8785. */
  canonical: string;
}

export type ParsedEvent = SoundEvent | Rejection;

export function isRejection(parsed: ParsedEvent): parsed is Rejection {
  return 'code' in parsed;
}

/** What an event is beside its body: which other one it voids or amends, and whether it is brought back. */
export interface EventRole {
  voids: string | null;
  amends: string | null;
  /** Whether the event that is voided or amended was absorbed. */
  absorbed: boolean | null;
  replayed: boolean;
}

const ordinary: EventRole = { voids: null, amends: null, absorbed: null, replayed: false };

/** Checks one event of a call by itself. `latest_us` is the last moment that is not too far ahead. */
export function parseEvent(input: unknown, index: number, latest_us: number, role = ordinary): ParsedEvent {
  if (!hasShape(input)) return refuseShape(input, index, hasShape.errors?.[0]);
  const { request_id, org_id, sku, project_id = null } = input;
  const refuse = (code: RejectionCode, detail: string): Rejection => ({
    index,
    request_id: isName(request_id) ? request_id : null,
    code,
    detail,
  });

  if (!isName(request_id))
    return refuse('field_invalid', 'request_id must have 1 to 255 characters, none of them a control character.');
  if (role.voids === null && request_id.startsWith(counterPrefix))
    return refuse('field_invalid', `request_id must not begin with ${counterPrefix}, as those of counter-events do.`);
  if (!uuid.test(org_id)) return refuse('field_invalid', 'org_id must be a UUID in lower case.');
  if (project_id !== null && !uuid.test(project_id)) return refuse('field_invalid', 'project_id must be a UUID in lower case.');
  if (!skuName.test(sku)) return refuse('sku_unknown', 'sku cannot be the name of a SKU.');

  const quantity = input.quantity == null ? null : decimal(input.quantity);
  if (quantity === undefined) return refuse('quantity_invalid', `quantity ${decimalRule}`);
  const amount = input.amount == null ? null : decimal(input.amount);
  if (amount === undefined) return refuse('quantity_invalid', `amount ${decimalRule}`);

  const moment = readTime(input.time);
  if (moment === undefined)
    return refuse('time_invalid', 'time must be an RFC 3339 time with an offset, such as 2026-01-31T09:30:00Z.');
  if (moment.us < 0 || moment.us > latest_us) {
    const latest = Temporal.Instant.fromEpochMilliseconds(Math.floor((latest_us + epoch_us) / 1000)).round('second');
    return refuse('time_out_of_window', `time must lie between 2000-01-01T00:00:00Z and ${latest}, 24 hours from now.`);
  }
  const event: UsageEvent = {
    request_id,
    sku,
    amount,
    properties: (input.properties ?? null) as JsonObject | null,
    org_id,
    project_id,
    time: moment.text,
    source: role.replayed ? 'replay' : (input.source ?? 'backend'),
    metadata: (input.metadata ?? null) as JsonObject | null,
    voids: role.voids,
    amends: role.amends,
  };
  const documents = documentsOf(event);
  if (typeof documents === 'string') return refuse('field_invalid', documents);
  return {
    index,
    request_id,
    org_id,
    project_id,
    sku,
    amount,
    ...documents,
    time: moment.text,
    time_us: moment.us,
    source: event.source as Source,
    voids: role.voids,
    amends: role.amends,
    absorbed: role.absorbed,
    replayed: role.replayed ? event : null,
    readings: readingsOf(event, quantity),
  };
}

/** The counter-event of an event that is stored. */
export function counterOf(
  stored: UsageEvent & { absorbed: boolean },
  index: number,
  said: { source: Source; metadata: JsonObject | null },
): SoundEvent {
  const { absorbed, ...original } = stored;
  const event = counterEvent(original, said);
  const { request_id, org_id, project_id = null, sku, quantity = null, amount = null, properties, time, voids = null } = event;
  return {
    index,
    request_id,
    org_id,
    project_id,
    sku,
    amount,
    properties: properties == null ? null : JSON.stringify(properties),
    metadata: said.metadata && JSON.stringify(said.metadata),
    time,
    time_us: microseconds(Temporal.Instant.from(time)),
    source: said.source,
    voids,
    amends: null,
    absorbed,
    replayed: null,
    readings: [{ quantity, sku_counts: null, canonical: canonicalEvent(event) }],
  };
}

/** Microseconds since 2000-01-01 UTC; exact in a JavaScript number until the year 2285. */
export function microseconds(at: Temporal.Instant): number {
  return int((at.epochNanoseconds / 1000n).toString()) - epoch_us;
}

const epoch_us = 946_684_800_000_000;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** As the catalog names SKUs. */
const skuName = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
const plainName = /^[\x20-\x7e]{1,255}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const anyName = /^[^\u0000-\u001f\u007f]{1,255}$/u;
const decimalForm = /^-?\d{1,26}(\.\d{1,12})?$/;
/** Most decimals need no shortening. */
const shortestForm = /^(?:0|-?[1-9]\d*|-?(?:0|[1-9]\d*)\.\d*[1-9])$/;
const decimalRule =
  'must be a decimal with at most 26 digits before the point and 12 after it; a JSON number at most 15 digits and no exponent.';
const most_document_bytes = 16_384;

/** The wire form of an event. Null counts as absent. */
interface EventShape {
  request_id: string;
  sku: string;
  quantity?: string | number | null;
  amount?: string | number | null;
  properties?: Record<string, unknown> | null;
  org_id: string;
  project_id?: string | null;
  time: string;
  source?: Source | null;
  metadata?: Record<string, unknown> | null;
}

const hasShape = new Ajv({ allErrors: false, allowUnionTypes: true, validateFormats: false }).compile<EventShape>({
  type: 'object',
  additionalProperties: false,
  required: ['request_id', 'sku', 'org_id', 'time'],
  properties: {
    request_id: { type: 'string' },
    sku: { type: 'string' },
    quantity: { type: ['string', 'number', 'null'] },
    amount: { type: ['string', 'number', 'null'] },
    properties: { type: ['object', 'null'] },
    org_id: { type: 'string' },
    project_id: { type: ['string', 'null'] },
    time: { type: 'string' },
    source: { enum: [...sources, null] },
    metadata: { type: ['object', 'null'] },
  },
});

function refuseShape(input: unknown, index: number, error: ErrorObject | undefined): Rejection {
  const given = (input as { request_id?: unknown } | null)?.request_id;
  const request_id = typeof given === 'string' && isName(given) ? given : null;
  const { keyword, params = {}, instancePath = '', message = 'does not fit' } = error ?? {};
  const field = instancePath.slice(1);
  if (keyword === 'required')
    return { index, request_id, code: 'field_missing', detail: `${params.missingProperty} is missing.` };
  if (keyword === 'additionalProperties') {
    const name = String(params.additionalProperty).toWellFormed().slice(0, 100);
    return { index, request_id, code: 'field_unknown', detail: `${JSON.stringify(name)} is no field of a usage event.` };
  }
  if (field === '') return { index, request_id, code: 'event_invalid', detail: 'A usage event is a JSON object.' };
  if (field === 'quantity' || field === 'amount')
    return { index, request_id, code: 'quantity_invalid', detail: `${field} ${decimalRule}` };
  const rule = keyword === 'enum' ? `must be one of ${sources.join(', ')}` : message;
  return { index, request_id, code: 'field_invalid', detail: `${field} ${rule}.` };
}

function isName(text: string): boolean {
  return plainName.test(text) || (anyName.test(text) && text.isWellFormed());
}

/** Shortest text, or undefined for what is no decimal within the limits. */
function decimal(json: string | number): string | undefined {
  const text = typeof json === 'number' ? numberText(json) : json;
  if (text === undefined || !decimalForm.test(text)) return undefined;
  return shortestForm.test(text) ? text : shortestDecimal(text);
}

/** JavaScript prints 0.0000001 as 1e-7, whatever the JSON said; whether it was written with an exponent is the parser's to judge. */
function numberText(value: number): string | undefined {
  const [, sign = '', whole = '', fraction = '', exponent = ''] = /^(-?)(\d)(?:\.(\d+))?e-(\d+)$/.exec(String(value)) ?? [];
  if (exponent === '') return decimalText(value);
  return fraction.length < 15 ? `${sign}0.${'0'.repeat(int(exponent) - 1)}${whole}${fraction}` : undefined;
}

/** The JSON texts of an event's documents, or what is wrong with them. */
function documentsOf(event: UsageEvent): { properties: string | null; metadata: string | null } | string {
  const texts: { properties: string | null; metadata: string | null } = { properties: null, metadata: null };
  for (const name of ['properties', 'metadata'] as const) {
    const document = event[name];
    if (document == null) continue;
    const text = JSON.stringify(document);
    if (text.length > most_document_bytes) return `${name} must not be longer than ${most_document_bytes} characters of JSON.`;
    if (/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(text)) return `${name} must not hold NUL or half a surrogate pair.`;
    texts[name] = text;
  }
  return texts;
}

function readingsOf(event: UsageEvent, quantity: string | null): Reading[] {
  const reading = (value: string | null, sku_counts: boolean | null): Reading => ({
    quantity: value,
    sku_counts,
    canonical: canonicalEvent({ ...event, quantity: value }),
  });
  if (quantity !== null) return [reading(quantity, null)];
  return event.amount == null ? [reading('1', true)] : [reading('1', true), reading(null, false)];
}

const plainTime = /^20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?Z$/;
const anyTime = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** The moment as proofs write it; undefined for what is no time. Most events come in a form that needs no calendar library. */
function readTime(text: string): { text: string; us: number } | undefined {
  if (plainTime.test(text)) {
    const [year, month, day] = [2000 + twoDigits(text, 2), twoDigits(text, 5), twoDigits(text, 8)];
    if (day > 28 && day > daysOfMonth(year, month)) return undefined;
    const ms = Date.UTC(year, month - 1, day, twoDigits(text, 11), twoDigits(text, 14), twoDigits(text, 17));
    const us = ms * 1000 - epoch_us;
    if (text.length === 20) return { text, us };
    const digits = text.slice(20, -1).replace(/0+$/, '');
    if (digits === '') return { text: `${text.slice(0, 19)}Z`, us };
    return { text: `${text.slice(0, 20)}${digits}Z`, us: us + int(digits.padEnd(6, '0')) };
  }
  if (!anyTime.test(text)) return undefined;
  try {
    const canonical = utcText(Temporal.Instant.from(text));
    return { text: canonical, us: microseconds(Temporal.Instant.from(canonical)) };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function twoDigits(text: string, at: number): number {
  return text.charCodeAt(at) * 10 + text.charCodeAt(at + 1) - 528;
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function int(digits: string): number {
  return Number.parseInt(digits, 10);
}
