import type { Envelope, OnePublisher } from '../model.ts';

/** The bus of a program that runs whole: an event is published when every reaction here has taken effect. */
export function embeddedPublisher(react: (envelope: Envelope) => Promise<void>): OnePublisher {
  return { publish: react };
}
