import { type ErrorComponentProps, Link } from '@tanstack/react-router';
import { buttonClass } from '../ui/button.tsx';
import { Empty, ProblemBox } from '../ui/state.tsx';

export function Missing() {
  return (
    <main className="grid min-h-dvh place-content-center">
      <h1 className="sr-only">Page not found</h1>
      <Empty
        title="There is no page at this address"
        action={
          <Link to="/" className={buttonClass('primary')}>
            Go to the overview
          </Link>
        }
      >
        It may have moved, or the link was cut short.
      </Empty>
    </main>
  );
}

/** A page that could not be shown at all. */
export function PageProblem({ error, reset }: ErrorComponentProps) {
  return (
    <main className="mx-auto max-w-xl px-4 py-24">
      <ProblemBox error={error} onRetry={reset} />
    </main>
  );
}
