import type pg from 'pg';
import { clock } from '../clock.ts';

/** A right that one process has at a time, for a time. */
export interface Lease {
  readonly holder: string;
  /** Takes the lease where it is free or run out, renews it where it is ours. Answers whether it is ours. */
  attend(): Promise<boolean>;
  /** False from a little before the database would give the lease to another, however long this process was stopped in between. */
  holds(): boolean;
  /** Of the lease as it was last taken; a later holder has a higher one. */
  term(): string;
  /** Lets it go at once, if it is ours. */
  release(): Promise<void>;
}

/**
 * The lease `name` in the database, by the database's clock. A holder counts its time from before it asked, so that it stops
 * before anybody else may start; and still what it does must be safe to do twice, for a process can be stopped between looking and doing.
 */
export function createLease(pool: pg.Pool, { name, holder, lease_s }: { name: string; holder: string; lease_s: number }): Lease {
  let held_until_ms = Number.NEGATIVE_INFINITY;
  let term = '0';
  return {
    holder,
    holds: () => clock.monotonic_ms() < held_until_ms,
    term: () => term,
    async attend() {
      const asked_ms = clock.monotonic_ms();
      const { rows } = await pool.query<{ term: string }>(
        `INSERT INTO scheduler_lease AS l (name, holder, until, term) VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3), 1)
         ON CONFLICT (name) DO UPDATE SET holder = $2, until = clock_timestamp() + make_interval(secs => $3),
           term = l.term + CASE WHEN l.holder = $2 AND l.until > clock_timestamp() THEN 0 ELSE 1 END
         WHERE l.holder = $2 OR l.until <= clock_timestamp() RETURNING term`,
        [name, holder, lease_s],
      );
      const mine = rows[0];
      held_until_ms = mine ? asked_ms + lease_s * 1000 : Number.NEGATIVE_INFINITY;
      if (mine) term = mine.term;
      return mine !== undefined;
    },
    async release() {
      held_until_ms = Number.NEGATIVE_INFINITY;
      await pool.query('UPDATE scheduler_lease SET until = clock_timestamp() WHERE name = $1 AND holder = $2', [name, holder]);
    },
  };
}
