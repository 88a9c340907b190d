/** The only place that reads the wall clock. */
export const clock = {
  /** In whole microseconds, which is what PostgreSQL stores: a time read back is the time that was written. */
  now: (): Temporal.Instant => Temporal.Now.instant().round({ smallestUnit: 'microsecond', roundingMode: 'trunc' }),
  /** Milliseconds from an arbitrary start that never goes back; for durations. */
  monotonic_ms: (): number => performance.now(),
};

export interface Clock {
  now(): Temporal.Instant;
}
