import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { billingSettings } from '../../api/scheduler.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { formatDate, formatMoment } from '../../ui/dates.ts';
import { Card, Facts } from '../../ui/page.tsx';
import { ProblemBox, Skeleton } from '../../ui/state.tsx';
import { useMay } from '../session/may.ts';
import { graceText } from './grace.ts';
import { SettingsDialog } from './settings-dialog.tsx';

/** Whether cycles are billed by themselves, and how. */
export function SettingsCard() {
  const settings = useQuery(billingSettings);
  const may = useMay('billing:write');
  const [changing, setChanging] = useState(false);
  const { data } = settings;
  return (
    <Card
      title="Automatic billing"
      lead={data ? <Badge tone={data.automatic ? 'good' : 'plain'}>{data.automatic ? 'On' : 'Off'}</Badge> : null}
      actions={
        may && data ? (
          <Button size="small" onClick={() => setChanging(true)}>
            {data.automatic ? 'Change' : 'Switch on'}
          </Button>
        ) : null
      }
    >
      {settings.error ? (
        <ProblemBox error={settings.error} onRetry={settings.refetch} />
      ) : !data ? (
        <Skeleton className="h-12 w-full" />
      ) : data.automatic ? (
        <Facts
          facts={[
            [
              'A cycle is closed',
              data.grace === 'PT0S' ? 'as it ends' : `${graceText(data.grace)} after its end, in its organization’s time zone`,
            ],
            ['Nothing is billed before', data.from ? formatDate(data.from) : 'the cycle in which it was switched on'],
            ['Switched on', data.switched_on_at ? formatMoment(data.switched_on_at) : '–'],
          ]}
        />
      ) : (
        <p className="text-ink-2">
          Periods are billed when somebody runs billing. Switched on, every subscription’s cycle is closed and invoiced by itself.
        </p>
      )}
      {data ? <SettingsDialog settings={data} open={changing} onClose={() => setChanging(false)} /> : null}
    </Card>
  );
}
