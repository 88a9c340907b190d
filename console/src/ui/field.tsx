import { type ComponentProps, type ReactNode, useId } from 'react';
import { cx } from './cx.ts';

export const inputClass = cx(
  'h-8 w-full min-w-0 rounded-md border border-line-strong bg-surface px-2.5 text-sm text-ink placeholder:text-ink-3',
  'focus-visible:outline-offset-0 aria-invalid:border-bad disabled:bg-sunken disabled:text-ink-3',
);

interface FieldProps {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  /** The label is read out and not shown. */
  quiet?: boolean;
  className?: string | undefined;
  children: (ids: { id: string; 'aria-describedby': string | undefined; 'aria-invalid': true | undefined }) => ReactNode;
}

/** A label, a control, and beneath it what is wrong or what it wants. */
export function Field({ label, hint, error, quiet = false, className, children }: FieldProps) {
  const id = useId();
  const described = error || hint ? `${id}-about` : undefined;
  return (
    <div className={cx('flex min-w-0 flex-col gap-1', className)}>
      <label htmlFor={id} className={quiet ? 'sr-only' : 'text-xs font-medium text-ink-2'}>
        {label}
      </label>
      {children({ id, 'aria-describedby': described, 'aria-invalid': error ? true : undefined })}
      {error ? (
        <p id={described} role="alert" className="text-xs text-bad">
          {error}
        </p>
      ) : hint ? (
        <p id={described} className="text-xs text-ink-3">
          {hint}
        </p>
      ) : null}
    </div>
  );
}

interface TextFieldProps extends Omit<ComponentProps<'input'>, 'className' | 'children'> {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  quiet?: boolean;
  className?: string;
}

export function TextField({ label, hint, error, quiet, className, ...rest }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={error} quiet={quiet} className={className}>
      {(ids) => <input {...rest} {...ids} className={cx(inputClass, rest.inputMode === 'decimal' && 'tabular text-right')} />}
    </Field>
  );
}
