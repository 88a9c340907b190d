import { isTimeZone } from '../../kernel/period.ts';
import { type Fields, present } from '../fields.ts';
import { type Band, type TimeOfUsePrice, WEEKDAYS, type Weekday } from '../language.ts';
import type { CheckInner, Model } from '../model.ts';
import { timeOf } from '../usage.ts';

/** Every event is held against the bands one by one. */
const MAX_BANDS = 200;

/** An inner price by the local clock at the event's start. */
export const timeOfUse: Model<TimeOfUsePrice> = {
  terms: 'included',
  check: (fields, inner) => {
    const time_zone = fields.text('time_zone');
    if (time_zone !== '' && !isTimeZone(time_zone))
      fields.fault('time_zone', 'time_zone_unknown', 'is no time zone that is known here');
    const bands = fields.requiredList('bands', (json, pointer) => readBand(fields.object(json, pointer), inner), MAX_BANDS);
    return { time_zone, bands, default: inner(fields.required('default') ?? PLACEHOLDER, fields.at('default')) };
  },
  compile: ({ time_zone, bands, default: fallback }, inner) => {
    const windows = bands.map(compileBand);
    return {
      shape: 'parts',
      timed: true,
      parts: [...bands.map(({ name, price }) => ({ name, price: inner(price) })), { name: 'default', price: inner(fallback) }],
      partOf: (event) => {
        const local = timeOf(event).toZonedDateTimeISO(time_zone);
        const index = windows.findIndex((fits) => fits(local));
        return index >= 0 ? index : windows.length;
      },
    };
  },
};

function readBand(band: Fields, inner: CheckInner): Band {
  const months = band.list('months', (json, pointer) => {
    if (typeof json === 'number' && Number.isInteger(json) && json >= 1 && json <= 12) return json;
    band.object({}, pointer).fault(undefined, 'band_invalid', 'must be a month from 1 to 12');
    return 1;
  });
  const days = band.list('days', (json, pointer) => {
    const day = WEEKDAYS.find((weekday) => weekday === json);
    if (day === undefined) band.object({}, pointer).fault(undefined, 'band_invalid', `must be one of ${WEEKDAYS.join(', ')}`);
    return day ?? 'mon';
  });
  for (const name of ['months', 'days'] as const) {
    if (band.has(name) && (name === 'months' ? months : days).length === 0)
      band.fault(name, 'band_empty', 'is empty, so that nothing fits');
  }
  const from = readClock(band, 'from');
  const to = readClock(band, 'to');
  if (minutesOf(from ?? '00:00') === minutesOf(to ?? '24:00'))
    band.fault('to', 'band_empty', 'is the same as from, so that nothing fits');
  const name = band.text('name');
  const price = inner(band.required('price') ?? PLACEHOLDER, band.at('price'));
  band.close();
  return present({
    name,
    months: band.has('months') ? months : undefined,
    days: band.has('days') ? days : undefined,
    from,
    to,
    price,
  });
}

function readClock(band: Fields, name: 'from' | 'to'): string | undefined {
  const value = band.value(name);
  if (value === undefined) return undefined;
  if (typeof value === 'string' && /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/.test(value)) return value;
  band.fault(name, 'band_invalid', 'must be a local time as HH:MM, up to 24:00');
  return undefined;
}

/** Stands in for a price that is missing, which is a fault already. */
const PLACEHOLDER = { model: 'flat', amount: '0' };

/** Whether a local moment lies in the band; a window that wraps midnight takes the moment's own day and month. */
function compileBand({ months, days, from = '00:00', to = '24:00' }: Band): (local: Temporal.ZonedDateTime) => boolean {
  const weekdays = days?.map((day: Weekday) => WEEKDAYS.indexOf(day) + 1);
  const [start, end] = [minutesOf(from), minutesOf(to)];
  return (local) => {
    if (months && !months.includes(local.month)) return false;
    if (weekdays && !weekdays.includes(local.dayOfWeek)) return false;
    const minute = local.hour * 60 + local.minute;
    return start < end ? minute >= start && minute < end : minute >= start || minute < end;
  };
}

/** Minutes since midnight of `HH:MM`. */
function minutesOf(clock: string): number {
  const [hour, minute] = clock.split(':');
  return Number.parseInt(hour!, 10) * 60 + Number.parseInt(minute!, 10);
}
