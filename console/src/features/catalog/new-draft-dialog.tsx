import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { plans } from '../../api/catalog.ts';
import { createDraft } from '../../api/pricing.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { Select } from '../../ui/select.tsx';
import { ProblemBox } from '../../ui/state.tsx';

/** Begins a draft of a plan, and opens it. */
export function NewDraftDialog({ open, onClose, plan_id = '' }: { open: boolean; onClose: () => void; plan_id?: string }) {
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title="Draft a price change"
      description="Nothing changes for anybody until the draft is published."
    >
      <NewDraftForm plan_id={plan_id} onClose={onClose} />
    </Dialog>
  );
}

function NewDraftForm({ plan_id, onClose }: { plan_id: string; onClose: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const sold = useQuery(plans).data?.data ?? [];
  const [plan, setPlan] = useState(plan_id);
  const [name, setName] = useState('');
  const create = useMutation({
    mutationFn: () => createDraft({ name, plan_id: plan }),
    onSuccess: async ({ draft_id }) => {
      await queries.invalidateQueries({ queryKey: ['drafts'] });
      onClose();
      await navigate({ to: '/drafts/$draft_id', params: { draft_id }, search: {} });
    },
  });
  return (
    <form
      noValidate
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate();
      }}
    >
      {create.error ? <ProblemBox error={create.error} /> : null}
      <Select
        label="Plan"
        value={plan}
        choices={[{ value: '', label: 'Choose a plan' }, ...sold.map((one) => ({ value: one.plan_id, label: one.name }))]}
        onChange={setPlan}
      />
      <TextField label="Name" value={name} placeholder="Prices from July" onChange={(event) => setName(event.target.value)} />
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={create.isPending} disabled={plan === '' || name.trim() === ''}>
          Begin the draft
        </Button>
      </DialogActions>
    </form>
  );
}
