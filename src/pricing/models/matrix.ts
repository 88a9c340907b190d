import { errors } from '../errors.ts';
import { type Fields, present } from '../fields.ts';
import type { Cell, MatrixPrice } from '../language.ts';
import type { CheckInner, Model } from '../model.ts';

/** An inner price by the events' properties. */
export const matrix: Model<MatrixPrice> = {
  terms: 'included',
  check: (fields, inner) => {
    const dimensions = fields.requiredList('dimensions', (json, pointer) => {
      if (typeof json !== 'string' || json.length === 0 || json.length > 200)
        fields.object({}, pointer).fault(undefined, 'wrong_type', 'must be the name of a property');
      return `${json}`;
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
    return {
      shape: 'parts',
      timed: false,
      parts,
      partOf: ({ properties, pointer }) => {
        const index = cells.findIndex((keys) => keys.every(([key, text]) => textOf(properties, key) === text));
        if (index >= 0) return index;
        if (price.default) return cells.length;
        const detail = 'No cell matches the event’s properties, and there is no default.';
        throw errors.no_cell({ detail, errors: [{ pointer: `${pointer}/properties`, code: 'no_cell', detail }] });
      },
    };
  },
};

function readCell(cell: Fields, dimensions: readonly string[], inner: CheckInner): Cell {
  const given = cell.required('match');
  const match = cell.object(given ?? {}, cell.at('match'));
  const keys = match.names().map((name) => {
    const value = match.value(name);
    if (!dimensions.includes(name)) match.fault(name, 'dimension_unknown', 'is not among the dimensions');
    if (typeof value !== 'string') match.fault(name, 'wrong_type', 'must be a text');
    return [name, `${value}`] as const;
  });
  const price = cell.required('price');
  const read = { match: Object.fromEntries(keys), price: inner(price ?? PLACEHOLDER, cell.at('price')) };
  cell.close();
  return read;
}

/** Stands in for a price that is missing, which is a fault already. */
const PLACEHOLDER = { model: 'flat', amount: '0' };

function nameOf(keys: readonly (readonly [string, string])[]): string {
  return keys.length === 0 ? 'any' : keys.map(([key, text]) => `${key}=${text}`).join(',');
}

/** A property as text: texts, numbers and truth values match by their text; nothing else matches. */
function textOf(properties: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = Object.hasOwn(properties, key) ? properties[key] : undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? `${value}` : undefined;
}
