export interface Change {
  field: string;
  before: string | null;
  after: string | null;
}

/** The fields that differ between two records, each side as text, null where it has none. */
export function changesBetween(before: unknown, after: unknown): Change[] {
  const left = fieldsOf(before);
  const right = fieldsOf(after);
  return [...new Set([...left.keys(), ...right.keys()])]
    .map((field) => ({ field, before: left.get(field) ?? null, after: right.get(field) ?? null }))
    .filter((change) => change.before !== change.after);
}

function fieldsOf(record: unknown): Map<string, string> {
  if (record === null || record === undefined) return new Map();
  if (typeof record !== 'object' || Array.isArray(record)) return new Map([['value', textOf(record)]]);
  return new Map(Object.entries(record).map(([field, value]) => [field, textOf(value)]));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
