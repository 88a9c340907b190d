import { type CalendarInterval, calendarIntervalOf, localDate, startOfDay } from '../../../kernel/period.ts';

/** What of a subscription decides when its organization's cycles end. Times are RFC 3339. */
export interface CycleSubscription {
  effective_at: string;
  ended_at: string | null;
  billed_until: string | null;
  created_at: string;
  billing_interval: CalendarInterval;
}

export interface CycleQuestion {
  subscriptions: readonly CycleSubscription[];
  /** Where the organization's latest closed cycle ended: the date, and the moment at which it began. */
  closed: { to_date: string; to_at: string } | null;
  settings: { switched_on_at: string; from_date: string | null };
  time_zone: string;
}

/** Local dates, half-open, and the moment at which `to` begins. */
export interface Cycle {
  from: Temporal.PlainDate;
  to: Temporal.PlainDate;
  ends_at: Temporal.Instant;
}

/**
 * The cycle of an organization that ends next without being asked for, or null where nothing is to be billed. It follows the latest that
 * was closed, and ends where the first calendar interval of one of its subscriptions does: months at the first, weeks on Monday, years on
 * 1 January. An interval that ended before its subscription was recorded, or before automatic billing began, is none of its business.
 */
export function nextCycle({ subscriptions, closed, settings, time_zone }: CycleQuestion): Cycle | null {
  const spans = subscriptions.flatMap((subscription) => {
    const first = firstDay(subscription, { closed, settings, time_zone });
    const { ended_at, billing_interval: every } = subscription;
    if (ended_at !== null && !isLater(Temporal.Instant.from(ended_at), startOfDay(first, time_zone))) return [];
    return [{ first, end: calendarIntervalOf(every, first, time_zone).end_date }];
  });
  if (spans.length === 0) return null;
  const from = spans.map((span) => span.first).reduce(sooner);
  let to = spans.map((span) => span.end).reduce(sooner);
  // Where the zone changed, or a zone left a date out, a day may have no moment of its own: it goes with the next.
  while (!isLater(startOfDay(to, time_zone), startOfDay(from, time_zone)) || !isAfterClosed(startOfDay(to, time_zone), closed)) {
    to = to.add({ days: 1 });
  }
  return { from, to, ends_at: startOfDay(to, time_zone) };
}

/** The first day on which a subscription is this cycle's or a later one's to bill. */
function firstDay(
  { effective_at, billed_until, created_at, billing_interval: every }: CycleSubscription,
  { closed, settings, time_zone }: Pick<CycleQuestion, 'closed' | 'settings' | 'time_zone'>,
): Temporal.PlainDate {
  const dayOf = (moment: string) => localDate(Temporal.Instant.from(moment), time_zone);
  const intervalOf = (moment: string) => calendarIntervalOf(every, dayOf(moment), time_zone).start_date;
  return [
    dayOf(effective_at),
    intervalOf(created_at),
    settings.from_date === null ? intervalOf(settings.switched_on_at) : Temporal.PlainDate.from(settings.from_date),
    ...(billed_until === null ? [] : [dayOf(billed_until)]),
    ...(closed === null ? [] : [Temporal.PlainDate.from(closed.to_date)]),
  ].reduce(later);
}

function isAfterClosed(at: Temporal.Instant, closed: CycleQuestion['closed']): boolean {
  return closed === null || isLater(at, Temporal.Instant.from(closed.to_at));
}

function isLater(a: Temporal.Instant, b: Temporal.Instant): boolean {
  return Temporal.Instant.compare(a, b) > 0;
}

function later(a: Temporal.PlainDate, b: Temporal.PlainDate): Temporal.PlainDate {
  return Temporal.PlainDate.compare(a, b) >= 0 ? a : b;
}

function sooner(a: Temporal.PlainDate, b: Temporal.PlainDate): Temporal.PlainDate {
  return Temporal.PlainDate.compare(a, b) <= 0 ? a : b;
}
