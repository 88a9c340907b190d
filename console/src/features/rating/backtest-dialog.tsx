import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { priceDrafts, startBacktest } from '../../api/pricing.ts';
import { Button } from '../../ui/button.tsx';
import { addMonths, startOfMonth, today } from '../../ui/dates.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { Select } from '../../ui/select.tsx';
import { ProblemBox } from '../../ui/state.tsx';
import { useMay } from '../session/may.ts';

/** Starts a backtest, of a draft if one is given. */
export function BacktestButton({ plan_id, draft_id }: { plan_id?: string; draft_id?: string }) {
  const may = useMay('billing:write');
  const [open, setOpen] = useState(false);
  if (!may) return null;
  return (
    <>
      <Button look="primary" onClick={() => setOpen(true)}>
        Backtest
      </Button>
      <Dialog
        open={open}
        onClose={() => setOpen(false)}
        title="Try a draft on real months"
        description="What those months were billed, or would be, and what the draft would bill, organization by organization."
      >
        <BacktestForm plan_id={plan_id} draft_id={draft_id ?? ''} onClose={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

function BacktestForm({ plan_id, draft_id, onClose }: { plan_id: string | undefined; draft_id: string; onClose: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const drafts = useQuery(priceDrafts).data?.data.filter((one) => one.status === 'draft') ?? [];
  const this_month = startOfMonth(today());
  const [asked, setAsked] = useState({
    draft_id,
    compare: '',
    from: addMonths(this_month, -3).slice(0, 7),
    to: addMonths(this_month, -1).slice(0, 7),
    over: '10',
  });
  const put = (change: Partial<typeof asked>) => setAsked({ ...asked, ...change });
  const plan = plan_id ?? drafts.find((one) => one.draft_id === asked.draft_id)?.plan_id;
  const others = drafts.filter((one) => one.plan_id === plan && one.draft_id !== asked.draft_id);
  const start = useMutation({
    mutationFn: () =>
      startBacktest({
        draft_id: asked.draft_id,
        ...(asked.compare ? { compare_draft_id: asked.compare } : {}),
        from: asked.from,
        // The field names the last month, the server takes the one after it.
        to: addMonths(`${asked.to}-01`, 1).slice(0, 7),
        over_percent: asked.over,
      }),
    onSuccess: async ({ backtest_id }) => {
      await queries.invalidateQueries({ queryKey: ['backtests'] });
      onClose();
      await navigate({ to: '/backtests/$backtest_id', params: { backtest_id } });
    },
  });
  const named = (list: typeof drafts) => list.map((one) => ({ value: one.draft_id, label: one.name }));
  return (
    <form
      noValidate
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        start.mutate();
      }}
    >
      {start.error ? <ProblemBox error={start.error} /> : null}
      <Select
        label="Draft"
        value={asked.draft_id}
        choices={[{ value: '', label: 'Choose a draft' }, ...named(drafts)]}
        onChange={(next) => put({ draft_id: next, compare: '' })}
      />
      <Select
        label="Beside it"
        value={asked.compare}
        choices={[{ value: '', label: 'No other draft' }, ...named(others)]}
        onChange={(compare) => put({ compare })}
      />
      <div className="grid grid-cols-2 gap-3">
        <TextField label="First month" type="month" value={asked.from} onChange={(event) => put({ from: event.target.value })} />
        <TextField label="Last month" type="month" value={asked.to} onChange={(event) => put({ to: event.target.value })} />
      </div>
      <TextField
        label="Count who pays more than this, in percent"
        inputMode="decimal"
        value={asked.over}
        onChange={(event) => put({ over: event.target.value.trim() })}
      />
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={start.isPending} disabled={asked.draft_id === ''}>
          Start the backtest
        </Button>
      </DialogActions>
    </form>
  );
}
