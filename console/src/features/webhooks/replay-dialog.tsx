import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useForm } from 'react-hook-form';
import { eventTypes, type ReplayCriteria, replayDeliveries, webhookReplay } from '../../api/webhooks.ts';
import { StatusBadge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { momentOf } from '../../ui/dates.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { placeErrors } from '../../ui/form-errors.ts';
import { formatCount } from '../../ui/format.ts';
import { Select } from '../../ui/select.tsx';
import { ProblemBox, Skeleton } from '../../ui/state.tsx';

const statuses = [
  { value: 'undelivered', label: 'What was not delivered' },
  { value: 'failed', label: 'What failed' },
  { value: 'cancelled', label: 'What was cancelled' },
  { value: 'delivered', label: 'What was delivered' },
  { value: 'any', label: 'Everything' },
] as const;

interface Fields {
  from: string;
  to: string;
  type: string;
  status: NonNullable<ReplayCriteria['status']>;
}

interface ReplayDialogProps {
  webhook_id: string;
  open: boolean;
  onClose: () => void;
  /** What is chosen at first. */
  status?: Fields['status'];
}

/** Delivers a range of events again, or all that failed, and stays to say how many. */
export function ReplayDialog({ webhook_id, open, onClose, status = 'undelivered' }: ReplayDialogProps) {
  const [replay_id, setReplay] = useState<string | null>(null);
  const close = () => {
    setReplay(null);
    onClose();
  };
  return (
    <Dialog
      open={open}
      onClose={close}
      title="Replay deliveries"
      description="The events are sent again, each under the id that it had, so that a receiver that looks at ids takes each once."
    >
      {replay_id ? (
        <Progress webhook_id={webhook_id} replay_id={replay_id} onClose={close} />
      ) : (
        <ReplayForm webhook_id={webhook_id} status={status} onStarted={setReplay} onClose={close} />
      )}
    </Dialog>
  );
}

interface ReplayFormProps {
  webhook_id: string;
  status: Fields['status'];
  onStarted: (replay_id: string) => void;
  onClose: () => void;
}

function ReplayForm({ webhook_id, status: first, onStarted, onClose }: ReplayFormProps) {
  const types = useQuery(eventTypes).data ?? [];
  const [placed, setPlaced] = useState(false);
  const { register, handleSubmit, formState, setError, setValue, watch } = useForm<Fields>({
    defaultValues: { from: '', to: '', type: '', status: first },
  });
  const start = useMutation({
    mutationFn: ({ from, to, type, status }: Fields) =>
      replayDeliveries(webhook_id, {
        status,
        ...(from ? { from: momentOf(from) } : {}),
        ...(to ? { to: momentOf(to) } : {}),
        ...(type ? { types: [type] } : {}),
      }),
    onSuccess: (replay) => onStarted(replay.replay_id),
    onError: (error) => setPlaced(placeErrors(error, ['from', 'to'], setError)),
  });
  return (
    <form noValidate onSubmit={handleSubmit((fields) => start.mutate(fields))} className="flex flex-col gap-4">
      {start.error && !placed ? <ProblemBox error={start.error} /> : null}
      <Select label="Which" value={watch('status')} choices={statuses} onChange={(status) => setValue('status', status)} />
      <Select
        label="Events"
        value={watch('type')}
        choices={[{ value: '', label: 'Of any type' }, ...types.map((type) => ({ value: type, label: type }))]}
        onChange={(type) => setValue('type', type)}
      />
      <div className="grid gap-3 sm:grid-cols-2">
        <TextField
          label="That happened from"
          type="datetime-local"
          error={formState.errors.from?.message}
          {...register('from')}
        />
        <TextField
          label="Before"
          type="datetime-local"
          error={formState.errors.to?.message}
          {...register('to', { validate: (to, { from }) => !to || !from || to > from || 'Must be after the start.' })}
        />
      </div>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={start.isPending}>
          Replay
        </Button>
      </DialogActions>
    </form>
  );
}

function Progress({ webhook_id, replay_id, onClose }: { webhook_id: string; replay_id: string; onClose: () => void }) {
  const queries = useQueryClient();
  const replay = useQuery(webhookReplay(webhook_id, replay_id));
  const ended = replay.data?.status === 'completed';
  useEffect(() => {
    if (!ended) return;
    void queries.invalidateQueries({
      queryKey: ['webhooks', 'one', webhook_id],
      predicate: ({ queryKey }) => queryKey[3] !== 'replays',
    });
    void queries.invalidateQueries({ queryKey: ['webhooks', 'pages'] });
  }, [ended, queries, webhook_id]);
  if (replay.error) return <ProblemBox error={replay.error} onRetry={replay.refetch} />;
  if (!replay.data) return <Skeleton className="h-12 w-full" />;
  const { deliveries } = replay.data;
  return (
    <div role="status">
      <p className="flex items-center gap-2">
        <StatusBadge status={replay.data.status} />
        {deliveries === 0 && ended
          ? 'Nothing matched, so nothing is sent.'
          : `${formatCount(deliveries)} ${deliveries === 1 ? 'delivery was' : 'deliveries were'} made${ended ? '.' : ' so far.'}`}
      </p>
      <DialogActions>
        <Button look="primary" onClick={onClose}>
          Close
        </Button>
      </DialogActions>
    </div>
  );
}
