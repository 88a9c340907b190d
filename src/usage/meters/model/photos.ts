import { z } from 'zod';
import { Id } from '../../../platform/schemas.ts';

/** A photo of what a device showed. */
export const Photo = z.object({
  photo_id: Id,
  sha256: z.string(),
  media_type: z.enum(['image/jpeg', 'image/png', 'image/webp']),
  bytes: z.number().int(),
  created_at: z.string(),
});
export type Photo = z.infer<typeof Photo>;
