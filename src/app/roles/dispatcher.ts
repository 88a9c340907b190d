import type { House, Part } from '../house.ts';
import { startReactions } from '../reactions.ts';

/** Takes what is in the outbox to the bus. */
export function startDispatcher({ postgres, clock, log }: House): Promise<Part> {
  return startReactions({ postgres, clock, log });
}
