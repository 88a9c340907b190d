import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useForm } from 'react-hook-form';
import { apiKeys, createApiKey } from '../../api/access.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { SecretOnce } from '../../ui/secret.tsx';
import { ProblemBox } from '../../ui/state.tsx';

const nouns = ['orgs', 'catalog', 'usage', 'billing', 'invoices', 'audit', 'keys', 'events', 'members', 'webhooks'] as const;

interface NewKey {
  name: string;
  scopes: string[];
}

export function NewKeyDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} title="New API key" description="Give it no more than its program needs.">
      <NewKeyForm onClose={onClose} />
    </Dialog>
  );
}

function NewKeyForm({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const { register, handleSubmit, formState } = useForm<NewKey>({ defaultValues: { name: '', scopes: ['usage:write'] } });
  const create = useMutation({
    mutationFn: createApiKey,
    onSuccess: () => queries.invalidateQueries({ queryKey: apiKeys.queryKey }),
  });
  if (create.data)
    return (
      <SecretOnce what="Key" secret={create.data.key} onClose={onClose}>
        This is the only time the key is shown. Keep it where the program reads its secrets.
      </SecretOnce>
    );
  return (
    <form noValidate onSubmit={handleSubmit((input) => create.mutate(input))} className="flex flex-col gap-4">
      {create.error ? <ProblemBox error={create.error} /> : null}
      <TextField
        label="Name"
        placeholder="Meter gateway"
        maxLength={100}
        error={formState.errors.name?.message}
        {...register('name', { required: 'Name the program that will use it.' })}
      />
      <fieldset>
        <legend className="mb-1.5 text-xs font-medium text-ink-2">Scopes</legend>
        <div className="grid grid-cols-[1fr_auto_auto] items-center gap-x-6 gap-y-1.5">
          {nouns.map((noun) => (
            <div key={noun} className="contents">
              <span>{noun}</span>
              {(['read', 'write'] as const).map((verb) => (
                <label key={verb} className="flex items-center gap-1.5 text-ink-2">
                  <input
                    type="checkbox"
                    value={`${noun}:${verb}`}
                    className="size-3.5 accent-(--accent)"
                    {...register('scopes', { validate: (scopes) => scopes.length > 0 || 'Choose at least one.' })}
                  />
                  {verb}
                  <span className="sr-only"> {noun}</span>
                </label>
              ))}
            </div>
          ))}
        </div>
        {formState.errors.scopes ? (
          <p role="alert" className="mt-1 text-xs text-bad">
            {formState.errors.scopes.message}
          </p>
        ) : null}
      </fieldset>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={create.isPending}>
          Create
        </Button>
      </DialogActions>
    </form>
  );
}
