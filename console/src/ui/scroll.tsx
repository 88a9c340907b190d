import type { ReactNode, Ref } from 'react';
import { cx } from './cx.ts';

interface ScrollRegionProps {
  /** What scrolls in it; read out. */
  label: string;
  className?: string;
  ref?: Ref<HTMLDivElement>;
  children: ReactNode;
}

/** What is larger than its place, and is scrolled by keyboard too. */
export function ScrollRegion({ label, className, ref, children }: ScrollRegionProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group of form fields it is not
    <div
      ref={ref}
      role="group"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
      tabIndex={0}
      className={cx('overflow-auto focus-visible:-outline-offset-2', className)}
    >
      {children}
    </div>
  );
}
