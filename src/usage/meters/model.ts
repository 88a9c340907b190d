import { z } from 'zod';
import { DecimalText, Id } from '../../platform/schemas.ts';
import type { Source } from '../metering/model.ts';

/** A place with meters. */
export const Site = z.object({
  site_id: Id,
  name: z.string(),
  address: z.string().nullable(),
  time_zone: z.string(),
  /** Who occupies it now, if anybody. */
  org_id: Id.nullable(),
  created_at: z.string(),
});
export type Site = z.infer<typeof Site>;

/** Who occupies a site during `[from, to)`; `to` null while it lasts. */
export const Occupancy = z.object({
  occupancy_id: Id,
  site_id: Id,
  org_id: Id,
  from: z.string(),
  to: z.string().nullable(),
});
export type Occupancy = z.infer<typeof Occupancy>;

/** `import`: taken from the grid or the main; `export`: given back to it. */
export const directions = ['import', 'export'] as const;

/** One counter of a meter. Its values are in `unit`; the usage they become is of `sku`, in that SKU's unit. */
export const Register = z.object({
  register: z.string(),
  sku: z.string(),
  unit: z.string(),
  direction: z.enum(directions),
});
export type Register = z.infer<typeof Register>;

export const Meter = z.object({
  meter_id: Id,
  site_id: Id,
  /** Unique in the tenant: an electricity meter's NMI, a water meter's serial number. */
  identifier: z.string(),
  /** What its registers measure unless a register says otherwise. */
  sku: z.string(),
  registers: z.array(Register),
  created_at: z.string(),
});
export type Meter = z.infer<typeof Meter>;

/** Read, estimated, put in place of a reading that was wrong, final, told by the customer. */
export const readingQualities = ['actual', 'estimated', 'substituted', 'final', 'customer'] as const;

/** The letters that meter files have for them. */
export const qualityLetters = { A: 'actual', E: 'estimated', S: 'substituted', F: 'final' } as const;

/** A register's counter, read at a time; the difference to the reading before is usage. */
export const Reading = z.object({
  reading_id: Id,
  meter_id: Id,
  register: z.string(),
  time: z.string(),
  value: DecimalText,
  quality: z.enum(readingQualities),
  /** What was used since the reading before; null for a register's first. */
  usage: z.object({ request_id: z.string(), org_id: Id, sku: z.string(), quantity: DecimalText, time: z.string() }).nullable(),
});
export type Reading = z.infer<typeof Reading>;

export const importFormats = ['csv', 'nem12', 'nem13', 'greenbutton', 'mscons'] as const;
export type ImportFormat = (typeof importFormats)[number];

/** What to do with a file that has bad rows: keep nothing of it, or keep its good rows. */
export const onErrors = ['reject', 'keep_good'] as const;
export type OnError = (typeof onErrors)[number];

/**
 * `completed`: everything read, and what was good is stored. `rejected`: something was bad and nothing was stored.
 * `failed`: the file as a whole cannot be read, or reading it broke off; the totals say what was stored before.
 */
export const importStatuses = ['queued', 'running', 'completed', 'rejected', 'failed'] as const;
export type ImportStatus = (typeof importStatuses)[number];

/** What an import decides about a file, beside its bytes. */
export interface ImportOptions {
  format: 'auto' | ImportFormat;
  on_error: OnError;
  /** The organization that the file belongs to: CSV rows without one, and meters that nobody occupies yet. */
  org_id: string | null;
  /** What registers of consumption (E…) become when the meter is new. */
  sku: string | null;
  /** What a register becomes, by its name (`Q1`) or its letter (`Q`). */
  registers: Readonly<Record<string, string>>;
  /** Makes the site, the meter, its registers, its occupancy and a missing energy SKU, all for `org_id`. */
  create_missing: boolean;
  /** Organizations that whoever imports may report for; null for all. */
  org_ids: readonly string[] | null;
}

/** Counted in usage events, except `lines`; a line that cannot be read counts as one. */
export const ImportTotals = z.object({
  /** Lines read. */
  lines: z.number().int(),
  /** Newly stored. */
  accepted: z.number().int(),
  /** Stored before, by this file or another. */
  duplicates: z.number().int(),
  /** Refused, each named in `errors` by its line. */
  rejected: z.number().int(),
  /** Good, but of a register that is not billed; named in `notes`. */
  unmapped: z.number().int(),
  /** Intervals for which the file holds no value (quality N). */
  missing: z.number().int(),
  /** Usage of the file by SKU: what was newly stored or stored before. */
  quantities: z.record(z.string(), DecimalText),
});
export type ImportTotals = z.infer<typeof ImportTotals>;

/** An error names what was refused and why; a note names what was read and left out on purpose. */
export const ImportFault = z.object({
  line: z.number().int(),
  code: z.string(),
  detail: z.string(),
});
export type ImportFault = z.infer<typeof ImportFault>;

export const UsageImport = z.object({
  import_id: Id,
  filename: z.string(),
  sha256: z.string(),
  bytes: z.number().int(),
  format: z.enum(['auto', ...importFormats]),
  on_error: z.enum(onErrors),
  org_id: Id.nullable(),
  status: z.enum(importStatuses),
  /** A file that is kept whole or not at all is read twice: once to check it, once to store it. */
  progress: z.object({ bytes_done: z.number(), bytes_total: z.number(), rows_done: z.number().int() }),
  totals: ImportTotals,
  /** How many rows were refused; the list of them holds the first 1,000. */
  error_count: z.number().int(),
  /** The earlier import of the same bytes with the same options, when this one had nothing to do. */
  same_as: Id.nullable(),
  created_at: z.string(),
  finished_at: z.string().nullable(),
});
export type UsageImport = z.infer<typeof UsageImport>;

/** An import with its findings: a page of errors, and the first notes. */
export const UsageImportReport = UsageImport.extend({
  errors: z.array(ImportFault),
  notes: z.array(ImportFault),
  next_cursor: z.string().nullable().meta({ description: 'of the errors' }),
});
export type UsageImportReport = z.infer<typeof UsageImportReport>;

/** One metered fact on its way to metering, with the line of the file that holds it. */
export interface UsageRow {
  line: number;
  request_id: string;
  org_id: string;
  sku: string;
  /** Decimal text; absent only where the SKU counts. */
  quantity?: string;
  amount?: string;
  /** RFC 3339, the start of what was used. */
  time: string;
  source: Source;
  project_id?: string;
  properties?: Record<string, string>;
  metadata?: Record<string, string>;
}
