import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { NewReplayDialog } from '../features/reconciliation/new-replay-dialog.tsx';
import { ReplayList } from '../features/reconciliation/replay-list.tsx';
import { VerificationList } from '../features/reconciliation/verification-list.tsx';
import { VerifyDialog } from '../features/reconciliation/verify-dialog.tsx';
import { useMay } from '../features/session/may.ts';
import { Button } from '../ui/button.tsx';
import { Page } from '../ui/page.tsx';
import { type Tab, Tabs } from '../ui/tabs.tsx';

type TabName = 'events' | 'verifications';

/** History sent through again, and history proven. */
export function ReplaysPage() {
  const search = useSearch({ from: '/signed/replays' });
  const navigate = useNavigate({ from: '/replays' });
  const [asked, ask] = useState<'replay' | 'verify' | null>(null);
  const may_replay = useMay('events:write');
  const may_verify = useMay('billing:write');
  const sees_replays = useMay('events:read');
  const sees_verifications = useMay('billing:read');
  const replay = may_replay ? (
    <Button look="primary" onClick={() => ask('replay')}>
      Replay events
    </Button>
  ) : null;
  const verify = may_verify ? (
    <Button look="primary" onClick={() => ask('verify')}>
      Verify
    </Button>
  ) : null;
  const tabs: Tab<TabName>[] = [
    ...(sees_replays ? [{ value: 'events' as const, label: 'Events', content: <ReplayList action={replay} /> }] : []),
    ...(sees_verifications
      ? [{ value: 'verifications' as const, label: 'Verifications', content: <VerificationList action={verify} /> }]
      : []),
  ];
  const tab = tabs.find((one) => one.value === search.tab)?.value ?? tabs[0]?.value;
  return (
    <Page
      title="Replay"
      lead="Send history through again, or work it out again and compare"
      actions={tab === 'verifications' ? verify : replay}
    >
      {tab === undefined ? null : (
        <Tabs
          label="What is replayed"
          value={tab}
          tabs={tabs}
          onChange={(next) => navigate({ search: { tab: next }, replace: true })}
        />
      )}
      <NewReplayDialog open={asked === 'replay'} onClose={() => ask(null)} />
      <VerifyDialog open={asked === 'verify'} onClose={() => ask(null)} />
    </Page>
  );
}
