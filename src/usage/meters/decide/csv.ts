import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { type Source, sources } from '../../metering/model.ts';
import { type Fault, fault, isFault, shown } from './faults.ts';

/** Where the header puts each field of a usage event. */
export interface CsvColumns {
  count: number;
  fields: ReadonlyMap<Column, number>;
  /** `properties.<name>` columns. */
  properties: readonly { name: string; at: number }[];
}

/** A row as written; empty fields are absent. */
export interface CsvRow {
  request_id: string;
  sku: string;
  quantity: string | null;
  amount: string | null;
  /** Unit of `quantity` where it is not the SKU's own. */
  unit: string | null;
  time: string;
  /** Id or slug of the organization. */
  org: string | null;
  project_id: string | null;
  source: Source;
  properties: Record<string, string> | null;
}

type Column = (typeof required)[number] | (typeof optional)[number];
const required = ['request_id', 'sku', 'quantity', 'time'] as const;
const optional = ['amount', 'unit', 'org', 'org_id', 'project_id', 'source'] as const;
const known: readonly string[] = [...required, ...optional];

/** The header row: which columns there are, in any order. Anything unknown is refused, for it would be lost. */
export function readCsvHeader(text: string): CsvColumns | Fault {
  const names = splitRow(text);
  if (isFault(names)) return fault('header_invalid', names.detail);
  if (names.length === 1) {
    const other = [';', '\t', '|'].find((one) => text.includes(one));
    if (other)
      return fault('delimiter_invalid', `columns are separated by “${other === '\t' ? 'tab' : other}”; a comma is expected`);
  }
  const fields = new Map<Column, number>();
  const properties: { name: string; at: number }[] = [];
  for (const [at, written] of names.entries()) {
    const name = written.trim();
    const property = /^properties\.([A-Za-z_][A-Za-z0-9_.-]{0,63})$/.exec(name)?.[1];
    if (property !== undefined && property !== '__proto__') {
      if (properties.some((one) => one.name === property))
        return fault('header_invalid', `the column ${shown(name)} stands there twice`);
      properties.push({ name: property, at });
      continue;
    }
    const column = name.toLowerCase();
    if (!known.includes(column)) {
      return fault('header_invalid', `the column “${shown(name)}” is none of ${known.join(', ')} or properties.<name>`);
    }
    if (fields.has(column as Column)) return fault('header_invalid', `the column ${column} stands there twice`);
    fields.set(column as Column, at);
  }
  const absent = required.filter((name) => !fields.has(name));
  if (absent.length > 0) return fault('header_invalid', `the header lacks ${absent.join(', ')}`);
  if (fields.has('org') && fields.has('org_id'))
    return fault('header_invalid', 'the columns org and org_id say the same; keep one');
  return { count: names.length, fields, properties };
}

/** One row. What the fields must hold is checked where the SKU and the organization are known. */
export function readCsvRow(text: string, columns: CsvColumns): CsvRow | Fault {
  const cells = splitRow(text);
  if (isFault(cells)) return cells;
  if (cells.length !== columns.count) {
    return fault('row_ragged', `the row has ${cells.length} fields, the header ${columns.count}`);
  }
  const cell = (name: Column): string | null => {
    const at = columns.fields.get(name);
    return at === undefined ? null : cells[at]!.trim() || null;
  };
  const [request_id, sku, time] = [cell('request_id'), cell('sku'), cell('time')];
  if (request_id === null || sku === null || time === null) {
    const absent = [request_id === null && 'request_id', sku === null && 'sku', time === null && 'time'].filter(Boolean);
    return fault('field_missing', `${absent.join(', ')} is empty`);
  }
  const source = cell('source') ?? 'import';
  if (!(sources as readonly string[]).includes(source))
    return fault('field_invalid', `the source “${shown(source)}” is none of ${sources.join(', ')}`);
  let properties: Record<string, string> | null = null;
  for (const { name, at } of columns.properties) {
    if (!cells[at]) continue;
    properties ??= {};
    properties[name] = cells[at];
  }
  return {
    request_id,
    sku,
    quantity: cell('quantity'),
    amount: cell('amount'),
    unit: cell('unit'),
    time,
    org: cell('org') ?? cell('org_id'),
    project_id: cell('project_id'),
    source: source as Source,
    properties,
  };
}

/** A row is one line, so that a quote left open cannot swallow the rows below it. */
export function splitRow(text: string, delimiter = ','): string[] | Fault {
  if (!text.includes('"')) return text.split(delimiter);
  try {
    return (
      (parse(text, { delimiter, record_delimiter: '\n', relax_column_count: true, max_record_size: 0 }) as string[][])[0] ?? ['']
    );
  } catch (error) {
    if (error instanceof CsvError)
      return fault('quote_invalid', 'a quote is not closed on its line, or stands inside a field without being doubled');
    throw error;
  }
}
