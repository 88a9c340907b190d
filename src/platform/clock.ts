/** The only place that reads the wall clock. */
export const clock = {
  now: (): Temporal.Instant => Temporal.Now.instant(),
  /** Milliseconds from an arbitrary start that never goes back; for durations. */
  monotonic_ms: (): number => performance.now(),
};

export interface Clock {
  now(): Temporal.Instant;
}
