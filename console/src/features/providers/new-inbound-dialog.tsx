import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { createInboundEndpoint, inboundAddress } from '../../api/inbound.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { placeErrors } from '../../ui/form-errors.ts';
import { CodeBlock } from '../../ui/json.tsx';
import { SecretOnce } from '../../ui/secret.tsx';
import { Select } from '../../ui/select.tsx';
import { ProblemBox } from '../../ui/state.tsx';
import { type InboundKind, inboundKinds } from './kinds.ts';

interface Fields {
  kind: InboundKind;
  name: string;
  reference: string;
  secret: string;
}

export function NewInboundDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} title="New endpoint for webhooks in" description="One for each sender.">
      <NewInboundForm onClose={onClose} />
    </Dialog>
  );
}

function NewInboundForm({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const [placed, setPlaced] = useState(false);
  const { register, handleSubmit, formState, setError, setValue, watch } = useForm<Fields>({
    defaultValues: { kind: 'generic', name: '', reference: '', secret: '' },
  });
  const create = useMutation({
    mutationFn: ({ kind, name, reference, secret }: Fields) =>
      createInboundEndpoint({
        kind,
        name: name.trim(),
        ...(reference.trim() ? { reference: reference.trim() } : {}),
        ...(secret.trim() ? { secret: secret.trim() } : {}),
      }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['inbound'] }),
    onError: (error) => setPlaced(placeErrors(error, ['name', 'reference', 'secret'], setError)),
  });
  const { errors } = formState;
  if (create.data) return <Made answer={create.data} onClose={onClose} />;
  return (
    <form noValidate onSubmit={handleSubmit((fields) => create.mutate(fields))} className="flex flex-col gap-4">
      {create.error && !placed ? <ProblemBox error={create.error} /> : null}
      <Select label="Kind" value={watch('kind')} choices={inboundKinds} onChange={(kind) => setValue('kind', kind)} />
      <TextField
        label="Name"
        placeholder="Card payments"
        maxLength={200}
        error={errors.name?.message}
        {...register('name', { required: 'Name whoever sends.' })}
      />
      <TextField
        label="Reference, if you like"
        hint="What it belongs to, as its owner calls it."
        maxLength={200}
        error={errors.reference?.message}
        {...register('reference')}
      />
      <TextField
        label="Secret of the sender, if it has one"
        hint="Without one, a secret is made and shown once."
        autoComplete="off"
        maxLength={256}
        error={errors.secret?.message}
        {...register('secret')}
      />
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={create.isPending}>
          Make the endpoint
        </Button>
      </DialogActions>
    </form>
  );
}

function Made({ answer, onClose }: { answer: Awaited<ReturnType<typeof createInboundEndpoint>>; onClose: () => void }) {
  const address = <CodeBlock label="Address" text={inboundAddress(answer.endpoint_id)} className="mt-2" />;
  if (answer.secret === null)
    return (
      <div role="status">
        <p>The endpoint was made. Messages go to:</p>
        {address}
        <DialogActions>
          <Button look="primary" onClick={onClose}>
            Done
          </Button>
        </DialogActions>
      </div>
    );
  return (
    <SecretOnce what="Secret" secret={answer.secret} onClose={onClose}>
      <p>The endpoint was made. Messages go to:</p>
      {address}
      <p className="mt-3">They are signed with this secret, which is shown this once:</p>
    </SecretOnce>
  );
}
