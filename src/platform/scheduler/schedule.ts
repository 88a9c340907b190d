import { parseCronItem } from 'graphile-worker';

/** What recurs. */
export interface Schedule {
  /** The job's name. */
  name: string;
  /** A crontab line's five fields, in UTC. */
  cron: string;
  /** After a downtime: `once` runs the latest of the due times that were missed, `none` waits for the next. */
  catch_up: 'once' | 'none';
}

/** A due time that is met this much later is not missed. */
const punctual_s = 60;
/** No line of ours recurs less often. */
const horizon_minutes = 366 * 24 * 60;

/** The latest due time of a schedule in `(after, now]`, or null where there is none. */
export function latestDue(
  schedule: Pick<Schedule, 'cron'>,
  after: Temporal.Instant,
  now: Temporal.Instant,
): Temporal.Instant | null {
  const minute = now.round({ smallestUnit: 'minute', roundingMode: 'floor' });
  return find(schedule, minute, -1, (at) => Temporal.Instant.compare(at, after) > 0);
}

/** The first due time after a moment. Throws where the line has none within a year. */
export function nextDue(schedule: Pick<Schedule, 'cron'>, after: Temporal.Instant): Temporal.Instant {
  const minute = after.round({ smallestUnit: 'minute', roundingMode: 'floor' }).add({ minutes: 1 });
  const found = find(schedule, minute, 1, () => true);
  if (!found) throw new RangeError(`“${schedule.cron}” falls due in no year.`);
  return found;
}

/** Whether what fell due at a moment is still to be run: always where it is caught up, else only while it is not missed. */
export function isWanted({ catch_up }: Pick<Schedule, 'catch_up'>, due: Temporal.Instant, now: Temporal.Instant): boolean {
  return catch_up === 'once' || now.since(due).total('seconds') <= punctual_s;
}

function find(
  { cron }: Pick<Schedule, 'cron'>,
  start: Temporal.Instant,
  step: 1 | -1,
  within: (at: Temporal.Instant) => boolean,
): Temporal.Instant | null {
  const { match } = parseCronItem({ task: 'schedule', match: cron });
  let at = start;
  for (let tries = 0; tries < horizon_minutes && within(at); tries += 1) {
    const { minute: min, hour, day: date, month, dayOfWeek } = at.toZonedDateTimeISO('UTC');
    if (match({ min, hour, date, month, dow: dayOfWeek % 7 })) return at;
    at = at.add({ minutes: step });
  }
  return null;
}
