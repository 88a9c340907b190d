import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useForm } from 'react-hook-form';
import { markPaid, voidInvoice } from '../../api/billing.ts';
import type { Invoice } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { formatAmount } from '../../ui/format.ts';
import { ProblemBox } from '../../ui/state.tsx';
import { announce } from '../../ui/toast.tsx';

interface InvoiceDialogProps {
  invoice: Invoice;
  open: boolean;
  onClose: () => void;
}

export function PayDialog({ invoice, open, onClose }: InvoiceDialogProps) {
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={`Mark ${invoice.number} as paid`}
      description={`Records that ${invoice.org_name} paid ${formatAmount(invoice.balance)}. This cannot be undone.`}
    >
      <PayForm invoice={invoice} onClose={onClose} />
    </Dialog>
  );
}

export function VoidDialog({ invoice, open, onClose }: InvoiceDialogProps) {
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={`Void ${invoice.number}`}
      description={`${formatAmount(invoice.total)} will no longer be owed. The invoice keeps its number and cannot be reopened.`}
    >
      <VoidForm invoice={invoice} onClose={onClose} />
    </Dialog>
  );
}

function PayForm({ invoice, onClose }: Omit<InvoiceDialogProps, 'open'>) {
  const { register, handleSubmit } = useForm<{ reference: string }>();
  const pay = useInvoiceWrite(`${invoice.number} is paid`, onClose, (input: { reference: string }) =>
    markPaid(invoice.invoice_id, input.reference ? { reference: input.reference } : {}),
  );
  return (
    <form noValidate onSubmit={handleSubmit((input) => pay.mutate(input))}>
      {pay.error ? <ProblemBox error={pay.error} className="mb-4" /> : null}
      <TextField label="Reference, if there is one" placeholder="Bank transfer 4711" maxLength={200} {...register('reference')} />
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={pay.isPending}>
          Mark as paid
        </Button>
      </DialogActions>
    </form>
  );
}

function VoidForm({ invoice, onClose }: Omit<InvoiceDialogProps, 'open'>) {
  const { register, handleSubmit, formState } = useForm<{ reason: string }>();
  const cancel = useInvoiceWrite(`${invoice.number} is void`, onClose, (input: { reason: string }) =>
    voidInvoice(invoice.invoice_id, input),
  );
  return (
    <form noValidate onSubmit={handleSubmit((input) => cancel.mutate(input))}>
      {cancel.error ? <ProblemBox error={cancel.error} className="mb-4" /> : null}
      <TextField
        label="Reason"
        hint="Kept in the audit log."
        maxLength={500}
        error={formState.errors.reason?.message}
        {...register('reason', { required: 'Say why, for whoever reads the log.' })}
      />
      <DialogActions>
        <Button onClick={onClose}>Keep the invoice</Button>
        <Button type="submit" look="danger" busy={cancel.isPending}>
          Void the invoice
        </Button>
      </DialogActions>
    </form>
  );
}

/** Writes, says so, closes, and asks for what it changed. */
export function useInvoiceWrite<I>(done: string, onClose: () => void, write: (input: I) => Promise<unknown>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: write,
    onSuccess: async () => {
      announce(done);
      onClose();
      await queries.invalidateQueries({ queryKey: ['invoices'] });
    },
  });
}
