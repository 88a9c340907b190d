import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Camera, CircleAlert, CircleCheck, X } from 'lucide-react';
import { useEffect, useId, useState } from 'react';
import { useForm } from 'react-hook-form';
import { enterReading, lastReading } from '../../api/meters.ts';
import type { Meter, Reading, RecordedReading, Register } from '../../api/types.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { formatMoment, localNow, momentOf } from '../../ui/dates.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { placeErrors } from '../../ui/form-errors.ts';
import { formatBytes, formatDecimal } from '../../ui/format.ts';
import { Select } from '../../ui/select.tsx';
import { ProblemBox } from '../../ui/state.tsx';
import { announce } from '../../ui/toast.tsx';
import { plausibility } from './plausible.ts';
import { QualityBadge } from './quality.tsx';

interface ReadDialogProps {
  meter: Meter;
  register: Register;
  open: boolean;
  onClose: () => void;
}

const qualities = [
  { value: 'actual', label: 'Read off the device' },
  { value: 'customer', label: 'Told by the customer' },
  { value: 'estimated', label: 'Estimated' },
  { value: 'substituted', label: 'Put in place of a wrong one' },
] as const;

interface Entry {
  time: string;
  value: string;
}

/** Enters one reading by hand, with a photo of the device if there is one. */
export function ReadDialog({ meter, register, open, onClose }: ReadDialogProps) {
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={`Enter a reading of ${meter.identifier}`}
      description={meter.registers.length > 1 ? `Register ${register.register}, in ${register.unit}.` : undefined}
    >
      <ReadForm meter={meter} register={register} onClose={onClose} />
    </Dialog>
  );
}

function ReadForm({ meter, register, onClose }: Omit<ReadDialogProps, 'open'>) {
  const queries = useQueryClient();
  const last = useQuery(lastReading(meter.meter_id, register.register)).data;
  const form = useForm<Entry>({ defaultValues: { time: localNow(), value: '' } });
  const [quality, setQuality] = useState<Reading['quality']>('actual');
  const [photo, setPhoto] = useState<File | null>(null);
  const [placed, setPlaced] = useState(false);
  const enter = useMutation({
    mutationFn: ({ time, value }: Entry) => {
      const { meter_id } = meter;
      return enterReading({ meter_id, register: register.register, time: momentOf(time), value: value.trim(), quality }, photo);
    },
    onSuccess: async (recorded) => {
      announce(...outcomeText(recorded));
      onClose();
      await queries.invalidateQueries({ queryKey: ['readings', meter.meter_id] });
      await queries.invalidateQueries({ queryKey: ['reviews'] });
    },
    onError: (error) => setPlaced(placeErrors(error, ['time', 'value'], form.setError)),
  });
  const { errors } = form.formState;
  const [time, value] = form.watch(['time', 'value']);
  const said = last === undefined ? null : plausibility(register, value.trim(), time && momentOf(time), last);
  return (
    <form noValidate onSubmit={form.handleSubmit((entry) => enter.mutate(entry))} className="flex flex-col gap-4">
      {enter.error && !placed ? <ProblemBox error={enter.error} /> : null}
      <LastRead register={register} last={last} />
      <div className="grid gap-3 sm:grid-cols-2">
        <TextField
          label={register.kind === 'interval' ? `Used, in ${register.unit}` : `Shows, in ${register.unit}`}
          inputMode="decimal"
          autoComplete="off"
          error={errors.value?.message}
          {...form.register('value', {
            required: 'Enter what the device shows.',
            pattern: { value: /^\s*-?\d{1,26}(\.\d{1,12})?\s*$/, message: 'A number such as 1234.5.' },
          })}
        />
        <TextField
          label={register.kind === 'interval' ? 'Interval begins' : 'Read at'}
          type="datetime-local"
          error={errors.time?.message}
          {...form.register('time', { required: 'Say when it was read.' })}
        />
      </div>
      <Select label="How it came about" value={quality} choices={qualities} onChange={setQuality} />
      <PhotoField photo={photo} onPhoto={setPhoto} />
      {said ? (
        <p role="status" className={cx('flex items-start gap-2 text-sm', said.doubtful ? 'text-warn' : 'text-ink-2')}>
          {said.doubtful ? (
            <CircleAlert size={15} className="mt-0.5 shrink-0" aria-hidden="true" />
          ) : (
            <CircleCheck size={15} className="mt-0.5 shrink-0 text-good" aria-hidden="true" />
          )}
          {said.text}
        </p>
      ) : null}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={enter.isPending}>
          {said?.doubtful ? 'Save all the same' : 'Save'}
        </Button>
      </DialogActions>
    </form>
  );
}

function LastRead({ register, last }: { register: Register; last: Reading | null | undefined }) {
  if (!last) return null;
  return (
    <p className="tabular flex flex-wrap items-center gap-x-2 rounded-lg bg-sunken px-3 py-2">
      <span className="text-ink-3">Last</span>
      <span className="font-medium">
        {formatDecimal(last.value)} {register.unit}
      </span>
      <span className="text-ink-3">{formatMoment(last.time)}</span>
      <QualityBadge quality={last.quality} />
    </p>
  );
}

/** Opens the camera where there is one, and a file chooser elsewhere. */
function PhotoField({ photo, onPhoto }: { photo: File | null; onPhoto: (photo: File | null) => void }) {
  const id = useId();
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    if (photo === null) return setAddress(null);
    const made = URL.createObjectURL(photo);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [photo]);
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-xs font-medium text-ink-2">
        Photo of the device
      </label>
      <input
        id={id}
        type="file"
        accept="image/jpeg,image/png,image/webp"
        capture="environment"
        className="peer sr-only"
        onChange={(event) => {
          onPhoto(event.target.files?.[0] ?? null);
          event.target.value = '';
        }}
      />
      {photo && address ? (
        <div className="flex items-center gap-3 rounded-lg border border-line py-1.5 pr-2 pl-1.5">
          <img src={address} alt="What was chosen" className="size-12 rounded object-cover" />
          <span className="min-w-0 flex-1">
            <span className="block truncate">{photo.name}</span>
            <span className="tabular block text-xs text-ink-3">{formatBytes(photo.size)}</span>
          </span>
          <IconButton label="Remove the photo" onClick={() => onPhoto(null)}>
            <X size={14} aria-hidden="true" />
          </IconButton>
        </div>
      ) : (
        <label
          htmlFor={id}
          aria-hidden="true"
          className="flex h-12 cursor-pointer items-center justify-center gap-2 rounded-lg border border-dashed border-line-strong bg-canvas text-ink-2 peer-focus-visible:outline-2 peer-focus-visible:outline-accent hover:bg-sunken"
        >
          <Camera size={16} aria-hidden="true" /> Take or choose a photo
        </label>
      )}
    </div>
  );
}

function outcomeText(recorded: RecordedReading): [title: string, description?: string] {
  switch (recorded.outcome) {
    case 'held':
      return ['The reading waits for review', recorded.reasons.map((reason) => reason.detail).join('; ')];
    case 'unchanged':
      return ['Nothing changed', 'The same reading was there already.'];
    case 'not_applied':
      return ['The reading was not taken', `A better one of this time is there: ${recorded.value}.`];
    case 'replaced':
      return ['The reading took the place of another', usageText(recorded)];
    default:
      return ['The reading was saved', usageText(recorded)];
  }
}

function usageText({ usage }: RecordedReading): string | undefined {
  return usage ? `${formatDecimal(usage.quantity)} of ${usage.sku} since ${formatMoment(usage.time)}.` : undefined;
}
