import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { Dialog, DialogActions } from './dialog.tsx';
import { ProblemBox } from './state.tsx';

interface ConfirmProps<T> {
  open: boolean;
  onClose: () => void;
  title: string;
  /** What it does, and what it does not. */
  description: ReactNode;
  /** What the button that does it says. */
  action: string;
  look?: 'primary' | 'danger';
  run: () => Promise<T>;
  /** After it went well; the dialog closes by itself. */
  onDone: (answer: T) => void;
}

/** Asks before something is done, and stays where it is refused. */
export function ConfirmDialog<T>({ open, onClose, title, description, action, look = 'primary', run, onDone }: ConfirmProps<T>) {
  const doing = useMutation({
    mutationFn: run,
    onSuccess: (answer) => {
      onDone(answer);
      onClose();
    },
  });
  const close = () => {
    doing.reset();
    onClose();
  };
  return (
    <Dialog open={open} onClose={close} title={title} description={description}>
      {doing.error ? <ProblemBox error={doing.error} /> : null}
      <DialogActions>
        <Button onClick={close}>Cancel</Button>
        <Button look={look} busy={doing.isPending} onClick={() => doing.mutate()}>
          {action}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
