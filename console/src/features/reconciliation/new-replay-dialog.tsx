import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { createReplay, type NewReplay } from '../../api/replays.ts';
import { eventTypes } from '../../api/webhooks.ts';
import { Button } from '../../ui/button.tsx';
import { momentOf } from '../../ui/dates.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { Select } from '../../ui/select.tsx';
import { ProblemBox } from '../../ui/state.tsx';
import { Toggle } from '../../ui/toggle.tsx';
import { OrgPicker } from '../tenancy/org-picker.tsx';
import { Forecast } from './forecast.tsx';

interface Fields {
  type: string;
  from: string;
  to: string;
  aggregate_id: string;
  correlation_id: string;
  org_id: string;
  dead_only: boolean;
  rate: string;
  reason: string;
}

export function NewReplayDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog
      wide
      open={open}
      onClose={onClose}
      title="Replay events"
      description="Stored events go through their reactions once more. What had its effect has no second one, and no webhook goes out twice."
    >
      <NewReplayForm onClose={onClose} />
    </Dialog>
  );
}

/** First what would happen, by a dry run of the same selection; only then can it be started. */
function NewReplayForm({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const types = useQuery(eventTypes).data ?? [];
  const [foreseen, setForeseen] = useState<string | null>(null);
  const form = useForm<Fields>({
    defaultValues: {
      ...{ type: '', from: '', to: '', aggregate_id: '', correlation_id: '', org_id: '' },
      ...{ dead_only: false, rate: '1000', reason: '' },
    },
  });
  const { register, handleSubmit, formState, setValue, watch } = form;
  const fields = watch();
  const dry = useMutation({
    mutationFn: (input: Fields) => createReplay({ ...requestOf(input), dry_run: true }),
    onSuccess: (_, input) => {
      setForeseen(JSON.stringify(requestOf(input).selection));
      void queries.invalidateQueries({ queryKey: ['replays'] });
    },
  });
  const start = useMutation({
    mutationFn: (input: Fields) => createReplay({ ...requestOf(input), dry_run: false }),
    onSuccess: async ({ replay_id }) => {
      await queries.invalidateQueries({ queryKey: ['replays'] });
      onClose();
      await navigate({ to: '/replays/$replay_id', params: { replay_id } });
    },
  });
  const is_foreseen = foreseen === JSON.stringify(requestOf(fields).selection);
  const error = start.error ?? dry.error;
  const { errors } = formState;
  return (
    <form
      noValidate
      onSubmit={handleSubmit((input) => (is_foreseen ? start : dry).mutate(input))}
      className="flex flex-col gap-4"
    >
      {error ? <ProblemBox error={error} /> : null}
      <div className="grid gap-3 sm:grid-cols-2">
        <Select
          label="Type"
          value={fields.type}
          choices={[{ value: '', label: 'Any type' }, ...types.map((type) => ({ value: type, label: type }))]}
          onChange={(type) => setValue('type', type)}
        />
        <OrgPicker label="Organization" value={fields.org_id} onChange={(org_id) => setValue('org_id', org_id)} />
        <TextField label="That happened from" type="datetime-local" {...register('from')} />
        <TextField
          label="Before"
          type="datetime-local"
          error={errors.to?.message}
          {...register('to', { validate: (to, { from }) => !to || !from || to > from || 'Must be after the start.' })}
        />
        <TextField label="About, by its id" autoComplete="off" spellCheck={false} {...register('aggregate_id')} />
        <TextField label="Correlation" autoComplete="off" spellCheck={false} {...register('correlation_id')} />
        <TextField
          label="Events a second, at the most"
          inputMode="numeric"
          autoComplete="off"
          error={errors.rate?.message}
          {...register('rate', {
            validate: (text) => isRate(text) || 'A whole number from 1 to 100,000.',
          })}
        />
        <TextField label="Reason" hint="Kept in the audit log." maxLength={500} {...register('reason')} />
      </div>
      <Toggle label="Only dead events" on={fields.dead_only} onChange={(on) => setValue('dead_only', on)} />
      {is_foreseen && dry.data?.forecast ? <Forecast forecast={dry.data.forecast} /> : null}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        {is_foreseen ? (
          <Button type="submit" look="primary" busy={start.isPending} disabled={dry.data?.forecast?.events === 0}>
            Start the replay
          </Button>
        ) : (
          <Button type="submit" look="primary" busy={dry.isPending}>
            See what would happen
          </Button>
        )}
      </DialogActions>
    </form>
  );
}

const isRate = (text: string): boolean => {
  const rate = Number.parseInt(text, 10);
  return /^\d{1,6}$/.test(text) && rate >= 1 && rate <= 100_000;
};

function requestOf({ type, from, to, aggregate_id, correlation_id, org_id, dead_only, rate, reason }: Fields): NewReplay {
  return {
    selection: {
      ...(type ? { types: [type] } : {}),
      ...(from ? { from: momentOf(from) } : {}),
      ...(to ? { to: momentOf(to) } : {}),
      ...(aggregate_id.trim() ? { aggregate_id: aggregate_id.trim() } : {}),
      ...(correlation_id.trim() ? { correlation_id: correlation_id.trim() } : {}),
      ...(org_id ? { org_id } : {}),
      ...(dead_only ? { dead_only } : {}),
    },
    rate_per_second: Number.parseInt(rate, 10),
    ...(reason.trim() ? { reason: reason.trim() } : {}),
  };
}
