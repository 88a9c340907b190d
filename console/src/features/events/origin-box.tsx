import type { CorrelatedEvent } from '../../api/types.ts';
import { actorOf, origin_width } from './tree-layout.ts';

const kinds: Record<string, string> = { user: 'A person', api_key: 'An API key', system: 'The system' };
const height = 46;

/** What set everything off, at the left of the picture. */
export function OriginBox({ events, middle }: { events: readonly CorrelatedEvent[]; middle: number }) {
  const first = events[0];
  if (!first) return null;
  const actor = actorOf(first);
  const request_id = first.metadata.http_request_id;
  const about = typeof request_id === 'string' ? 'by a request' : actor?.kind === 'system' ? actor.id : '';
  const y = middle - height / 2;
  return (
    <g>
      <rect
        x={0}
        y={y}
        width={origin_width}
        height={height}
        rx={height / 2}
        className="fill-sunken stroke-line-strong"
        strokeDasharray="3 3"
      />
      <text x={origin_width / 2} y={y + (about ? 20 : 27)} textAnchor="middle" className="fill-ink text-[12px] font-medium">
        {kinds[actor?.kind ?? ''] ?? 'Set off'}
      </text>
      <text x={origin_width / 2} y={y + 35} textAnchor="middle" className="fill-ink-3 text-[10.5px]">
        {about.length > 20 ? `${about.slice(0, 19)}…` : about}
      </text>
    </g>
  );
}
