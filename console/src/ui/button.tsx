import type { ComponentProps, ReactNode } from 'react';
import { cx } from './cx.ts';

type Look = 'primary' | 'secondary' | 'ghost' | 'danger';

const looks: Record<Look, string> = {
  primary: 'bg-accent text-on-accent hover:bg-accent-hover shadow-card',
  secondary: 'bg-surface text-ink border border-line-strong hover:bg-sunken shadow-card',
  ghost: 'text-ink-2 hover:bg-sunken hover:text-ink',
  danger: 'bg-surface text-bad border border-line-strong hover:bg-bad-soft shadow-card',
};

/** The classes of a button, for links that look like one. */
export function buttonClass(look: Look = 'secondary', size: 'small' | 'regular' = 'regular'): string {
  return cx(
    'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap select-none transition-colors',
    'disabled:opacity-55 disabled:cursor-not-allowed',
    size === 'small' ? 'h-7 px-2 text-xs' : 'h-8 px-3 text-sm',
    looks[look],
  );
}

interface ButtonProps extends ComponentProps<'button'> {
  look?: Look;
  size?: 'small' | 'regular';
  /** Shows that the press is being worked on, and refuses another. */
  busy?: boolean;
}

export function Button({ look, size, busy = false, className, children, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      className={cx(buttonClass(look, size), className)}
    >
      {children}
      {busy ? <Dots /> : null}
    </button>
  );
}

/** A square button that shows an icon and says its label. */
export function IconButton({
  label,
  children,
  className,
  ...rest
}: ComponentProps<'button'> & { label: string; children: ReactNode }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={cx(
        'inline-flex size-7 shrink-0 items-center justify-center rounded-md text-ink-3 transition-colors hover:bg-sunken hover:text-ink',
        className,
      )}
    >
      {children}
    </button>
  );
}

function Dots() {
  return (
    <span aria-hidden="true" className="skeleton tracking-widest">
      ···
    </span>
  );
}
