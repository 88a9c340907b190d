import type { Sku } from '../../../offer/catalog/model.ts';
import type { UsageRow } from '../model.ts';

/**
 * Tells rows that metering takes for certain, if their request id is new to it, from those that have to be asked about. Certain is what
 * meters send: a plain name, a plain quantity of a SKU that sums, a plain time within the window, and nothing else. Whoever is not sure asks:
 * to ask for too many costs time alone.
 */
export function certainRow(skus: ReadonlyMap<string, Sku>, now: Temporal.Instant): (row: UsageRow) => boolean {
  const latest = now.add({ hours: 23 }).round('second').toString();
  // Whatever its offset, a time that reads so is not later.
  const latest_anywhere = now.subtract({ hours: 15 }).round('second').toString();
  const is_certain = new Map<string, boolean>();
  for (const [code, { aggregation, late_policy }] of skus)
    is_certain.set(code, aggregation !== 'count' && late_policy !== 'reject');
  return ({ request_id, sku, quantity, amount, time, project_id, properties, metadata }) =>
    is_certain.get(sku) === true &&
    quantity !== undefined &&
    amount === undefined &&
    project_id === undefined &&
    plain_name.test(request_id) &&
    plain_quantity.test(quantity) &&
    plain_time.test(time) &&
    time < (time.length === 20 ? latest : latest_anywhere) &&
    isSmall(properties) &&
    isSmall(metadata);
}

const plain_name = /^[\x20-\x7e]{1,255}$/;
const plain_quantity = /^\d{1,26}(?:\.\d{1,12})?$/;
/** Days to the 28th exist in every month; the 29th and the 30th in all but February. */
const plain_time =
  /^20(?!00-01-01)\d\d-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/;

function isSmall(document: Record<string, string> | undefined): boolean {
  if (document === undefined) return true;
  let length = 0;
  for (const name in document) {
    const value = document[name]!;
    if (!plain_text.test(value)) return false;
    length += name.length + value.length;
  }
  return length < 2000;
}

const plain_text = /^[\x20-\x7e]*$/;
