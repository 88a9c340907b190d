import { Camera } from 'lucide-react';
import { photoAddress } from '../../api/meters.ts';
import { formatMoment } from '../../ui/dates.ts';

/** The way to the photo of a reading, where there is one. */
export function PhotoLink({ reading }: { reading: { photo_id: string | null; time: string } }) {
  if (!reading.photo_id) return null;
  return (
    <a
      href={photoAddress(reading.photo_id)}
      target="_blank"
      rel="noreferrer"
      aria-label={`Photo of the reading of ${formatMoment(reading.time)}`}
      className="inline-flex rounded text-ink-3 hover:text-ink"
    >
      <Camera size={14} aria-hidden="true" />
    </a>
  );
}
