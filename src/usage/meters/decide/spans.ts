/** Which times a stream has had: half-open spans that never overlap, kept few by joining those that touch. */
export interface Spans {
  /** False, and nothing is kept, where part of `[start, end)` is there already. */
  add(start: number, end: number): boolean;
}

export function spans(): Spans {
  const starts: number[] = [];
  const ends: number[] = [];
  return {
    add(start, end) {
      const last = ends.length - 1;
      // Most files are in order.
      const at = last < 0 || start >= starts[last]! ? last + 1 : firstAfter(starts, start);
      if (at > 0 && ends[at - 1]! > start) return false;
      if (at < starts.length && starts[at]! < end) return false;
      const touches_before = at > 0 && ends[at - 1] === start;
      const touches_after = at < starts.length && starts[at] === end;
      if (touches_before && touches_after) {
        ends[at - 1] = ends[at]!;
        starts.splice(at, 1);
        ends.splice(at, 1);
      } else if (touches_before) ends[at - 1] = end;
      else if (touches_after) starts[at] = start;
      else {
        starts.splice(at, 0, start);
        ends.splice(at, 0, end);
      }
      return true;
    },
  };
}

/** How many of the ascending numbers are not above `value`. */
function firstAfter(ascending: readonly number[], value: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
