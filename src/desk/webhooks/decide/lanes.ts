/**
 * The share of the sender that one endpoint has. It begins small, grows with what succeeds and shrinks to one with what fails, so that an
 * endpoint that hangs holds a single connection.
 */
export interface Lane {
  active: number;
  limit: number;
  /** Whether the last attempt failed. */
  struggles: boolean;
}

export const first_limit = 4;
export const most_limit = 32;

export function newLane(): Lane {
  return { active: 0, limit: first_limit, struggles: false };
}

export function afterLane(lane: Lane, succeeded: boolean): Lane {
  const limit = succeeded ? Math.min(lane.limit + 1, most_limit) : Math.max(1, Math.floor(lane.limit / 4));
  return { active: lane.active - 1, limit, struggles: !succeeded };
}
