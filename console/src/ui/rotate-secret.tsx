import { useMutation } from '@tanstack/react-query';
import { useForm } from 'react-hook-form';
import { Button } from './button.tsx';
import { Dialog, DialogActions } from './dialog.tsx';
import { TextField } from './field.tsx';
import { SecretOnce } from './secret.tsx';
import { ProblemBox } from './state.tsx';

interface RotateProps {
  open: boolean;
  onClose: () => void;
  /** What becomes of the secret before. */
  about: string;
  /** Gives the new secret. */
  rotate: (keep_hours: number) => Promise<string | null>;
  onDone: () => void;
}

/** Gives an endpoint another secret, and shows it once. */
export function RotateSecretDialog({ open, onClose, about, rotate, onDone }: RotateProps) {
  return (
    <Dialog open={open} onClose={onClose} title="Rotate the secret" description={about}>
      <RotateForm rotate={rotate} onDone={onDone} onClose={onClose} />
    </Dialog>
  );
}

function RotateForm({ rotate, onDone, onClose }: Pick<RotateProps, 'rotate' | 'onDone' | 'onClose'>) {
  const { register, handleSubmit, formState } = useForm({ defaultValues: { hours: '24' } });
  const rotating = useMutation({ mutationFn: (hours: string) => rotate(Number.parseInt(hours, 10)), onSuccess: onDone });
  if (rotating.data)
    return (
      <SecretOnce what="Secret" secret={rotating.data} onClose={onClose}>
        This is the only time the new secret is shown.
      </SecretOnce>
    );
  return (
    <form noValidate onSubmit={handleSubmit(({ hours }) => rotating.mutate(hours))}>
      {rotating.error ? <ProblemBox error={rotating.error} className="mb-4" /> : null}
      <TextField
        label="Hours for which the old secret stays good"
        inputMode="numeric"
        autoComplete="off"
        hint="0 where it has become known; 168 at the most."
        error={formState.errors.hours?.message}
        {...register('hours', {
          validate: (text) => (/^\d{1,3}$/.test(text) && Number.parseInt(text, 10) <= 168) || 'A whole number from 0 to 168.',
        })}
      />
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={rotating.isPending}>
          Rotate
        </Button>
      </DialogActions>
    </form>
  );
}
