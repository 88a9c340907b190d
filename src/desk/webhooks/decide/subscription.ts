import type { Fault } from '../../../kernel/errors.ts';
import type { EventTypes, Webhook } from '../model.ts';

/** Sorted and each once, or the faults, by name: types that are unknown to who keeps the webhook, and `*` beside others. */
export function subscribed(
  asked: readonly string[],
  managed_by: Webhook['managed_by'],
  types: EventTypes,
): { event_types: string[] } | { faults: Fault[] } {
  if (asked.length === 1 && asked[0] === '*') return { event_types: ['*'] };
  const known: ReadonlySet<string> = new Set(managed_by === 'organization' ? types.organizations : types.all);
  const faults = asked.flatMap((type, index) => {
    if (known.has(type)) return [];
    const detail = type === '*' ? '`*` stands alone.' : `There is no event type ${type}.`;
    return [{ pointer: `/event_types/${index}`, code: 'webhook_event_type_unknown', detail }];
  });
  return faults.length > 0 ? { faults } : { event_types: [...new Set(asked)].sort() };
}
