import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { Controller, useForm } from 'react-hook-form';
import { plans } from '../../api/catalog.ts';
import { entitlementsOf, orgById, subscribe } from '../../api/orgs.ts';
import type { Entitlement } from '../../api/types.ts';
import { StatusBadge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { formatDate, formatMoment, startOfMonth, today } from '../../ui/dates.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { Card } from '../../ui/page.tsx';
import { Select } from '../../ui/select.tsx';
import { Empty, ProblemBox, SkeletonRows } from '../../ui/state.tsx';
import { type Column, DataTable } from '../../ui/table.tsx';
import { announce } from '../../ui/toast.tsx';
import { startOfDay } from './zone.ts';

export function OrgSubscriptions({ org_id }: { org_id: string }) {
  const list = useQuery(entitlementsOf(org_id));
  const [adding, setAdding] = useState(false);
  return (
    <Card
      flush
      title="Subscriptions"
      actions={
        <Button size="small" onClick={() => setAdding(true)}>
          <Plus size={12} aria-hidden="true" /> Subscribe to a plan
        </Button>
      }
    >
      {list.error ? (
        <ProblemBox error={list.error} onRetry={list.refetch} className="m-4" />
      ) : list.isPending ? (
        <SkeletonRows rows={2} label="subscriptions" />
      ) : list.data.data.length === 0 ? (
        <Empty title="On no plan">Usage is kept, but nothing is billed until it has a plan.</Empty>
      ) : (
        <DataTable caption="Subscriptions" columns={columns} rows={list.data.data} rowKey={(one) => one.subscription_id} />
      )}
      <Dialog
        open={adding}
        onClose={() => setAdding(false)}
        title="Subscribe to a plan"
        description="From the day you choose, at midnight in the organization’s time zone."
      >
        <SubscribeForm org_id={org_id} onClose={() => setAdding(false)} />
      </Dialog>
    </Card>
  );
}

const columns: readonly Column<Entitlement>[] = [
  {
    id: 'plan',
    header: 'Plan',
    cell: (one) => (
      <Link to="/plans/$plan_id" params={{ plan_id: one.plan_id }} search={{}} className="rounded-sm font-medium hover:underline">
        {one.plan_name}
      </Link>
    ),
  },
  { id: 'from', header: 'From', cell: (one) => <span className="text-ink-2">{formatMoment(one.effective_at)}</span> },
  {
    id: 'until',
    header: 'Until',
    cell: (one) => <span className="text-ink-2">{one.ended_at ? formatDate(one.ended_at) : '–'}</span>,
  },
  {
    id: 'overrides',
    header: 'Overrides',
    cell: (one) => {
      const names = Object.keys(one.overrides ?? {});
      return names.length === 0 ? (
        <span className="text-ink-3">None</span>
      ) : (
        <code className="font-mono text-xs">{names.join(', ')}</code>
      );
    },
  },
  { id: 'status', header: 'Status', align: 'right', cell: (one) => <StatusBadge status={one.ended_at ? 'ended' : 'active'} /> },
];

function SubscribeForm({ org_id, onClose }: { org_id: string; onClose: () => void }) {
  const queries = useQueryClient();
  const known = useQuery(plans).data?.data ?? [];
  const zone = useQuery(orgById(org_id)).data?.default_timezone ?? 'UTC';
  const { register, control, handleSubmit, formState } = useForm({ defaultValues: { plan_id: '', from: startOfMonth(today()) } });
  const add = useMutation({
    mutationFn: (input: { plan_id: string; from: string }) =>
      subscribe(org_id, { plan_id: input.plan_id, effective_at: startOfDay(input.from, zone) }),
    onSuccess: async () => {
      announce('Subscribed');
      onClose();
      await queries.invalidateQueries({ queryKey: entitlementsOf(org_id).queryKey });
    },
  });
  const choices = [{ value: '', label: 'Choose a plan' }, ...known.map((plan) => ({ value: plan.plan_id, label: plan.name }))];
  return (
    <form noValidate onSubmit={handleSubmit((input) => add.mutate(input))} className="flex flex-col gap-4">
      {add.error ? <ProblemBox error={add.error} /> : null}
      <Controller
        control={control}
        name="plan_id"
        rules={{ required: 'Choose a plan.' }}
        render={({ field }) => <Select label="Plan" value={field.value} choices={choices} onChange={field.onChange} />}
      />
      {formState.errors.plan_id ? (
        <p role="alert" className="-mt-3 text-xs text-bad">
          {formState.errors.plan_id.message}
        </p>
      ) : null}
      <TextField
        label="From"
        type="date"
        hint={zone}
        error={formState.errors.from?.message}
        {...register('from', { required: 'Choose a day.' })}
      />
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={add.isPending}>
          Subscribe
        </Button>
      </DialogActions>
    </form>
  );
}
