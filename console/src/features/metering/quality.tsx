import type { Reading } from '../../api/types.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { formatLabel } from '../../ui/format.ts';

const tones: Record<Reading['quality'], Tone> = {
  actual: 'good',
  final: 'good',
  customer: 'accent',
  substituted: 'accent',
  estimated: 'warn',
};

/** How far a reading is to be trusted; the word carries the meaning. */
export function QualityBadge({ quality }: { quality: Reading['quality'] }) {
  return <Badge tone={tones[quality]}>{formatLabel(quality)}</Badge>;
}

/** What the charts tell apart, in the order of their colours. */
export const quality_series = [
  { key: 'actual', name: 'Actual' },
  { key: 'estimated', name: 'Estimated' },
  { key: 'substituted', name: 'Customer or substituted' },
] as const;

/** Under which of them a quality is drawn. */
export function drawnAs(quality: Reading['quality']): (typeof quality_series)[number]['key'] {
  if (quality === 'actual' || quality === 'final') return 'actual';
  return quality === 'estimated' ? 'estimated' : 'substituted';
}
