import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { replaceMeter } from '../../api/meters.ts';
import { problemOf } from '../../api/problem.ts';
import type { Meter } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { localNow, momentOf } from '../../ui/dates.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { ProblemBox } from '../../ui/state.tsx';
import { announce } from '../../ui/toast.tsx';

interface Entry {
  at: string;
  serial: string;
  registers: { final: string; initial: string; digits: string; multiplier: string }[];
}

const number = /^\d{1,26}(\.\d{1,12})?$/;

/** Puts another device in the place of a meter's own. */
export function ReplaceDialog({ meter, open, onClose }: { meter: Meter; open: boolean; onClose: () => void }) {
  return (
    <Dialog
      open={open}
      onClose={onClose}
      wide
      title={`Replace the device of ${meter.identifier}`}
      description="Consumption goes on over the change: up to the final read of the old device, from the initial read of the new."
    >
      <ReplaceForm meter={meter} onClose={onClose} />
    </Dialog>
  );
}

function ReplaceForm({ meter, onClose }: { meter: Meter; onClose: () => void }) {
  const queries = useQueryClient();
  const counters = meter.registers.filter((one) => one.kind === 'cumulative');
  const empty = { final: '', initial: '0', digits: '', multiplier: '' };
  const { register, handleSubmit, formState, setError } = useForm<Entry>({
    defaultValues: { at: localNow(), serial: '', registers: counters.map(() => empty) },
  });
  const [placed, setPlaced] = useState(false);
  const replace = useMutation({
    mutationFn: (entry: Entry) =>
      replaceMeter(meter.meter_id, {
        at: momentOf(entry.at),
        serial: entry.serial.trim() || null,
        registers: entry.registers.map(({ final, initial, digits, multiplier }, at) => ({
          register: counters[at]!.register,
          final: final.trim(),
          initial: initial.trim(),
          ...(digits === '' ? {} : { digits: Number.parseInt(digits, 10) }),
          ...(multiplier === '' ? {} : { multiplier: multiplier.trim() }),
        })),
      }),
    onSuccess: async () => {
      announce(`The device of ${meter.identifier} was replaced`);
      onClose();
      await queries.invalidateQueries({ queryKey: ['meters'] });
      await queries.invalidateQueries({ queryKey: ['readings', meter.meter_id] });
    },
    onError: (error) => {
      const items = problemOf(error).errors ?? [];
      const known = items.filter((item) => {
        const [, at, name] = /^\/registers\/(\d+)\/(final|initial|digits|multiplier)$/.exec(item.pointer ?? '') ?? [];
        if (at === undefined || name === undefined) return false;
        setError(`registers.${Number.parseInt(at, 10)}.${name as 'final'}`, {
          message: item.detail ?? 'The server refused this.',
        });
        return true;
      });
      setPlaced(known.length > 0 && known.length === items.length);
    },
  });
  const { errors } = formState;
  const amount = { pattern: { value: number, message: 'A number of zero or more.' } };
  return (
    <form noValidate onSubmit={handleSubmit((entry) => replace.mutate(entry))} className="flex flex-col gap-4">
      {replace.error && !placed ? <ProblemBox error={replace.error} /> : null}
      <div className="grid gap-3 sm:grid-cols-2">
        <TextField
          label="Replaced at"
          type="datetime-local"
          error={errors.at?.message}
          {...register('at', { required: 'Say when.' })}
        />
        <TextField
          label="Serial number of the new device"
          hint="If it has one."
          maxLength={64}
          error={errors.serial?.message}
          {...register('serial')}
        />
      </div>
      {counters.map((counter, at) => (
        <fieldset key={counter.register} className="rounded-lg border border-line p-3">
          <legend className="px-1 text-xs font-medium text-ink-2">
            Register {counter.register}, {counter.unit}
          </legend>
          <div className="grid grid-cols-2 gap-3 sm:grid-cols-4">
            <TextField
              label="Old one showed"
              inputMode="decimal"
              autoComplete="off"
              error={errors.registers?.[at]?.final?.message}
              {...register(`registers.${at}.final`, { required: 'Enter its final read.', ...amount })}
            />
            <TextField
              label="New one shows"
              inputMode="decimal"
              autoComplete="off"
              error={errors.registers?.[at]?.initial?.message}
              {...register(`registers.${at}.initial`, { required: 'Enter its first read.', ...amount })}
            />
            <TextField
              label="Digits"
              inputMode="numeric"
              placeholder={counter.digits === null ? 'as before' : String(counter.digits)}
              error={errors.registers?.[at]?.digits?.message}
              {...register(`registers.${at}.digits`, { pattern: { value: /^([1-9]|1[0-2])$/, message: '1 to 12.' } })}
            />
            <TextField
              label="Multiplier"
              inputMode="decimal"
              placeholder={counter.multiplier}
              error={errors.registers?.[at]?.multiplier?.message}
              {...register(`registers.${at}.multiplier`, amount)}
            />
          </div>
        </fieldset>
      ))}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={replace.isPending}>
          Replace
        </Button>
      </DialogActions>
    </form>
  );
}
