import { chartColor } from '../../ui/chart-color.ts';

/** What an event's type begins with: "invoice" of "invoice.generated". */
export const familyOf = (type: string): string => type.split('.')[0] ?? type;

/** A colour for each family of types among those shown, in the order in which they come; the sixth comes round again. */
export function familyColors(types: readonly string[]): ReadonlyMap<string, string> {
  return new Map([...new Set(types.map(familyOf))].map((family, index) => [family, chartColor(index)]));
}
