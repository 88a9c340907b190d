import { type Decimal, formatDecimal, parseDecimal, powerOfTen } from '../../../kernel/decimal.ts';

/** What a quantity is of; quantities of one dimension convert into each other by powers of ten alone. */
type Dimension =
  | 'energy'
  | 'reactive energy'
  | 'apparent energy'
  | 'power'
  | 'reactive power'
  | 'apparent power'
  | 'voltage'
  | 'current'
  | 'ratio'
  | 'volume'
  | 'volume in cubic feet'
  | 'volume in gallons'
  | 'heat in joules'
  | 'heat in British thermal units';

/** Symbol in lower case (AEMO's units are not case-sensitive) → dimension and power of ten over its base unit. */
const units = new Map<string, { dimension: Dimension; power: number }>([
  ...family('wh', 'energy', 'gwh mwh kwh'),
  ...family('varh', 'reactive energy', 'mvarh kvarh'),
  ...family('vah', 'apparent energy', 'mvah kvah'),
  ...family('w', 'power', 'mw kw'),
  ...family('var', 'reactive power', 'mvar kvar'),
  ...family('va', 'apparent power', 'mva kva'),
  ...family('v', 'voltage', 'kv'),
  ...family('a', 'current', 'ka'),
  ...family('pf', 'ratio', ''),
  ['l', { dimension: 'volume', power: 0 }],
  ['kl', { dimension: 'volume', power: 3 }],
  ['m3', { dimension: 'volume', power: 3 }],
  ['ft3', { dimension: 'volume in cubic feet', power: 0 }],
  ['ccf', { dimension: 'volume in cubic feet', power: 2 }],
  ['mcf', { dimension: 'volume in cubic feet', power: 3 }],
  ['gal', { dimension: 'volume in gallons', power: 0 }],
  ...family('j', 'heat in joules', 'gj mj kj'),
  ['btu', { dimension: 'heat in British thermal units', power: 0 }],
  ['therm', { dimension: 'heat in British thermal units', power: 5 }],
]);

export type Conversion = { power: number } | { code: 'unit_missing' | 'unit_unknown' | 'unit_mismatch'; detail: string };

/** By which power of ten a value in `from` becomes one in `to`; equal texts convert whatever they are. */
export function conversion(from: string, to: string): Conversion {
  if (from === '') return { code: 'unit_missing', detail: `no unit is given, and ${to} is needed` };
  if (from.toLowerCase() === to.toLowerCase()) return { power: 0 };
  const [source, target] = [units.get(from.toLowerCase()), units.get(to.toLowerCase())];
  if (source === undefined)
    return { code: 'unit_unknown', detail: `the unit “${from.slice(0, 40)}” is not known, ${to} is needed` };
  if (target === undefined || source.dimension !== target.dimension) {
    return {
      code: 'unit_mismatch',
      detail: `${from} (${source.dimension}) cannot become ${to}${target ? ` (${target.dimension})` : ''}`,
    };
  }
  return { power: source.power - target.power };
}

/** `.005` and a power of −3 make `0.000005`: exact, shortest, never with an exponent. Takes `12.` and `.5` as meters write them. */
export function convert(value: string, power: number): string {
  const { units: digits, scale } = parseDecimal(value.startsWith('.') ? `0${value}` : value.replace(/\.$/, ''));
  return formatDecimal(shift(digits, scale - power));
}

function shift(digits: bigint, scale: number): Decimal {
  return scale >= 0 ? { units: digits, scale } : { units: digits * powerOfTen(-scale), scale: 0 };
}

function family(base: string, dimension: Dimension, larger: string): [string, { dimension: Dimension; power: number }][] {
  const powers: Record<string, number> = { k: 3, m: 6, g: 9 };
  const multiples = larger === '' ? [] : larger.split(' ');
  return [
    [base, { dimension, power: 0 }],
    ...multiples.map((symbol): [string, { dimension: Dimension; power: number }] => [
      symbol,
      { dimension, power: powers[symbol[0]!]! },
    ]),
  ];
}
