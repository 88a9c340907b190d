import { assert } from '../../../kernel/assert.ts';
import type { JsonObject } from '../../../kernel/canonical-json.ts';
import type { Tx } from '../../../platform/postgres.ts';
import { emit } from '../../events/service.ts';
import type { events } from '../events.ts';
import type { Scheme } from '../model.ts';

/** A message as whoever takes it gets it. */
export interface InboundMessage {
  inbound_webhook_id: string;
  endpoint_id: string;
  kind: string;
  /** The sender's id of it. */
  message_id: string;
  type: string | null;
  /** The headers that were kept, by their names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** The bytes that were signed. */
  body: Buffer;
  received_at: string;
}

/** What is done with the messages of one kind of endpoint. Rooms above say it for theirs; app puts them together. */
export interface InboundKind {
  /** For ever: endpoints have it, and their secrets are sealed to it. */
  kind: string;
  scheme: Scheme;
  /** True where the sender waits for what `take` answers; else it is told at once that its message is kept. */
  answers: boolean;
  /**
   * The effect, in the transaction that marks the message as processed: it is had once, or not at all. A coded error of status 4xx (but 409 and 429)
   * refuses the message for what it says; whatever else is thrown has it tried again.
   */
  take(tx: Tx, message: InboundMessage): Promise<JsonObject | null>;
}

export type InboundKinds = ReadonlyMap<string, InboundKind>;

/** By name. The kinds of this room are among them. */
export function kindsOf(more: readonly InboundKind[]): InboundKinds {
  const all = [plainKind('generic', 'standard_webhooks'), plainKind('stripe', 'stripe'), ...more];
  const kinds = new Map(all.map((one) => [one.kind, one]));
  assert(kinds.size === all.length, 'each kind of inbound webhook is said once');
  return kinds;
}

/** Messages that are told of by an event, for rooms above to react to. */
function plainKind(kind: string, scheme: Scheme): InboundKind {
  return {
    kind,
    scheme,
    answers: false,
    async take(tx, { inbound_webhook_id, endpoint_id, type }) {
      await emit<typeof events>(tx, {
        type: 'inbound_webhook.received',
        aggregate_type: 'inbound_webhook',
        aggregate_id: inbound_webhook_id,
        data: { inbound_webhook_id, endpoint_id, kind, type },
      });
      return null;
    },
  };
}
