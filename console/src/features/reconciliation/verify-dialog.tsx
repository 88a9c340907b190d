import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { startVerification } from '../../api/replays.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { placeErrors } from '../../ui/form-errors.ts';
import { ProblemBox } from '../../ui/state.tsx';
import { OrgPicker } from '../tenancy/org-picker.tsx';

interface Fields {
  from: string;
  to: string;
  org_id: string;
}

export function VerifyDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title="Verify what was issued"
      description="Everything is worked out again from the stored usage and inputs, and compared. Nothing changes."
    >
      <VerifyForm onClose={onClose} />
    </Dialog>
  );
}

function VerifyForm({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [placed, setPlaced] = useState(false);
  const { register, handleSubmit, formState, setError, setValue, watch } = useForm<Fields>({
    defaultValues: { from: '', to: '', org_id: '' },
  });
  const start = useMutation({
    mutationFn: ({ from, to, org_id }: Fields) =>
      startVerification({ ...(from ? { from } : {}), ...(to ? { to } : {}), ...(org_id ? { org_id } : {}) }),
    onSuccess: async ({ verification_id }) => {
      await queries.invalidateQueries({ queryKey: ['verifications'] });
      onClose();
      await navigate({ to: '/verifications/$verification_id', params: { verification_id } });
    },
    onError: (error) => setPlaced(placeErrors(error, ['from', 'to', 'org_id'], setError)),
  });
  const { errors } = formState;
  return (
    <form noValidate onSubmit={handleSubmit((fields) => start.mutate(fields))} className="flex flex-col gap-4">
      {start.error && !placed ? <ProblemBox error={start.error} /> : null}
      <div className="grid grid-cols-2 gap-3">
        <TextField label="From" type="date" error={errors.from?.message} {...register('from')} />
        <TextField
          label="Until, not included"
          type="date"
          error={errors.to?.message}
          {...register('to', { validate: (to, { from }) => !to || !from || to > from || 'Must be after the start.' })}
        />
      </div>
      <p className="-mt-2 text-xs text-ink-3">Periods that have a day between them; all of them without.</p>
      <OrgPicker
        label="Only for"
        placeholder="Every organization"
        value={watch('org_id')}
        error={errors.org_id?.message}
        onChange={(org_id) => setValue('org_id', org_id)}
      />
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={start.isPending}>
          Verify
        </Button>
      </DialogActions>
    </form>
  );
}
