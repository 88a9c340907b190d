import { Hash } from '../../ui/hash.tsx';

const kinds: Record<string, string> = { user: 'A person', api_key: 'An API key', system: 'The system' };

/** Who asked for a replay, of `kind:id` as the server has it. */
export function Requester({ by }: { by: string }) {
  const at = by.indexOf(':');
  const [kind, id] = at < 0 ? [by, ''] : [by.slice(0, at), by.slice(at + 1)];
  return (
    <span className="flex flex-wrap items-center gap-x-1.5">
      {kinds[kind] ?? kind} {id ? <Hash value={id} label={`Id of ${(kinds[kind] ?? kind).toLowerCase()}`} /> : null}
    </span>
  );
}
