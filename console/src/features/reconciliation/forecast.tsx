import type { ReplayForecast } from '../../api/types.ts';
import { formatCount } from '../../ui/format.ts';
import { type Column, DataTable } from '../../ui/table.tsx';

interface ForecastRow {
  key: string;
  type: string;
  events: string;
  dead: string;
  reaction: string;
  had: string;
  would_run: string;
}

/** What sending events again would come to, by type and reaction. */
export function Forecast({ forecast }: { forecast: ReplayForecast }) {
  const run = forecast.by_type.flatMap((one) => one.reactions).reduce((sum, one) => sum + one.would_run, 0);
  return (
    <div role="status">
      <p className="mb-2">
        {forecast.events === 0
          ? 'No event matches, so nothing would happen.'
          : `${formatCount(forecast.events)} ${forecast.events === 1 ? 'event' : 'events'} would be sent again; ${
              run === 0
                ? 'every effect was had before, so nothing would change'
                : `${formatCount(run)} ${run === 1 ? 'reaction' : 'reactions'} would run`
            }.`}
      </p>
      {forecast.by_type.length === 0 ? null : (
        <div className="rounded-lg border border-line">
          <DataTable
            caption="What would happen"
            columns={columns}
            rows={forecast.by_type.flatMap(rowsOf)}
            rowKey={(row) => row.key}
          />
        </div>
      )}
    </div>
  );
}

function rowsOf({ type, events, dead, reactions }: ReplayForecast['by_type'][number]): ForecastRow[] {
  const head = { type, events: formatCount(events), dead: formatCount(dead) };
  if (reactions.length === 0) return [{ key: type, ...head, reaction: 'none', had: '–', would_run: '–' }];
  return reactions.map((one, index) => ({
    key: `${type} ${one.reaction}`,
    ...(index === 0 ? head : { type: '', events: '', dead: '' }),
    reaction: one.reaction,
    had: formatCount(one.had),
    would_run: formatCount(one.would_run),
  }));
}

const columns: readonly Column<ForecastRow>[] = [
  { id: 'type', header: 'Event', cell: (row) => <span className="font-medium whitespace-nowrap">{row.type}</span> },
  { id: 'events', header: 'Events', align: 'right', cell: (row) => row.events },
  { id: 'dead', header: 'Dead', align: 'right', cell: (row) => row.dead },
  {
    id: 'reaction',
    header: 'Reaction',
    cell: (row) => <code className="font-mono text-xs whitespace-nowrap text-ink-2">{row.reaction}</code>,
  },
  { id: 'had', header: 'Had before', align: 'right', cell: (row) => row.had },
  { id: 'run', header: 'Would run', align: 'right', cell: (row) => <span className="font-medium">{row.would_run}</span> },
];
