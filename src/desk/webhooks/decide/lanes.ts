/**
 * How many attempts one endpoint has at a time. It begins small, grows with what succeeds and shrinks to one with what fails, so that an
 * endpoint that hangs holds a single connection.
 */
export interface Lane {
  limit: number;
  /** What the last attempt that ended was; null before the first. */
  last: 'taken' | 'failed' | null;
}

export const first_limit = 4;
const most_limit = 32;

/** An attempt that is under way for longer than this makes its lane a slow one. */
export const slow_ms = 1000;

export function newLane(): Lane {
  return { limit: first_limit, last: null };
}

export function afterLane(lane: Lane, taken: boolean): Lane {
  return taken
    ? { limit: Math.min(lane.limit + 1, most_limit), last: 'taken' }
    : { limit: Math.max(1, Math.floor(lane.limit / 4)), last: 'failed' };
}

/** A lane as it stands. */
export interface Standing {
  lane: Lane;
  /** Deliveries under way, and those that wait in the lane. */
  held: number;
  /** For how long the oldest of those under way is; 0 without any. */
  oldest_ms: number;
}

/**
 * What may be claimed: in all, and for each lane. Slow lanes and those that fail have a budget of their own, of the same size, so that however
 * many endpoints hang, the others keep theirs. Where both are used up by endpoints that only begin to hang, the rest waits a second.
 */
export function roomsFor<Key>(standings: ReadonlyMap<Key, Standing>, budget: number): { limit: number; rooms: Map<Key, number> } {
  const isSlow = ({ lane, oldest_ms }: Standing) => lane.last === 'failed' || oldest_ms > slow_ms;
  let [quick, slow] = [0, 0];
  for (const standing of standings.values()) {
    if (isSlow(standing)) slow += standing.held;
    else quick += standing.held;
  }
  const rooms = new Map<Key, number>();
  for (const [key, standing] of standings) {
    const { lane, held } = standing;
    // Several times what is under way where it goes well, so that the next is at hand when one ends.
    const most = isSlow(standing) ? (slow >= budget ? 0 : lane.limit) : lane.last === 'taken' ? 4 * lane.limit : lane.limit;
    rooms.set(key, Math.max(0, most - held));
  }
  return { limit: Math.max(0, Math.min(budget - quick, 4 * budget - quick - slow)), rooms };
}
