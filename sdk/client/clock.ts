/** The only place of the client that reads the wall clock. Milliseconds since 1970. */
export function nowMs(): number {
  return Date.now();
}

/** RFC 3339, UTC. */
export function nowText(): string {
  return new Date().toISOString();
}
