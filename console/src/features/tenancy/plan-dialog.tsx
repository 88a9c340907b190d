import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ArrowRight } from 'lucide-react';
import { useState } from 'react';
import { plans, skus } from '../../api/catalog.ts';
import { type Assignment, assignPlan, entitlementsOf, orgById } from '../../api/orgs.ts';
import type { AssignmentResult, Plan } from '../../api/types.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { startOfMonth, today } from '../../ui/dates.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { formatDecimal } from '../../ui/format.ts';
import { Select } from '../../ui/select.tsx';
import { ProblemBox, Skeleton } from '../../ui/state.tsx';
import { announce } from '../../ui/toast.tsx';
import { PriceRule } from '../catalog/price-rule.tsx';
import { startOfDay } from './zone.ts';

/** Puts an organization on a plan, after showing what that changes. */
export function PlanDialog({ org_id, open, onClose }: { org_id: string; open: boolean; onClose: () => void }) {
  return (
    <Dialog
      wide
      open={open}
      onClose={onClose}
      title="Change the plan"
      description="From the day you choose, at midnight in the organization’s time zone."
    >
      <PlanForm org_id={org_id} onClose={onClose} />
    </Dialog>
  );
}

function PlanForm({ org_id, onClose }: { org_id: string; onClose: () => void }) {
  const queries = useQueryClient();
  const sold = useQuery(plans).data?.data.filter((plan) => plan.status === 'active') ?? [];
  const zone = useQuery(orgById(org_id)).data?.default_timezone;
  const [plan_id, setPlan] = useState('');
  const [from, setFrom] = useState(() => startOfMonth(today()));
  const plan = sold.find((one) => one.plan_id === plan_id);
  const asked = plan && zone && from ? { model_id: plan.model_id, plan_id, effective_at: startOfDay(from, zone) } : null;
  const preview = useQuery({
    queryKey: ['orgs', 'assignment', org_id, asked],
    queryFn: () => assignPlan(org_id, asked!, true),
    enabled: asked !== null,
    staleTime: 0,
  });
  const assign = useMutation({
    mutationFn: (input: Assignment) => assignPlan(org_id, input, false),
    onSuccess: async () => {
      announce(`Now on ${plan?.name ?? 'the plan'}`);
      onClose();
      await queries.invalidateQueries({ queryKey: entitlementsOf(org_id).queryKey });
    },
  });
  const choices = [{ value: '', label: 'Choose a plan' }, ...sold.map((one) => ({ value: one.plan_id, label: one.name }))];
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (asked) assign.mutate(asked);
      }}
    >
      <div className="grid gap-3 sm:grid-cols-[1.5fr_1fr]">
        <Select label="Plan" value={plan_id} choices={choices} onChange={setPlan} />
        <TextField label="From" type="date" hint={zone} value={from} onChange={(event) => setFrom(event.target.value)} />
      </div>
      <div className="mt-4" aria-live="polite">
        {assign.error ? <ProblemBox error={assign.error} className="mb-3" /> : null}
        {preview.error ? (
          <ProblemBox error={preview.error} />
        ) : asked && preview.isPending ? (
          <Skeleton className="h-24 w-full" />
        ) : preview.data && plan ? (
          <Differences result={preview.data} plan={plan} />
        ) : null}
      </div>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={assign.isPending} disabled={!preview.data}>
          Change the plan
        </Button>
      </DialogActions>
    </form>
  );
}

const tones: Record<string, Tone> = { added: 'good', removed: 'bad', changed: 'warn' };

function Differences({ result, plan }: { result: AssignmentResult; plan: Plan }) {
  const known = useQuery(skus).data?.data ?? [];
  const { before, after } = result.base_amount;
  return (
    <>
      <h3 className="mb-1 text-xs font-medium text-ink-3">What changes</h3>
      <ul className="divide-y divide-line border-y border-line">
        <li className="flex flex-wrap items-center gap-2 py-2">
          <span className="font-medium">Base amount</span>
          <span className="tabular ml-auto flex items-center gap-2 text-ink-2">
            {before === null ? 'none' : formatDecimal(before)} <ArrowRight size={12} aria-label="becomes" />
            {after === null ? 'none' : formatDecimal(after)} <span className="text-xs text-ink-3">{plan.currency}</span>
          </span>
        </li>
        {result.differences.map((one) => {
          const unit = known.find((sku) => sku.sku === one.sku)?.unit ?? '';
          return (
            <li key={one.sku} className="py-2">
              <p className="flex items-center gap-2">
                <span className="font-medium">{one.sku}</span> <Badge tone={tones[one.change] ?? 'plain'}>{one.change}</Badge>
              </p>
              <div className="mt-1 grid gap-x-6 gap-y-2 sm:grid-cols-2">
                <Side title="Before" price={one.before} currency={plan.currency} unit={unit} />
                <Side title="After" price={one.after} currency={plan.currency} unit={unit} />
              </div>
            </li>
          );
        })}
      </ul>
      {result.differences.length === 0 ? <p className="mt-2 text-ink-3">No price changes.</p> : null}
    </>
  );
}

interface SideProps {
  title: string;
  price: AssignmentResult['differences'][number]['before'];
  currency: string;
  unit: string;
}

function Side({ title, price, currency, unit }: SideProps) {
  return (
    <div>
      <p className="text-2xs text-ink-3">{title}</p>
      {price ? <PriceRule price={price.price} currency={currency} unit={unit} /> : <p className="text-ink-3">Not priced</p>}
    </div>
  );
}
