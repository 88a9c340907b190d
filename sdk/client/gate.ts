/** A promise that is settled from outside. */
export interface Gate {
  readonly passed: Promise<void>;
  pass(): void;
  fail(error: unknown): void;
}

export function gate(): Gate {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Somebody may come to wait for it, or nobody.
  promise.catch(() => undefined);
  return { passed: promise, pass: resolve, fail: reject };
}
