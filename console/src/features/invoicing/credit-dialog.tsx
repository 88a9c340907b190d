import { type UseFormReturn, useForm } from 'react-hook-form';
import { issueCreditNote } from '../../api/billing.ts';
import { problemOf } from '../../api/problem.ts';
import type { Invoice, InvoiceLine } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { sumDecimals } from '../../ui/decimal.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { formatAmount, formatDecimal } from '../../ui/format.ts';
import { ProblemBox } from '../../ui/state.tsx';
import { useInvoiceWrite } from './invoice-dialogs.tsx';
import { leftOf } from './totals.ts';

interface CreditDialogProps {
  invoice: Invoice;
  open: boolean;
  onClose: () => void;
}

export function CreditDialog({ invoice, open, onClose }: CreditDialogProps) {
  const after =
    invoice.status === 'paid'
      ? `${invoice.org_name} has paid: what you credit is owed back.`
      : `${formatAmount(invoice.balance)} is still to be paid; what you credit is taken off it.`;
  return (
    <Dialog wide open={open} onClose={onClose} title={`Credit ${invoice.number}`} description={`${after} This cannot be undone.`}>
      <CreditForm invoice={invoice} onClose={onClose} />
    </Dialog>
  );
}

interface Credit {
  reason: string;
  /** Of each creditable line, in its place; empty credits nothing of it. */
  amounts: string[];
}

function CreditForm({ invoice, onClose }: Omit<CreditDialogProps, 'open'>) {
  const lines = invoice.lines.flatMap((line) => {
    const left = leftOf(line);
    return left === null ? [] : [{ line, left }];
  });
  const form = useForm<Credit>({ defaultValues: { reason: '', amounts: lines.map(() => '') } });
  const { register, handleSubmit, formState, setValue, watch } = form;
  const { currency } = invoice;
  const credit = useInvoiceWrite(`${invoice.number} was credited`, onClose, ({ reason, amounts }: Credit) =>
    issueCreditNote(invoice.invoice_id, {
      reason,
      lines: named(lines, amounts).map(({ line, amount }) => ({ line_id: line.line_id, amount: { amount, currency } })),
    }),
  );
  const amounts = watch('amounts');
  const submit = (input: Credit) => {
    if (named(lines, input.amounts).length === 0) form.setError('amounts.0', { message: 'Enter what to credit of a line.' });
    else credit.mutate(input, { onError: (error) => place(error, named(lines, input.amounts), form) });
  };
  return (
    <form noValidate onSubmit={handleSubmit(submit)} className="flex flex-col gap-4">
      {credit.error && !formState.errors.amounts ? <ProblemBox error={credit.error} /> : null}
      <div className="flex flex-col divide-y divide-line rounded-lg border border-line">
        {lines.map(({ line, left }, index) => (
          <div key={line.line_id} className="grid grid-cols-[minmax(0,1fr)_9rem] items-start gap-4 px-3 py-2.5">
            <div className="min-w-0 pt-1 text-sm">
              <p className="font-medium">{line.description}</p>
              <p className="tabular text-xs text-ink-3">
                {formatDecimal(left)} {currency} can be credited
              </p>
            </div>
            <TextField
              quiet
              label={`Credit of ${line.description}`}
              inputMode="decimal"
              placeholder="0"
              error={formState.errors.amounts?.[index]?.message}
              {...register(`amounts.${index}`, {
                setValueAs: (text: string) => text.trim(),
                validate: (text) => text === '' || /^-?\d+(\.\d+)?$/.test(text) || 'Digits and a point, such as 12.50.',
              })}
            />
          </div>
        ))}
        <div className="flex items-center justify-between gap-4 px-3 py-2 text-sm">
          <Button
            size="small"
            onClick={() =>
              setValue(
                'amounts',
                lines.map(({ left }) => left),
              )
            }
          >
            Credit everything
          </Button>
          <p aria-live="polite">
            Together <span className="tabular font-semibold">{formatDecimal(together(amounts))}</span> {currency}
          </p>
        </div>
      </div>
      <TextField
        label="Reason"
        hint="Stands on the credit note."
        maxLength={500}
        error={formState.errors.reason?.message}
        {...register('reason', { required: 'Say why, for the customer.' })}
      />
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={credit.isPending}>
          Issue the credit note
        </Button>
      </DialogActions>
    </form>
  );
}

interface Named {
  line: InvoiceLine;
  amount: string;
  /** Its field in the form. */
  index: number;
}

function named(lines: readonly { line: InvoiceLine }[], amounts: readonly string[]): Named[] {
  return lines.map(({ line }, index) => ({ line, index, amount: amounts[index] ?? '' })).filter(({ amount }) => amount !== '');
}

function together(amounts: readonly string[]): string {
  return sumDecimals(['0', ...amounts.map((text) => text.trim()).filter((text) => /^-?\d+(\.\d+)?$/.test(text))]);
}

/** What the server says of a line, `/lines/0/…`, goes beside that line. */
function place(error: unknown, sent: readonly Named[], form: UseFormReturn<Credit>): void {
  for (const { pointer, detail } of problemOf(error).errors ?? []) {
    const line = sent[Number.parseInt(/^\/lines\/(\d+)/.exec(pointer ?? '')?.[1] ?? '', 10)];
    if (line) form.setError(`amounts.${line.index}`, { message: detail ?? 'The server refused this.' });
  }
}
