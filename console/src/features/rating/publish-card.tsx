import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { publicationOf, publishDraft } from '../../api/pricing.ts';
import type { BacktestDemand, PriceDraft, PublicationCheck } from '../../api/types.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { formatMoment } from '../../ui/dates.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Card } from '../../ui/page.tsx';
import { ProblemBox, Skeleton } from '../../ui/state.tsx';
import { announce } from '../../ui/toast.tsx';
import { DemandList } from '../catalog/policy-card.tsx';
import { useMay } from '../session/may.ts';

/** What the plan demands before the draft is published, what has met it, and the button. */
export function PublishCard({ draft }: { draft: PriceDraft }) {
  const check = useQuery(publicationOf(draft.draft_id));
  const may = useMay('catalog:write');
  const [sure, setSure] = useState(false);
  return (
    <Card title="Publish">
      {check.error ? (
        <ProblemBox error={check.error} onRetry={check.refetch} />
      ) : !check.data ? (
        <Skeleton className="h-16 w-full" />
      ) : draft.status !== 'draft' ? (
        <p className="text-ink-3">
          {draft.published_at ? `Published ${formatMoment(draft.published_at)}.` : 'Discarded.'}{' '}
          {draft.backtest_id ? <BacktestLink backtest_id={draft.backtest_id}>The backtest it stood on</BacktestLink> : null}
        </p>
      ) : (
        <div className="flex flex-col gap-3">
          <Demand demand={check.data.demand as BacktestDemand | null} />
          <Verdicts check={check.data} />
          {may ? (
            <Button look="primary" disabled={!check.data.may_publish} onClick={() => setSure(true)}>
              Publish the draft
            </Button>
          ) : null}
        </div>
      )}
      <PublishDialog draft={draft} open={sure} onClose={() => setSure(false)} />
    </Card>
  );
}

function Demand({ demand }: { demand: BacktestDemand | null }) {
  if (!demand) return <p className="text-ink-3">The plan demands no backtest. One is still a good idea.</p>;
  return (
    <div>
      <p className="mb-1 text-ink-2">The plan demands of this draft as it is:</p>
      <DemandList demand={demand} />
    </div>
  );
}

function Verdicts({ check }: { check: PublicationCheck }) {
  const [newest] = check.backtests;
  if (!newest) return check.demand ? <p className="text-bad">There is none yet.</p> : null;
  if (!check.demand || check.backtest_id) {
    return (
      <p>
        <Badge tone="good">Tried</Badge>{' '}
        <BacktestLink backtest_id={check.backtest_id ?? newest.backtest_id}>See the backtest</BacktestLink>
      </p>
    );
  }
  return (
    <div>
      <p className="mb-1">
        <Badge tone="bad">Not passed</Badge> <BacktestLink backtest_id={newest.backtest_id}>See the backtest</BacktestLink>
      </p>
      <ul className="list-disc pl-5 text-ink-2">
        {newest.reasons.map((reason) => (
          <li key={reason.code}>{reason.detail}</li>
        ))}
      </ul>
    </div>
  );
}

function BacktestLink({ backtest_id, children }: { backtest_id: string; children: string }) {
  return (
    <Link
      to="/backtests/$backtest_id"
      params={{ backtest_id }}
      className="rounded-sm underline decoration-line-strong underline-offset-2 hover:text-ink"
    >
      {children}
    </Link>
  );
}

function PublishDialog({ draft, open, onClose }: { draft: PriceDraft; open: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const publish = useMutation({
    mutationFn: () => publishDraft(draft.draft_id),
    onSuccess: async () => {
      announce(`${draft.name} is published`);
      onClose();
      await Promise.all([
        queries.invalidateQueries({ queryKey: ['drafts'] }),
        queries.invalidateQueries({ queryKey: ['plans'] }),
      ]);
    },
  });
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={`Publish ${draft.name}?`}
      description="Its prices take the place of the live ones at once, as new versions that never change. What is billed stays as it was billed."
    >
      {publish.error ? <ProblemBox error={publish.error} /> : null}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="primary" busy={publish.isPending} onClick={() => publish.mutate()}>
          Publish
        </Button>
      </DialogActions>
    </Dialog>
  );
}
