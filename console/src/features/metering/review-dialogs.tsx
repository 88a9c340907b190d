import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useForm } from 'react-hook-form';
import { acceptReview, correctReview, rejectReview } from '../../api/meters.ts';
import type { Review } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { formatMoment } from '../../ui/dates.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { formatDecimal } from '../../ui/format.ts';
import { ProblemBox } from '../../ui/state.tsx';
import { announce, announceProblem } from '../../ui/toast.tsx';

interface ReviewDialogProps {
  review: Review | null;
  onClose: () => void;
}

/** Counts the reading as it is, at once: what it would be stands in the row. */
export function AcceptButton({ review }: { review: Review }) {
  const accept = useDecision(
    'The reading counts',
    () => undefined,
    () => acceptReview(review.review_id),
  );
  return (
    <Button
      size="small"
      aria-label={`Accept ${nameOf(review)}`}
      busy={accept.isPending}
      onClick={() => accept.mutate(undefined, { onError: announceProblem })}
    >
      Accept
    </Button>
  );
}

export function CorrectDialog({ review, onClose }: ReviewDialogProps) {
  return (
    <Dialog
      open={review !== null}
      onClose={onClose}
      title="Correct the reading"
      description="Another value counts in its place, as substituted. A later actual reading takes the place of that."
    >
      {review ? <CorrectForm review={review} onClose={onClose} /> : null}
    </Dialog>
  );
}

export function RejectDialog({ review, onClose }: ReviewDialogProps) {
  return (
    <Dialog
      open={review !== null}
      onClose={onClose}
      title="Reject the reading"
      description="It never counts. It stays on record with the reason."
    >
      {review ? <RejectForm review={review} onClose={onClose} /> : null}
    </Dialog>
  );
}

function CorrectForm({ review, onClose }: { review: Review; onClose: () => void }) {
  const { register, handleSubmit, formState } = useForm({ defaultValues: { value: review.reading.value } });
  const correct = useDecision('Another value counts', onClose, ({ value }: { value: string }) =>
    correctReview(review.review_id, value.trim()),
  );
  return (
    <form noValidate onSubmit={handleSubmit((input) => correct.mutate(input))}>
      {correct.error ? <ProblemBox error={correct.error} className="mb-4" /> : null}
      <p className="tabular mb-3 text-ink-2">
        {review.identifier} showed {formatDecimal(review.reading.value)} {review.unit} at {formatMoment(review.reading.time)}
        {review.before ? `, and ${formatDecimal(review.before.value)} at ${formatMoment(review.before.time)}.` : '.'}
      </p>
      <TextField
        label={`Value that counts, in ${review.unit}`}
        inputMode="decimal"
        autoComplete="off"
        error={formState.errors.value?.message}
        {...register('value', {
          required: 'Enter what counts.',
          pattern: { value: /^\s*-?\d{1,26}(\.\d{1,12})?\s*$/, message: 'A number such as 1234.5.' },
        })}
      />
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={correct.isPending}>
          Correct
        </Button>
      </DialogActions>
    </form>
  );
}

function RejectForm({ review, onClose }: { review: Review; onClose: () => void }) {
  const { register, handleSubmit, formState } = useForm({ defaultValues: { reason: '' } });
  const reject = useDecision('The reading was rejected', onClose, ({ reason }: { reason: string }) =>
    rejectReview(review.review_id, reason),
  );
  return (
    <form noValidate onSubmit={handleSubmit((input) => reject.mutate(input))}>
      {reject.error ? <ProblemBox error={reject.error} className="mb-4" /> : null}
      <TextField
        label="Reason"
        hint="Kept in the audit log."
        maxLength={500}
        error={formState.errors.reason?.message}
        {...register('reason', { required: 'Say why, for whoever reads the log.' })}
      />
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="danger" busy={reject.isPending}>
          Reject the reading
        </Button>
      </DialogActions>
    </form>
  );
}

export function nameOf({ identifier, reading }: Review): string {
  return `${formatDecimal(reading.value)} of ${identifier}`;
}

function useDecision<I>(done: string, onClose: () => void, write: (input: I) => Promise<Review>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: write,
    onSuccess: async ({ reading }) => {
      announce(
        done,
        reading.usage ? `${formatDecimal(reading.usage.quantity)} of ${reading.usage.sku} is usage now.` : undefined,
      );
      onClose();
      await queries.invalidateQueries({ queryKey: ['reviews'] });
      await queries.invalidateQueries({ queryKey: ['readings', reading.meter_id] });
    },
  });
}
