import type { Photo } from '../model/photos.ts';

/** What a photo is by its first bytes, whatever it is called; null for anything but JPEG, PNG and WebP. */
export function mediaTypeOf(content: Buffer): Photo['media_type'] | null {
  const starts = (at: number, bytes: string) => content.subarray(at, at + bytes.length).equals(Buffer.from(bytes, 'latin1'));
  if (starts(0, '\xff\xd8\xff')) return 'image/jpeg';
  if (starts(0, '\x89PNG\r\n\x1a\n')) return 'image/png';
  if (starts(0, 'RIFF') && starts(8, 'WEBP')) return 'image/webp';
  return null;
}
