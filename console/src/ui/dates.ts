/** Calendar dates are `YYYY-MM-DD` text; moments are RFC 3339 text. Shown in the reader's time zone, with the month by name. */

const monthName = new Intl.DateTimeFormat('en', { month: 'long', timeZone: 'UTC' });
const shortMonthName = new Intl.DateTimeFormat('en', { month: 'short', timeZone: 'UTC' });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const numeric = new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit' });

/** Today in the reader's time zone. */
export const today = (): string => numeric.format();

export const formatDate = (text: string): string => `${formatShortDate(text)} ${text.slice(0, 4)}`;
export const formatShortDate = (text: string): string => `${Number.parseInt(text.slice(8, 10), 10)} ${formatShortMonth(text)}`;
export const formatMonth = (text: string): string => `${monthName.format(utc(text))} ${text.slice(0, 4)}`;
export const formatShortMonth = (text: string): string => shortMonthName.format(utc(text));

/** The date of a moment by the reader's clock. */
export const formatDay = (text: string): string => formatDate(text.length === 10 ? text : numeric.format(Date.parse(text)));

/** A moment by the reader's clock: "1 Mar 2026, 14:05". */
export function formatMoment(text: string): string {
  const epoch_ms = Date.parse(text);
  return `${formatDate(numeric.format(epoch_ms))}, ${clock.format(epoch_ms)}`;
}

/** The calendar date, `YYYY-MM-DD`, that a moment falls on in a time zone. What is a date already stays what it is. */
export function dateIn(text: string, time_zone: string): string {
  if (text.length === 10) return text;
  return new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit', timeZone: time_zone }).format(
    Date.parse(text),
  );
}

export const formatDateIn = (text: string, time_zone: string): string => formatDate(dateIn(text, time_zone));

/** A half-open period as people read it: "March 2026", or "1 Mar 2026 – 14 Mar 2026" with the last day included. */
export function formatPeriod(from: string, to: string): string {
  const start = dateOf(from);
  const end = dateOf(to);
  if (start.endsWith('-01') && addMonths(start, 1) === end) return formatMonth(start);
  const last = addDays(end, -1);
  return last <= start ? formatDate(start) : `${formatDate(start)} – ${formatDate(last)}`;
}

/** The calendar date that a date or a moment starts with. */
export const dateOf = (text: string): string => text.slice(0, 10);

export function addDays(date: string, days: number): string {
  return iso(utc(date) + days * 86_400_000);
}

/** The same day some months on, pulled back to the month's last day where it must be. */
export function addMonths(date: string, months: number): string {
  const [year = 0, month_number = 1, day_number = 1] = date.split('-').map((part) => Number.parseInt(part, 10));
  const last = Date.UTC(year, month_number - 1 + months + 1, 0);
  const first = Date.UTC(year, month_number - 1 + months, 1);
  return iso(Math.min(last, first + (day_number - 1) * 86_400_000));
}

export const startOfMonth = (date: string): string => `${date.slice(0, 7)}-01`;

/** Whether a moment lies behind. */
export const isPast = (text: string): boolean => Date.parse(text) < now();

const sortable = {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
} as const;
const localText = new Intl.DateTimeFormat('sv-SE', sortable);
const utcText = new Intl.DateTimeFormat('sv-SE', { ...sortable, timeZone: 'UTC' });

/** Now, as `datetime-local` fields have it. */
export const localNow = (): string => localText.format(now()).replace(' ', 'T').slice(0, 16);

/** What a `datetime-local` or `date` field holds, as an RFC 3339 moment; a date begins at midnight by the reader's clock. */
export const momentOf = (local: string): string =>
  `${utcText.format(Date.parse(local.length === 10 ? `${local}T00:00` : local)).replace(' ', 'T')}Z`;

/** Whole days between two moments, rounded. */
export const daysBetween = (from: string, to: string): number => Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);

/** How long ago, roughly: "just now", "5 min ago", "3 h ago", then the date. */
export function formatAgo(text: string): string {
  const minutes = Math.floor((now() - Date.parse(text)) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
  return formatDate(text);
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function utc(text: string): number {
  return Date.parse(`${dateOf(text)}T00:00:00Z`);
}

const isoParts = new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit', timeZone: 'UTC' });

function iso(epoch_ms: number): string {
  return isoParts.format(epoch_ms);
}
