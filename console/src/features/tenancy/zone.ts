/**
 * The moment a calendar day begins in a time zone, as RFC 3339 in UTC. Asked twice, because the offset at UTC midnight
 * may not be the one at the zone's own (a clock change lies between).
 */
export function startOfDay(date: string, time_zone: string): string {
  const midnight = Date.parse(`${date}T00:00:00Z`);
  const first = midnight - offset(midnight, time_zone);
  const moment = midnight - offset(first, time_zone);
  return `${stamp(moment, 'UTC')}Z`;
}

/** What the zone's clocks are ahead of UTC at a moment, in milliseconds. */
function offset(epoch_ms: number, time_zone: string): number {
  return Date.parse(`${stamp(epoch_ms, time_zone)}Z`) - epoch_ms;
}

/** A moment as a zone's clocks show it, `YYYY-MM-DDTHH:MM:SS`. */
function stamp(epoch_ms: number, time_zone: string): string {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: time_zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  const parts = Object.fromEntries(format.formatToParts(epoch_ms).map((part) => [part.type, part.value]));
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}:${parts.second}`;
}
