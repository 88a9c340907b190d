import { useMutation, useQueryClient } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { changeBillingSettings } from '../../api/scheduler.ts';
import type { BillingSettings } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { placeErrors } from '../../ui/form-errors.ts';
import { ProblemBox } from '../../ui/state.tsx';
import { announce } from '../../ui/toast.tsx';
import { Toggle } from '../../ui/toggle.tsx';
import { durationOf, graceOf } from './grace.ts';

interface Props {
  settings: BillingSettings;
  open: boolean;
  onClose: () => void;
}

export function SettingsDialog({ settings, open, onClose }: Props) {
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title="Automatic billing"
      description="Closes every subscription’s cycle after it ended, rates it and issues its invoice."
    >
      <SettingsForm settings={settings} onClose={onClose} />
    </Dialog>
  );
}

interface Fields {
  automatic: boolean;
  hours: string;
  minutes: string;
  from: string;
}

function SettingsForm({ settings, onClose }: { settings: BillingSettings; onClose: () => void }) {
  const queries = useQueryClient();
  const [placed, setPlaced] = useState(false);
  const grace = graceOf(settings.grace);
  const { register, handleSubmit, formState, setError, setValue, watch } = useForm<Fields>({
    // Whoever opens it while it is off came to switch it on.
    defaultValues: { automatic: true, hours: `${grace.hours}`, minutes: `${grace.minutes}`, from: settings.from ?? '' },
  });
  const save = useMutation({
    mutationFn: ({ automatic, hours, minutes, from }: Fields) =>
      changeBillingSettings({
        automatic,
        grace: durationOf({ hours: Number.parseInt(hours, 10), minutes: Number.parseInt(minutes, 10) }),
        ...(from ? { from } : {}),
      }),
    onSuccess: async ({ automatic }) => {
      announce(automatic ? 'Cycles are billed by themselves' : 'Automatic billing is off');
      onClose();
      await queries.invalidateQueries({ queryKey: ['cycles'] });
    },
    onError: (error) => setPlaced(placeErrors(error, ['from'], setError)),
  });
  const { automatic, from } = watch();
  const switches_on = automatic && !settings.automatic;
  const { errors } = formState;
  return (
    <form noValidate onSubmit={handleSubmit((fields) => save.mutate(fields))} className="flex flex-col gap-4">
      {save.error && !placed ? <ProblemBox error={save.error} /> : null}
      <Toggle label="Bill cycles by themselves" on={automatic} onChange={(on) => setValue('automatic', on)} />
      {automatic ? (
        <>
          <fieldset>
            <legend className="mb-1.5 text-xs font-medium text-ink-2">Grace: how long after its end a cycle is closed</legend>
            <div className="grid grid-cols-2 gap-3">
              <TextField
                label="Hours"
                inputMode="numeric"
                autoComplete="off"
                error={errors.hours?.message}
                {...register('hours', { validate: (text) => isUpTo(text, 336) || 'A whole number up to 336.' })}
              />
              <TextField
                label="Minutes"
                inputMode="numeric"
                autoComplete="off"
                error={errors.minutes?.message}
                {...register('minutes', { validate: (text) => isUpTo(text, 59) || 'A whole number up to 59.' })}
              />
            </div>
            <p className="mt-1 text-xs text-ink-3">Usage that comes later is billed with the next cycle.</p>
          </fieldset>
          <TextField
            label="Nothing before, if you like"
            type="date"
            hint="Without a date, the cycle in which it is switched on is the first."
            error={errors.from?.message}
            {...register('from')}
          />
        </>
      ) : null}
      {switches_on ? (
        <div role="alert" className="flex items-start gap-3 rounded-lg bg-warn-soft px-4 py-3">
          <TriangleAlert size={16} className="mt-0.5 shrink-0 text-warn" aria-hidden="true" />
          <div>
            <p className="font-medium text-warn">Invoices will be issued without anybody looking at them first.</p>
            <p className="mt-0.5">
              Every organization with a subscription is billed as its cycles end.{' '}
              {from
                ? 'Cycles since the date above that ended and were not billed are closed and invoiced at once.'
                : 'The first is the cycle that is open now; earlier ones stay to be billed by hand.'}{' '}
              It can be switched off again at any time; what was issued stays issued.
            </p>
          </div>
        </div>
      ) : null}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={save.isPending}>
          {switches_on ? 'Switch on' : 'Save'}
        </Button>
      </DialogActions>
    </form>
  );
}

const isUpTo = (text: string, most: number): boolean => /^\d{1,3}$/.test(text) && Number.parseInt(text, 10) <= most;
