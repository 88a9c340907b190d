import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { CodedError } from '../kernel/errors.ts';
import { events, everyPrice } from './arbitrary.fixture.ts';
import { checkPrice } from './check.ts';
import { evaluate } from './evaluate.ts';

const RUNS = { numRuns: 10_000 };
vi.setConfig({ testTimeout: 300_000 });
const NAMES = [
  ...['model', 'tiers', 'up_to', 'unit_amount', 'flat_amount', 'package_size', 'package_amount', 'amount', 'rate', 'multiplier'],
  ...[
    'fixed_amount',
    'free_events',
    'free_amount',
    'min_per_event',
    'max_per_event',
    'dimensions',
    'cells',
    'match',
    'price',
    'default',
  ],
  ...[
    'time_zone',
    'bands',
    'name',
    'months',
    'days',
    'from',
    'to',
    'transform',
    'multiply',
    'divide',
    'round',
    'precision',
    'bucket',
  ],
  ...[
    'included_quantity',
    'minimum_amount',
    'maximum_amount',
    'discounts',
    'percent',
    'quantity',
    'first_tier_flat_at_zero',
    '__proto__',
  ],
];
const MODELS = [
  'unit',
  'flat',
  'graduated',
  'volume',
  'package',
  'percentage',
  'graduated_percentage',
  'dynamic',
  'matrix',
  'time_of_use',
];
const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e300,
    Number.NaN,
    '',
    '0',
    '-1',
    '1e3',
    '1.234',
    'up',
    'P1D',
    'UTC',
    'mon',
    '07:00',
    [],
    {},
  ),
  fc.constantFrom<unknown>(...MODELS),
  fc.string({ maxLength: 8, unit: 'binary' }),
  fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }).map(String),
);
/** JSON that looks like a price from afar: the language's own names and words, anywhere. */
const { junk } = fc.letrec<{ junk: unknown }>((tie) => ({
  junk: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('junk'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie('junk'), { maxKeys: 5 }),
    fc
      .tuple(fc.constantFrom(...MODELS), fc.dictionary(fc.constantFrom(...NAMES), tie('junk'), { maxKeys: 5 }))
      .map(([model, rest]) => ({ ...rest, model })),
  ),
}));

describe('junk', () => {
  it('is refused by name and pointer, or is a price that has an amount', () => {
    fc.assert(fc.property(junk, events, holds), RUNS);
  });

  it('in one place of a good price is refused there, or leaves a price that has an amount', () => {
    fc.assert(
      fc.property(everyPrice, fc.nat(), junk, events, (price, at, rubbish, given) => {
        const copy = JSON.parse(JSON.stringify(price)) as object;
        const places = placesOf(copy);
        const [parent, key] = places[at % places.length]!;
        (parent as Record<string | number, unknown>)[key] = rubbish;
        holds(copy, given);
      }),
      RUNS,
    );
  });
});

/** Refused as `price_invalid`, every fault named with a pointer that leads into the price; or priced. */
function holds(price: unknown, given: Parameters<typeof evaluate>[0]['events']): void {
  try {
    checkPrice(price, { currency: 'USD' });
  } catch (thrown) {
    if (!(thrown instanceof CodedError)) throw thrown;
    expect([thrown.code, thrown.status]).toEqual(['price_invalid', 422]);
    const faults = thrown.details.errors ?? [];
    expect(faults.length).toBeGreaterThan(0);
    for (const fault of faults) {
      expect(fault.code).toMatch(/^[a-z_0]+$/);
      expect(fault.pointer).toMatch(/^(\/([^~/]|~[01])*)*$/s);
    }
    return;
  }
  try {
    expect(evaluate({ currency: 'USD', price, events: given }).amount).toMatch(/^-?\d+\.\d\d$/);
  } catch (thrown) {
    if (!(thrown instanceof CodedError)) throw thrown;
    // These events say all that any price asks for; only a matrix without a default may have no cell for them.
    expect(thrown.code).toBe('no_cell');
  }
}

function placesOf(json: unknown): [object, string | number][] {
  if (typeof json !== 'object' || json === null) return [];
  return Object.keys(json).flatMap((key) => [
    [json, key] as [object, string],
    ...placesOf((json as Record<string, unknown>)[key]),
  ]);
}
