import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useForm } from 'react-hook-form';
import { runById, startRun } from '../../api/billing.ts';
import type { BillingRun } from '../../api/types.ts';
import { StatusBadge } from '../../ui/badge.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { addMonths, formatPeriod, startOfMonth, today } from '../../ui/dates.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { placeErrors } from '../../ui/form-errors.ts';
import { formatCount } from '../../ui/format.ts';
import { ProgressBar } from '../../ui/progress.tsx';
import { ProblemBox, Skeleton } from '../../ui/state.tsx';
import { OrgPicker } from '../tenancy/org-picker.tsx';

/** Closes and bills a period, and stays to show how far it is. */
export function RunDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const [run_id, setRun] = useState<string | null>(null);
  const close = () => {
    setRun(null);
    onClose();
  };
  return (
    <Dialog
      open={open}
      onClose={close}
      title="Run billing"
      description="Rates the usage of every subscription, closes the period and issues the invoices. The same period again changes nothing."
    >
      {run_id ? (
        <RunProgress run_id={run_id} onClose={close} />
      ) : (
        <RunForm onStarted={(run) => setRun(run.run_id)} onClose={close} />
      )}
    </Dialog>
  );
}

interface Period {
  from: string;
  to: string;
  org_id: string;
}

function RunForm({ onStarted, onClose }: { onStarted: (run: BillingRun) => void; onClose: () => void }) {
  const this_month = startOfMonth(today());
  const { register, handleSubmit, formState, setError, setValue, watch } = useForm<Period>({
    defaultValues: { from: addMonths(this_month, -1), to: this_month, org_id: '' },
  });
  const [placed, setPlaced] = useState(false);
  const start = useMutation({
    mutationFn: (input: Period) =>
      startRun({ from: input.from, to: input.to, ...(input.org_id ? { org_id: input.org_id } : {}) }),
    onSuccess: onStarted,
    onError: (error) => setPlaced(placeErrors(error, ['from', 'to', 'org_id'], setError)),
  });
  return (
    <form noValidate onSubmit={handleSubmit((input) => start.mutate(input))} className="flex flex-col gap-4">
      {start.error && !placed ? <ProblemBox error={start.error} /> : null}
      <div className="grid grid-cols-2 gap-3">
        <TextField
          label="From"
          type="date"
          error={formState.errors.from?.message}
          {...register('from', { required: 'Choose a day.' })}
        />
        <TextField
          label="Until, not included"
          type="date"
          error={formState.errors.to?.message}
          {...register('to', {
            required: 'Choose a day.',
            validate: (to, { from }) => to > from || 'Must be after the start.',
          })}
        />
      </div>
      <OrgPicker
        label="Only for"
        placeholder="Every organization"
        value={watch('org_id')}
        error={formState.errors.org_id?.message}
        onChange={(org_id) => setValue('org_id', org_id)}
      />
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={start.isPending}>
          Run billing
        </Button>
      </DialogActions>
    </form>
  );
}

function RunProgress({ run_id, onClose }: { run_id: string; onClose: () => void }) {
  const queries = useQueryClient();
  const run = useQuery(runById(run_id));
  const ended = run.data !== undefined && !isWorking(run.data);
  useEffect(() => {
    if (!ended) return;
    queries.invalidateQueries({ queryKey: ['invoices'] });
    queries.invalidateQueries({ queryKey: ['runs'], exact: true });
  }, [ended, queries]);
  if (run.error) return <ProblemBox error={run.error} onRetry={run.refetch} />;
  if (!run.data) return <Skeleton className="h-16 w-full" />;
  return (
    <>
      <RunReport run={run.data} />
      <DialogActions>
        <Button onClick={onClose}>Close</Button>
        {ended ? (
          <Link to="/invoices" search={{}} onClick={onClose} className={buttonClass('primary')}>
            See the invoices
          </Link>
        ) : null}
      </DialogActions>
    </>
  );
}

function RunReport({ run }: { run: BillingRun }) {
  const { invoices, already_billed, progress } = run;
  return (
    <div role="status" className="flex flex-col gap-3">
      <p className="flex items-center gap-2">
        <StatusBadge status={run.status} /> <span className="tabular">{formatPeriod(run.from, run.to)}</span>
      </p>
      {isWorking(run) ? (
        <ProgressBar label="Rating and invoicing" done={progress.done} total={progress.total} />
      ) : (
        <p className="text-ink-2">
          {invoices > 0
            ? `${formatCount(invoices)} ${invoices === 1 ? 'invoice' : 'invoices'} issued.`
            : already_billed > 0
              ? 'This period had been billed before, so nothing changed.'
              : 'There was nothing to bill in this period.'}
        </p>
      )}
      {run.errors.length > 0 ? (
        <ul className="max-h-48 list-disc overflow-y-auto rounded-lg bg-bad-soft py-2 pr-3 pl-7">
          {run.errors.map((error) => (
            <li key={`${error.org_id}${error.code}${error.detail}`}>
              <code className="font-mono text-xs text-bad">{error.code}</code> {error.detail}
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

const isWorking = (run: BillingRun) => run.status === 'queued' || run.status === 'running';
