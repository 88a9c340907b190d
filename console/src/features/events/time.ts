/** How long after a moment another is: "", "+120 ms", "+1.2 s", "+3 min", "+2 h", "+5 d". */
export function formatAfter(began: string, at: string): string {
  const ms = Date.parse(at) - Date.parse(began);
  if (ms <= 0) return '';
  if (ms < 1000) return `+${ms} ms`;
  if (ms < 60_000) return `+${(Math.round(ms / 100) / 10).toString()} s`;
  if (ms < 3_600_000) return `+${Math.round(ms / 60_000)} min`;
  if (ms < 86_400_000) return `+${Math.round(ms / 3_600_000)} h`;
  return `+${Math.round(ms / 86_400_000)} d`;
}

const exact = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});

/** A moment to the millisecond by the reader's clock: "1 Mar 2026, 14:05:09.120". */
export const formatExact = (text: string): string => exact.format(Date.parse(text));
