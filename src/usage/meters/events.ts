import { z } from 'zod';
import { ImportTotals } from './model.ts';

export const events = {
  'site.created': { version: 1, data: z.object({ site_id: z.string(), name: z.string() }) },
  'occupancy.started': {
    version: 1,
    data: z.object({
      occupancy_id: z.string(),
      site_id: z.string(),
      org_id: z.string(),
      from: z.string(),
      to: z.string().nullable(),
    }),
  },
  'occupancy.ended': {
    version: 1,
    data: z.object({ occupancy_id: z.string(), site_id: z.string(), org_id: z.string(), to: z.string() }),
  },
  'meter.registered': { version: 1, data: z.object({ meter_id: z.string(), site_id: z.string(), identifier: z.string() }) },
  'meter.read': {
    version: 1,
    data: z.object({ reading_id: z.string(), meter_id: z.string(), register: z.string(), time: z.string(), value: z.string() }),
  },
  'meter.reading.held': {
    version: 1,
    data: z.object({ reading_id: z.string(), meter_id: z.string(), register: z.string(), time: z.string(), value: z.string() }),
  },
  'meter.replaced': {
    version: 1,
    data: z.object({ meter_id: z.string(), at: z.string(), serial: z.string().nullable() }),
  },
  'meter.gap.found': {
    version: 1,
    data: z.object({
      gap_id: z.string(),
      meter_id: z.string(),
      register: z.string(),
      from: z.string(),
      to: z.string(),
      missing: z.number().int(),
    }),
  },
  'import.completed': { version: 1, data: z.object({ import_id: z.string(), filename: z.string(), totals: ImportTotals }) },
  'import.rejected': {
    version: 1,
    data: z.object({ import_id: z.string(), filename: z.string(), error_count: z.number().int() }),
  },
  'import.failed': { version: 1, data: z.object({ import_id: z.string(), filename: z.string(), code: z.string() }) },
} as const;
