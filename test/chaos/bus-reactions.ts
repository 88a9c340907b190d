import type { Reaction } from '../../src/foundation/events/service/react.ts';
import { emit } from '../../src/foundation/events/service.ts';

/** A reaction that leaves one event of another type for each that it reacts to, so that doubled and missing effects show. */
function leaves(name: string, type: string): Reaction {
  return {
    name,
    async react(tx, event) {
      await emit(tx, { type, aggregate_type: 'thing', aggregate_id: `${type} ${event.id}`, data: { of: event.id } });
    },
  };
}

/** Two follow from each event, and one more from one of these. */
export const followed = {
  'thing.happened': [leaves('chaos.follow', 'thing.followed'), leaves('chaos.count', 'thing.counted')],
  'thing.followed': [leaves('chaos.settle', 'thing.settled')],
} as const satisfies Record<string, readonly Reaction[]>;

export function reactionsTo(type: string): readonly Reaction[] {
  return (followed as Record<string, readonly Reaction[]>)[type] ?? [];
}
