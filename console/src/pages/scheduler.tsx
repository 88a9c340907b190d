import { useNavigate, useSearch } from '@tanstack/react-router';
import { ClosedCycles, UpcomingCycles } from '../features/scheduler/cycles.tsx';
import { Schedules } from '../features/scheduler/schedules.tsx';
import { SettingsCard } from '../features/scheduler/settings-card.tsx';
import { OrgPicker } from '../features/tenancy/org-picker.tsx';
import { Page } from '../ui/page.tsx';
import { Tabs } from '../ui/tabs.tsx';

export interface SchedulerSearch {
  tab?: string;
  org_id?: string;
  name?: string;
}

/** What happens by itself: billing cycles that end, and what recurs. */
export function SchedulerPage() {
  const search = useSearch({ from: '/signed/scheduler' });
  const navigate = useNavigate({ from: '/scheduler' });
  return (
    <Page title="Scheduler" lead="What happens by itself, when next, and what became of it">
      <Tabs
        label="What happens by itself"
        value={search.tab === 'schedules' ? 'schedules' : 'cycles'}
        onChange={(tab) => navigate({ search: tab === 'schedules' ? { tab } : {}, replace: true })}
        tabs={[
          {
            value: 'cycles',
            label: 'Billing cycles',
            content: (
              <div className="flex flex-col gap-4">
                <SettingsCard />
                <form aria-label="Filter cycles" onSubmit={(event) => event.preventDefault()}>
                  <OrgPicker
                    quiet
                    label="Organization"
                    className="w-72"
                    value={search.org_id ?? ''}
                    onChange={(org_id) => navigate({ search: org_id ? { org_id } : {}, replace: true })}
                  />
                </form>
                <UpcomingCycles org_id={search.org_id} />
                <ClosedCycles org_id={search.org_id} />
              </div>
            ),
          },
          {
            value: 'schedules',
            label: 'Schedules and runs',
            content: (
              <Schedules
                name={search.name}
                onPick={(name) =>
                  navigate({
                    search: name ? { tab: 'schedules', name } : { tab: 'schedules' },
                    replace: true,
                    resetScroll: false,
                  })
                }
              />
            ),
          },
        ]}
      />
    </Page>
  );
}
