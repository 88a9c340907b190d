import { type ReactNode, useEffect, useId } from 'react';
import { cx } from './cx.ts';

interface PageProps {
  title: string;
  /** Shown instead of the plain title; the document keeps the plain one. */
  heading?: ReactNode;
  lead?: ReactNode;
  trail?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** The frame of every page: what it is, what can be done, then the content. */
export function Page({ title, heading, lead, trail, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Tallystick`;
  }, [title]);
  return (
    <div className="mx-auto w-full max-w-6xl px-4 pt-5 pb-14 sm:px-8">
      {trail ? (
        <nav aria-label="Breadcrumb" className="mb-1 text-xs text-ink-3 [&_a]:rounded-sm [&_a:hover]:text-ink">
          {trail}
        </nav>
      ) : null}
      <header className="mb-5 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <div className="min-w-0">
          <h1 className="text-xl font-semibold tracking-tight">{heading ?? title}</h1>
          {lead ? <div className="mt-0.5 text-sm text-ink-3">{lead}</div> : null}
        </div>
        {actions ? <div className="flex flex-wrap items-center gap-2">{actions}</div> : null}
      </header>
      {children}
    </div>
  );
}

interface CardProps {
  title?: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
  /** Content that brings its own edges, tables above all. */
  flush?: boolean;
}

export function Card({ title, lead, actions, children, className, flush = false }: CardProps) {
  const id = useId();
  return (
    <section
      aria-labelledby={title ? id : undefined}
      className={cx('min-w-0 overflow-hidden rounded-xl border border-line bg-surface shadow-card', className)}
    >
      {title ? (
        <div className="flex min-h-11 flex-wrap items-center justify-between gap-x-4 gap-y-1 px-4 pt-2.5 pb-1.5">
          <div className="flex min-w-0 flex-wrap items-baseline gap-x-2">
            <h2 id={id} className="text-sm font-semibold">
              {title}
            </h2>
            {lead ? <div className="text-xs text-ink-3">{lead}</div> : null}
          </div>
          {actions ? <div className="flex items-center gap-2">{actions}</div> : null}
        </div>
      ) : null}
      <div className={flush ? '' : cx('px-4 pb-4', !title && 'pt-4')}>{children}</div>
    </section>
  );
}

/** Terms and their values, in two columns. */
export function Facts({ facts }: { facts: readonly (readonly [term: string, value: ReactNode])[] }) {
  return (
    <dl className="grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 gap-y-1.5 text-sm">
      {facts.map(([term, value]) => (
        <div key={term} className="contents">
          <dt className="text-ink-3">{term}</dt>
          <dd className="tabular min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
