import { localDate, startOfDay } from '../../../kernel/period.ts';
import { utcText } from '../../../kernel/proof.ts';
import type { UsageInput } from '../../metering/model.ts';
import type { Occupancy } from '../model.ts';

/** A site whose days of supply are charged. */
export interface SuppliedSite {
  site_id: string;
  time_zone: string;
  supply_sku: string;
  /** The first local day that was not reported yet; null before the first report. */
  supplied_until: string | null;
}

export interface SupplyDays {
  events: UsageInput[];
  /** The first local day that has not begun. */
  until: string;
}

/** Days that one pass reports at the most. */
const most_days = 400;

/**
 * Each local day that has begun, and on which somebody occupies the site, as one of its SKU, from the day's first moment: for whoever is there
 * then, or for the first who comes in its course. The request id is the site's and the day's, so that a day counts once.
 */
export function supplyDays(site: SuppliedSite, occupancies: readonly Occupancy[], now: Temporal.Instant): SupplyDays {
  const today = localDate(now, site.time_zone);
  const first = firstDay(site, occupancies) ?? today;
  const events: UsageInput[] = [];
  let day = first;
  for (let count = 0; count < most_days && Temporal.PlainDate.compare(day, today) <= 0; count += 1) {
    const event = supplyOf(site, day, occupancies);
    if (event) events.push(event);
    day = day.add({ days: 1 });
  }
  return { events, until: `${day}` };
}

function firstDay(site: SuppliedSite, occupancies: readonly Occupancy[]): Temporal.PlainDate | undefined {
  if (site.supplied_until !== null) return Temporal.PlainDate.from(site.supplied_until);
  const [first] = occupancies;
  return first && localDate(Temporal.Instant.from(first.from), site.time_zone);
}

function supplyOf(site: SuppliedSite, day: Temporal.PlainDate, occupancies: readonly Occupancy[]): UsageInput | undefined {
  const starts = startOfDay(day, site.time_zone);
  const ends = startOfDay(day.add({ days: 1 }), site.time_zone);
  const isBefore = (a: string, b: Temporal.Instant) => Temporal.Instant.compare(Temporal.Instant.from(a), b) < 0;
  const there = occupancies.find(
    ({ from, to }) => isBefore(from, ends) && (to === null || !isBefore(to, starts.add({ nanoseconds: 1 }))),
  );
  if (!there) return undefined;
  return {
    request_id: `supply/${site.site_id}/${day}`,
    sku: site.supply_sku,
    quantity: '1',
    org_id: there.org_id,
    time: isBefore(there.from, starts) ? utcText(starts) : utcText(Temporal.Instant.from(there.from)),
    source: 'meter',
    metadata: { site_id: site.site_id },
  };
}
