import { decimalText } from '../../kernel/decimal.ts';
import { refusal } from '../errors.ts';
import { type Fields, present } from '../fields.ts';
import type { Cell, MatrixPrice } from '../language.ts';
import type { CheckInner, Model } from '../model.ts';

/** An inner price by the events' properties. */
export const matrix: Model<MatrixPrice> = {
  terms: 'included',
  check: (fields, inner) => {
    const dimensions = fields.requiredList('dimensions', (json, pointer) => {
      if (typeof json === 'string' && json.length > 0 && json.length <= 200) return json;
      fields.object({}, pointer).fault(undefined, 'wrong_type', 'must be the name of a property');
      return '';
    });
    if (new Set(dimensions).size < dimensions.length) fields.fault('dimensions', 'dimension_duplicate', 'names a property twice');
    const cells = fields.requiredList('cells', (json, pointer) => readCell(fields.object(json, pointer), dimensions, inner));
    const fallback = fields.value('default');
    if (cells.length === 0 && fallback === undefined && Array.isArray(fields.value('cells')))
      fields.fault('cells', 'empty', 'must hold a cell, or there must be a default');
    return present({ dimensions, cells, default: fallback === undefined ? undefined : inner(fallback, fields.at('default')) });
  },
  compile: (price, inner) => {
    const cells = price.cells.map(({ match }) => Object.entries(match));
    const parts = price.cells.map((cell, index) => ({ name: nameOf(cells[index]!), price: inner(cell.price) }));
    if (price.default) parts.push({ name: 'default', price: inner(price.default) });
    const find = finder(cells);
    return {
      shape: 'parts',
      timed: false,
      parts,
      partOf: ({ properties, pointer }) => {
        const index = find(properties);
        if (index !== undefined) return index;
        if (price.default) return cells.length;
        const detail = 'No cell matches the event’s properties, and there is no default.';
        throw refusal('no_cell', pointer === '' ? '/quantity' : `${pointer}/properties`, detail);
      },
    };
  },
};

type Keys = readonly (readonly [key: string, text: string])[];

/**
 * Finds the first cell whose every key matches. Cells that ask for the same keys share a table, so that an event is looked up
 * once for each set of keys and not held against every cell.
 */
function finder(cells: readonly Keys[]): (properties: Readonly<Record<string, unknown>>) => number | undefined {
  const tables = new Map<string, { keys: readonly string[]; cells: Map<string, number> }>();
  for (const [index, cell] of cells.entries()) {
    const sorted = [...cell].sort(([a], [b]) => (a < b ? -1 : 1));
    const keys = sorted.map(([key]) => key);
    const name = JSON.stringify(keys);
    const table = tables.get(name) ?? { keys, cells: new Map<string, number>() };
    tables.set(name, table);
    const texts = JSON.stringify(sorted.map(([, text]) => text));
    if (!table.cells.has(texts)) table.cells.set(texts, index);
  }
  return (properties) => {
    let first: number | undefined;
    for (const { keys, cells: table } of tables.values()) {
      // A property that is missing stands as null here, which is no text's JSON.
      const index = table.get(
        JSON.stringify(keys.map((key) => textOf(Object.hasOwn(properties, key) ? properties[key] : undefined))),
      );
      if (index !== undefined && (first === undefined || index < first)) first = index;
    }
    return first;
  };
}

function readCell(cell: Fields, dimensions: readonly string[], inner: CheckInner): Cell {
  const given = cell.required('match');
  const match = cell.object(given ?? {}, cell.at('match'));
  const keys = match.names().map((name) => {
    const value = match.value(name);
    if (!dimensions.includes(name)) match.fault(name, 'dimension_unknown', 'is not among the dimensions');
    const text = textOf(value);
    if (text === undefined) match.fault(name, 'wrong_type', 'must be a text, a number, true or false');
    return [name, text ?? ''] as const;
  });
  const price = cell.required('price');
  const read = { match: Object.fromEntries(keys), price: inner(price ?? PLACEHOLDER, cell.at('price')) };
  cell.close();
  return read;
}

/** Stands in for a price that is missing, which is a fault already. */
const PLACEHOLDER = { model: 'flat', amount: '0' };

function nameOf(keys: Keys): string {
  return keys.length === 0 ? 'any' : keys.map(([key, text]) => `${key}=${text}`).join(',');
}

/** A value as the text by which it matches: texts, numbers and truth values have one, nothing else does. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return decimalText(value) ?? `${value}`;
  return typeof value === 'boolean' ? `${value}` : undefined;
}
