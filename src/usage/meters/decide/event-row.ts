import type { Sku } from '../../../offer/catalog/model.ts';
import type { UsageRow } from '../model.ts';
import type { CsvRow } from './csv.ts';
import { type Fault, fault, isFault, shown } from './faults.ts';
import { conversion, convert } from './units.ts';

/** A row of a CSV file as a usage event. The organization is found, or null where there is none of that name. */
export function planRow(row: CsvRow, line: number, org_id: string | null, skus: ReadonlyMap<string, Sku>): UsageRow | Fault {
  if (org_id === null) {
    return row.org === null
      ? fault('org_missing', 'the row names no organization, and the import neither')
      : fault('org_unknown', `there is no organization “${shown(row.org)}” here`);
  }
  const sku = skus.get(row.sku);
  if (sku === undefined) return fault('sku_unknown', `there is no SKU “${shown(row.sku)}”`);
  const quantity = quantityOf(row, sku);
  if (isFault(quantity)) return quantity;
  const { request_id, time, source } = row;
  const made: UsageRow = { line, request_id, org_id, sku: row.sku, time, source };
  if (quantity.text !== null) made.quantity = quantity.text;
  if (row.amount !== null) made.amount = row.amount;
  if (row.project_id !== null) made.project_id = row.project_id;
  if (row.properties !== null) made.properties = row.properties;
  return made;
}

/** Without a unit the quantity is the SKU's, and metering says whether it is one. */
function quantityOf(row: CsvRow, sku: Sku): { text: string | null } | Fault {
  const { quantity, unit } = row;
  if (quantity === null || unit === null) return { text: quantity };
  const found = conversion(unit, sku.unit);
  if ('code' in found) return found;
  const decimal = /^(-?)(\d{1,26}(?:\.\d{1,12})?)$/.exec(quantity);
  if (!decimal) return fault('quantity_invalid', `“${shown(quantity)}” is not a decimal with at most 26 digits and 12 decimals`);
  return { text: `${decimal[1]}${convert(decimal[2]!, found.power)}` };
}
