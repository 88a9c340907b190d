/**
 * What customers owe for random usage, worked out with nothing of the product's: integers of a millionth of a dollar, each price by the
 * sentence that stands beside it.
 */
export interface Used {
  request_id: string;
  org_id: string;
  /** Of `prices`. */
  name: string;
  sku: string;
  /** Its quantity, and its amount of money, in hundredths. */
  hundredths: number;
  region: string;
  /** RFC 3339, UTC, in whole seconds. */
  time: string;
  voided: boolean;
  /** The quantity and amount that stand in its place, in hundredths. */
  amended_to: number | null;
}

export type Expected = ReadonlyMap<string, bigint>;

/** Price and SKU, as the product is told; `owed` is the same in millionths, of a month's events in order of (time, request id). */
export const prices = {
  /** 100 are included; then 0.02 each up to 5,000, 0.015 each up to 50,000 and 3.00 for entering there, 0.01 each beyond. */
  call: {
    aggregation: 'sum',
    price: {
      model: 'graduated',
      included_quantity: '100',
      tiers: [
        { up_to: '5000', unit_amount: '0.02' },
        { up_to: '50000', unit_amount: '0.015', flat_amount: '3' },
        { up_to: null, unit_amount: '0.01' },
      ],
    },
  },
  /** 4.50 for each of the highest number held. */
  seat: { aggregation: 'max', price: { model: 'unit', unit_amount: '4.5' } },
  /** 50 of the month are included, first come; 0.10 in eu, 0.12 in us, 0.15 elsewhere. */
  storage: {
    aggregation: 'sum',
    dimensions: ['region'],
    price: {
      model: 'matrix',
      included_quantity: '50',
      dimensions: ['region'],
      cells: [
        { match: { region: 'eu' }, price: { model: 'unit', unit_amount: '0.1' } },
        { match: { region: 'us' }, price: { model: 'unit', unit_amount: '0.12' } },
      ],
      default: { model: 'unit', unit_amount: '0.15' },
    },
  },
  /** 1.9 % and 0.05 for each payment. */
  payment: { aggregation: 'sum', price: { model: 'percentage', rate: '1.9', fixed_amount: '0.05' } },
  /** 2.00 for each started ten pings. */
  ping: { aggregation: 'count', price: { model: 'package', package_size: '10', package_amount: '2' } },
} as const;

/** By organization, in cents: each SKU of each month is rounded once, halves up. */
export function expectedBills(events: readonly Used[]): Expected {
  const groups = Map.groupBy(
    events.filter((event) => !event.voided),
    (event) => `${event.org_id} ${event.name} ${event.time.slice(0, 7)}`,
  );
  const owed = new Map<string, bigint>();
  for (const [key, group] of groups) {
    const [org_id, name] = key.split(' ') as [string, keyof typeof prices];
    const millionths = owedFor[name](group.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1)));
    owed.set(org_id, (owed.get(org_id) ?? 0n) + (millionths + 5_000n) / 10_000n);
  }
  return owed;
}

function orderOf(event: Used): string {
  return `${event.time} ${event.amended_to === null ? event.request_id : `${event.request_id}-again`}`;
}

/** In hundredths. */
function measureOf({ hundredths, amended_to }: Used): bigint {
  return BigInt(amended_to ?? hundredths);
}

function sumOf(events: readonly Used[]): bigint {
  return events.reduce((sum, event) => sum + measureOf(event), 0n);
}

const smaller = (a: bigint, b: bigint) => (a < b ? a : b);
const larger = (a: bigint, b: bigint) => (a > b ? a : b);

/** A hundredth of a unit at a ten-thousandth of a dollar is a millionth. */
const owedFor: Record<keyof typeof prices, (events: readonly Used[]) => bigint> = {
  call(events) {
    const rest = larger(sumOf(events) - 10_000n, 0n);
    const first = smaller(rest, 500_000n) * 200n;
    const second = smaller(larger(rest - 500_000n, 0n), 4_500_000n) * 150n;
    const third = larger(rest - 5_000_000n, 0n) * 100n;
    return first + second + third + (rest > 500_000n ? 3_000_000n : 0n);
  },
  seat: (events) => events.map(measureOf).reduce(larger, 0n) * 45_000n,
  storage(events) {
    let included = 5_000n;
    let owed = 0n;
    for (const event of events) {
      const measure = measureOf(event);
      const taken = smaller(measure, included);
      included -= taken;
      owed += (measure - taken) * (event.region === 'eu' ? 1_000n : event.region === 'us' ? 1_200n : 1_500n);
    }
    return owed;
  },
  payment: (events) => events.reduce((owed, event) => owed + measureOf(event) * 190n + 50_000n, 0n),
  ping: (events) => BigInt(Math.ceil(events.length / 10)) * 2_000_000n,
};
