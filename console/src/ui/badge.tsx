import type { ReactNode } from 'react';
import { cx } from './cx.ts';

export type Tone = 'plain' | 'accent' | 'good' | 'warn' | 'bad';

const tones: Record<Tone, string> = {
  plain: 'bg-sunken text-ink-2',
  accent: 'bg-accent-soft text-accent',
  good: 'bg-good-soft text-good',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
};

export function Badge({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span className={cx('inline-flex h-5 items-center gap-1 rounded px-1.5 text-2xs font-medium whitespace-nowrap', tones[tone])}>
      {children}
    </span>
  );
}

const statusTones: Record<string, Tone> = {
  open: 'accent',
  paid: 'good',
  completed: 'good',
  active: 'good',
  void: 'plain',
  credited: 'plain',
  draft: 'plain',
  published: 'good',
  discarded: 'plain',
  cancelled: 'plain',
  revoked: 'plain',
  queued: 'plain',
  running: 'accent',
  uncollectible: 'bad',
  failed: 'bad',
  rejected: 'bad',
  overdue: 'warn',
  accepted: 'good',
  corrected: 'good',
  held: 'warn',
  pending: 'accent',
  routed: 'good',
  dead: 'bad',
  delivered: 'good',
  enabled: 'good',
  disabled: 'warn',
  received: 'accent',
  processed: 'good',
  ignored: 'warn',
  paused: 'warn',
  done: 'good',
  superseded: 'plain',
};

/** A state by name; the word carries the meaning, the colour only helps. */
export function StatusBadge({ status }: { status: string }) {
  return (
    <Badge tone={statusTones[status] ?? 'plain'}>
      <span aria-hidden="true" className="size-1.5 rounded-full bg-current" />
      {status.charAt(0).toUpperCase() + status.slice(1)}
    </Badge>
  );
}
