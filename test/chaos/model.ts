import type { Random } from './random.ts';

/** A usage event as it is sent. Quantities have at most six decimals. */
export interface Event {
  request_id: string;
  org_id: string;
  sku: Sku;
  quantity: string;
  time: string;
  metadata: { n: number };
}

export const skus = ['unit', 'tiers', 'packs'] as const;
export type Sku = (typeof skus)[number];

/** What each SKU costs, in the price language; `chargeCents` works the same out without it. */
export const prices: Record<Sku, object> = {
  unit: { model: 'unit', unit_amount: '0.0125', included_quantity: '100' },
  tiers: {
    model: 'graduated',
    tiers: [
      { up_to: '500', unit_amount: '0.2' },
      { up_to: null, unit_amount: '0.15', flat_amount: '3.00' },
    ],
  },
  packs: { model: 'package', package_size: '10', package_amount: '0.07' },
};

export interface Customer {
  org_id: string;
  time_zone: string;
  /** The month that is billed, in UTC: January 2025 in the customer's time. */
  from: string;
  to: string;
}

/** January 2025 in the zones of the customers. Sydney is eleven hours ahead then, New York five behind. */
export const places = [
  { time_zone: 'UTC', from: '2025-01-01T00:00:00Z', to: '2025-02-01T00:00:00Z' },
  { time_zone: 'Australia/Sydney', from: '2024-12-31T13:00:00Z', to: '2025-01-31T13:00:00Z' },
  { time_zone: 'America/New_York', from: '2025-01-01T05:00:00Z', to: '2025-02-01T05:00:00Z' },
] as const;

/** `count` sends of events, about a fifth of them copies of an earlier one; some fall outside of the month that is billed. */
export function eventsOf(random: Random, customers: readonly Customer[], count: number): Event[] {
  const sent: Event[] = [];
  while (sent.length < count) {
    if (sent.length > 0 && random.below(5) === 0) {
      sent.push(random.of(sent));
      continue;
    }
    const n = sent.length;
    const minute = random.below(33 * 24 * 60);
    const sku = random.of(skus);
    const millionths = `${random.below(1_000_000)}`.padStart(6, '0').replace(/0+$/, '');
    const whole = random.below(12);
    sent.push({
      request_id: `chaos-${n}`,
      org_id: random.of(customers).org_id,
      sku,
      quantity: sku === 'packs' || millionths === '' ? `${whole}` : `${whole}.${millionths}`,
      time: Temporal.Instant.from('2024-12-31T00:00:00Z').add({ minutes: minute }).toString(),
      metadata: { n },
    });
  }
  return sent;
}

/** Each event once, whatever was sent how often. */
export function distinct(events: readonly Event[]): Event[] {
  return [...new Map(events.map((event) => [event.request_id, event])).values()];
}

/** What an invoice must hold for a SKU, in millionths of a unit and in cents: integers all the way, by no code of the program. */
export interface Owed {
  millionths: bigint;
  cents: bigint;
  count: number;
}

export function owed(customer: Customer, sku: Sku, events: readonly Event[]): Owed {
  const within = distinct(events).filter(
    (event) => event.org_id === customer.org_id && event.sku === sku && event.time >= customer.from && event.time < customer.to,
  );
  const millionths = within.reduce((sum, event) => sum + millionthsOf(event.quantity), 0n);
  return { millionths, cents: chargeCents(sku, millionths), count: within.length };
}

export function millionthsOf(quantity: string): bigint {
  const [whole = '0', fraction = ''] = quantity.split('.');
  return BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
}

const unit = 1_000_000n;

/** Rates in ten-thousandths of a dollar make amounts in units of 10⁻¹⁰ dollars; a cent is 10⁸ of them, halves go up. */
function chargeCents(sku: Sku, q: bigint): bigint {
  const rounded = (amount: bigint) => (amount + 50_000_000n) / 100_000_000n;
  if (sku === 'packs') return ((q + 10n * unit - 1n) / (10n * unit)) * 7n;
  if (sku === 'unit') return q <= 100n * unit ? 0n : rounded((q - 100n * unit) * 125n);
  const first = q < 500n * unit ? q : 500n * unit;
  const second = q - first;
  return rounded(first * 2000n + second * 1500n + (second > 0n ? 3n * 10_000_000_000n : 0n));
}
