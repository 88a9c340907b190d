import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { publishPolicy, putPublishPolicy } from '../../api/pricing.ts';
import type { BacktestDemand } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { Card } from '../../ui/page.tsx';
import { ProblemBox, Skeleton } from '../../ui/state.tsx';
import { announce } from '../../ui/toast.tsx';
import { useMay } from '../session/may.ts';

/** What a plan demands before its prices change, and the way to change that. */
export function PolicyCard({ plan_id }: { plan_id: string }) {
  const policy = useQuery(publishPolicy(plan_id));
  const may = useMay('catalog:write');
  const [open, setOpen] = useState(false);
  const demand = policy.data?.require_backtest ?? null;
  return (
    <Card
      title="Before prices change"
      actions={
        may && policy.data ? (
          <Button size="small" onClick={() => setOpen(true)}>
            Change
          </Button>
        ) : null
      }
    >
      {policy.error ? (
        <ProblemBox error={policy.error} onRetry={policy.refetch} />
      ) : !policy.data ? (
        <Skeleton className="h-10 w-full" />
      ) : demand ? (
        <DemandList demand={demand} />
      ) : (
        <p className="text-ink-3">Nothing is demanded: a new price counts from when it is set.</p>
      )}
      <Dialog
        open={open}
        onClose={() => setOpen(false)}
        title="Before prices change"
        description="With a demand, prices of this plan change only by publishing a draft whose backtest meets it."
      >
        <PolicyForm plan_id={plan_id} demand={demand} onClose={() => setOpen(false)} />
      </Dialog>
    </Card>
  );
}

/** A demand in words. */
export function DemandList({ demand }: { demand: BacktestDemand }) {
  const { months, max_increase_percent: most, max_org_increase_percent: each, max_share_over: share } = demand;
  return (
    <ul className="tabular list-disc pl-5 text-ink-2">
      <li>
        a backtest over {months} {months === 1 ? 'month' : 'months'} or more, of everybody
      </li>
      {most === null ? null : <li>revenue up by {most} % at most</li>}
      {each === null ? null : (
        <li>
          {share === null || share === '0' ? 'nobody' : `${share} % at most`} up by more than {each} %
        </li>
      )}
    </ul>
  );
}

const limits = [
  ['max_increase_percent', 'Revenue up by at most, in percent'],
  ['max_org_increase_percent', 'An organization counts as over when it pays more by, in percent'],
  ['max_share_over', 'Organizations that may be over, in percent of all'],
] as const;

interface PolicyFormProps {
  plan_id: string;
  demand: BacktestDemand | null;
  onClose: () => void;
}

function PolicyForm({ plan_id, demand, onClose }: PolicyFormProps) {
  const queries = useQueryClient();
  const [months, setMonths] = useState(String(demand?.months ?? 3));
  const [wanted, setWanted] = useState(() => Object.fromEntries(limits.map(([name]) => [name, demand?.[name] ?? ''])));
  const save = useMutation({
    mutationFn: (keeps: boolean) => {
      const given = Object.fromEntries(Object.entries(wanted).filter(([, limit]) => limit !== ''));
      const require_backtest = keeps ? { ...given, months: Number.parseInt(months, 10) } : null;
      return putPublishPolicy(plan_id, { require_backtest });
    },
    onSuccess: async ({ require_backtest }) => {
      announce(require_backtest ? 'Prices wait for a backtest from now on' : 'Nothing is demanded any more');
      onClose();
      await Promise.all([
        queries.invalidateQueries({ queryKey: ['plans'] }),
        queries.invalidateQueries({ queryKey: ['drafts'] }),
      ]);
    },
  });
  return (
    <form
      noValidate
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(true);
      }}
    >
      {save.error ? <ProblemBox error={save.error} /> : null}
      <TextField
        label="Months that a backtest covers at least"
        inputMode="decimal"
        value={months}
        onChange={(event) => setMonths(event.target.value.replace(/\D/g, ''))}
      />
      {limits.map(([name, label]) => (
        <TextField
          key={name}
          label={label}
          hint="no limit when empty"
          inputMode="decimal"
          value={wanted[name]}
          onChange={(event) => setWanted({ ...wanted, [name]: event.target.value.trim() })}
        />
      ))}
      <DialogActions>
        {demand ? (
          <Button look="danger" busy={save.isPending} onClick={() => save.mutate(false)}>
            Demand nothing
          </Button>
        ) : null}
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={save.isPending} disabled={months === ''}>
          Demand a backtest
        </Button>
      </DialogActions>
    </form>
  );
}
