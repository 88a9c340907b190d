import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import type { Webhook, WebhookWithSecret } from '../../api/types.ts';
import { changeWebhook, createWebhook, type NewWebhook } from '../../api/webhooks.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { placeErrors } from '../../ui/form-errors.ts';
import { SecretOnce } from '../../ui/secret.tsx';
import { Select } from '../../ui/select.tsx';
import { ProblemBox } from '../../ui/state.tsx';
import { announce } from '../../ui/toast.tsx';
import { sessionQuery } from '../session/session.ts';
import { OrgPicker } from '../tenancy/org-picker.tsx';
import { TypePicker } from './type-picker.tsx';

export const scheduleNames: Record<Webhook['schedule'], string> = {
  standard: 'At once, then after 5 min, 30 min and 2 h',
  extended: 'Ten times in three days',
};
const scheduleChoices = (['standard', 'extended'] as const).map((value) => ({ value, label: scheduleNames[value] }));

export function NewWebhookDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog
      wide
      open={open}
      onClose={onClose}
      title="New endpoint"
      description="Events are sent to it as they happen, signed as Standard Webhooks has it."
    >
      <NewWebhookForm onClose={onClose} />
    </Dialog>
  );
}

function NewWebhookForm({ onClose }: { onClose: () => void }) {
  const [made, setMade] = useState<WebhookWithSecret | null>(null);
  const organization = useQuery(sessionQuery).data?.organization;
  if (made)
    return (
      <SecretOnce what="Secret" secret={made.secret} onClose={onClose}>
        The endpoint was made. This is the only time its secret is shown: whoever receives at {made.url} needs it to check the
        signatures.
      </SecretOnce>
    );
  // People of an organization make endpoints of it; staff may make one for everybody.
  const own = organization?.is_own ? '' : (organization?.org_id ?? '');
  return (
    <WebhookForm
      given={{ url: '', description: '', event_types: ['*'], schedule: 'standard', org_id: own }}
      org="choose"
      needs_org={own !== ''}
      action="Make the endpoint"
      send={async ({ org_id, description, ...rest }) =>
        setMade(
          await createWebhook({
            ...rest,
            ...(org_id ? { org_id } : {}),
            ...(description.trim() ? { description: description.trim() } : {}),
          }),
        )
      }
      onClose={onClose}
    />
  );
}

interface EditProps {
  webhook: Webhook;
  open: boolean;
  onClose: () => void;
}

export function EditWebhookDialog({ webhook, open, onClose }: EditProps) {
  return (
    <Dialog wide open={open} onClose={onClose} title="Change the endpoint" description="What waits is sent as it is from now on.">
      <WebhookForm
        given={{
          url: webhook.url,
          description: webhook.description ?? '',
          event_types: webhook.event_types,
          schedule: webhook.schedule,
          org_id: '',
        }}
        org="fixed"
        needs_org={false}
        action="Save"
        send={async ({ url, description, event_types, schedule }) => {
          const { version, webhook_id } = webhook;
          await changeWebhook(webhook_id, { url, event_types, schedule, version, description: description.trim() || null });
          announce('The endpoint was changed');
          onClose();
        }}
        onClose={onClose}
      />
    </Dialog>
  );
}

interface Fields extends Required<Pick<NewWebhook, 'url' | 'event_types' | 'schedule'>> {
  description: string;
  org_id: string;
}

interface WebhookFormProps {
  given: Fields;
  /** Whose events it has is chosen once. */
  org: 'choose' | 'fixed';
  needs_org: boolean;
  action: string;
  send: (fields: Fields) => Promise<void>;
  onClose: () => void;
}

function WebhookForm({ given, org, needs_org, action, send, onClose }: WebhookFormProps) {
  const queries = useQueryClient();
  const { register, handleSubmit, formState, setError, setValue, watch } = useForm<Fields>({ defaultValues: given });
  const [placed, setPlaced] = useState(false);
  const save = useMutation({
    mutationFn: send,
    onSuccess: () => queries.invalidateQueries({ queryKey: ['webhooks'] }),
    onError: (error) => setPlaced(placeErrors(error, ['url', 'description', 'org_id', 'event_types'], setError)),
  });
  const submit = handleSubmit((fields) => {
    if (fields.event_types.length === 0) return setError('event_types', { message: 'Choose at least one.' });
    if (needs_org && fields.org_id === '') return setError('org_id', { message: 'Choose whose events it has.' });
    save.mutate(fields);
  });
  const { errors } = formState;
  return (
    <form noValidate onSubmit={submit} className="flex flex-col gap-4">
      {save.error && !placed ? <ProblemBox error={save.error} /> : null}
      <TextField
        label="URL"
        type="url"
        inputMode="url"
        autoComplete="off"
        placeholder="https://example.com/webhooks"
        maxLength={2000}
        error={errors.url?.message}
        {...register('url', { required: 'Where events are sent to.' })}
      />
      <TextField
        label="Description, if you like"
        maxLength={500}
        error={errors.description?.message}
        {...register('description')}
      />
      {org === 'choose' ? (
        <OrgPicker
          label="Of"
          placeholder="Every organization"
          hint="Only events of this organization and of those below it."
          value={watch('org_id')}
          error={errors.org_id?.message}
          onChange={(org_id) => setValue('org_id', org_id)}
        />
      ) : null}
      <Select
        label="Tried"
        value={watch('schedule')}
        choices={scheduleChoices}
        onChange={(schedule) => setValue('schedule', schedule)}
      />
      <TypePicker
        value={watch('event_types')}
        onChange={(types) => setValue('event_types', types)}
        error={errors.event_types?.message}
      />
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={save.isPending}>
          {action}
        </Button>
      </DialogActions>
    </form>
  );
}
