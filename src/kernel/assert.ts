/** The impossible happened: the request dies, the process lives, an alert fires. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Throws when `condition` is false. For what cannot happen; expected failures are coded errors (see errors.ts). */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}
