/** ISO 8601 durations of days, hours and minutes, as the server has them, and whole hours and minutes, as the form has them. */

export interface Grace {
  hours: number;
  minutes: number;
}

export function graceOf(duration: string): Grace {
  const [, days = '0', hours = '0', minutes = '0', seconds = '0'] =
    /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(duration) ?? [];
  const whole = (text: string) => Number.parseInt(text, 10);
  const total = (whole(days) * 24 + whole(hours)) * 60 + whole(minutes) + Math.floor(whole(seconds) / 60);
  return { hours: Math.floor(total / 60), minutes: total % 60 };
}

export const durationOf = ({ hours, minutes }: Grace): string => `PT${hours}H${minutes}M`;

/** "6 h", "1 h 30 min", "at once". */
export function graceText(duration: string): string {
  const { hours, minutes } = graceOf(duration);
  const parts = [hours > 0 ? `${hours} h` : '', minutes > 0 ? `${minutes} min` : ''].filter(Boolean);
  return parts.join(' ') || 'at once';
}
