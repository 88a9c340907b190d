import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { createOrganization } from '../../api/orgs.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { placeErrors } from '../../ui/form-errors.ts';
import { ProblemBox } from '../../ui/state.tsx';
import { announce } from '../../ui/toast.tsx';
import { OrgPicker } from './org-picker.tsx';

interface NewOrg {
  legal_name: string;
  org_slug: string;
  billing_email: string;
  default_timezone: string;
  parent_org_id: string;
}

export function NewOrgDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} title="New organization" description="A customer, a partner, or a member of a group.">
      <NewOrgForm onClose={onClose} />
    </Dialog>
  );
}

function NewOrgForm({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { register, handleSubmit, formState, setError, setValue, watch } = useForm<NewOrg>({
    defaultValues: { default_timezone: Intl.DateTimeFormat().resolvedOptions().timeZone, parent_org_id: '' },
  });
  const [placed, setPlaced] = useState(false);
  const create = useMutation({
    mutationFn: ({ parent_org_id, ...input }: NewOrg) => createOrganization(parent_org_id ? { ...input, parent_org_id } : input),
    onSuccess: async (org) => {
      announce(`${org.legal_name} was created`);
      onClose();
      await queries.invalidateQueries({ queryKey: ['orgs'] });
      navigate({ to: '/organizations/$org_id', params: { org_id: org.org_id } });
    },
    onError: (error) =>
      setPlaced(placeErrors(error, ['legal_name', 'org_slug', 'billing_email', 'default_timezone', 'parent_org_id'], setError)),
  });
  const { errors, touchedFields } = formState;
  return (
    <form noValidate onSubmit={handleSubmit((input) => create.mutate(input))} className="flex flex-col gap-4">
      {create.error && !placed ? <ProblemBox error={create.error} /> : null}
      <TextField
        label="Legal name"
        error={errors.legal_name?.message}
        {...register('legal_name', {
          required: 'Enter the name that goes on invoices.',
          onChange: (event) => !touchedFields.org_slug && setValue('org_slug', slugOf(event.target.value)),
        })}
      />
      <TextField
        label="Slug"
        hint="Short and unique; used in files and on the command line."
        error={errors.org_slug?.message}
        {...register('org_slug', {
          required: 'Enter a slug.',
          pattern: { value: /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, message: 'Lower-case letters, digits and hyphens.' },
        })}
      />
      <TextField
        label="Billing email"
        type="email"
        error={errors.billing_email?.message}
        {...register('billing_email', { required: 'Enter where invoices go.' })}
      />
      <TextField
        label="Time zone"
        hint="Days and billing periods begin at midnight there."
        error={errors.default_timezone?.message}
        {...register('default_timezone', { required: 'Enter a time zone, such as Australia/Sydney.' })}
      />
      <OrgPicker
        label="Part of"
        placeholder="Nothing; it stands alone"
        value={watch('parent_org_id')}
        error={errors.parent_org_id?.message}
        onChange={(org_id) => setValue('parent_org_id', org_id)}
      />
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={create.isPending}>
          Create
        </Button>
      </DialogActions>
    </form>
  );
}

function slugOf(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 48);
}
