import { z } from 'zod';
import { DecimalText, Id, Text, TimeZone } from '../../platform/schemas.ts';
import type { Source } from '../metering/model.ts';
import type { ReadingQuality } from './model/readings.ts';

/** A place with meters. */
export const Site = z.object({
  site_id: Id,
  name: z.string(),
  address: z.string().nullable(),
  time_zone: z.string(),
  supply_sku: z
    .string()
    .nullable()
    .meta({ description: 'each day on which somebody occupies the site is one of this SKU: the daily supply charge' }),
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

/** `interval`: each value is what was used from its time on, for `every_minutes`. `cumulative`: a counter; what it gained between reads was used. */
export const registerKinds = ['interval', 'cumulative'] as const;

/** One part of a meter that has values of its own, in `unit`; the usage they become is of `sku`, in that SKU's unit. */
export const Register = z.object({
  register: z.string(),
  sku: z.string(),
  unit: z.string(),
  direction: z.enum(directions),
  kind: z.enum(registerKinds),
  /** The length of an interval, or how often the counter is expected to be read; null where nobody said. */
  every_minutes: z.number().int().nullable(),
  /** Before the point: a counter of 5 digits goes from 99999 to 0. Null where nobody said. */
  digits: z.number().int().nullable(),
  /** What the device shows times this is the quantity. */
  multiplier: DecimalText,
});
export type Register = z.infer<typeof Register>;

/** A device that took the place of the one before, as one register of the meter shows it. */
export const Device = z.object({
  register: z.string(),
  installed_at: z.string(),
  serial: z.string().nullable(),
  digits: z.number().int().nullable(),
  multiplier: DecimalText,
});
export type Device = z.infer<typeof Device>;

export const Meter = z.object({
  meter_id: Id,
  site_id: Id,
  /** Unique in the tenant: an electricity meter's NMI, a water meter's serial number. */
  identifier: z.string(),
  /** What its registers measure unless a register says otherwise. */
  sku: z.string(),
  registers: z.array(Register),
  /** Those after the first, by time. */
  devices: z.array(Device),
  created_at: z.string(),
});
export type Meter = z.infer<typeof Meter>;

export const importFormats = ['csv', 'nem12', 'nem13', 'greenbutton', 'mscons'] as const;
export type ImportFormat = (typeof importFormats)[number];

/** Of a value in a meter file: actual, substituted, final (substituted for good), estimated, none at all, several within one value. */
export const qualityFlags = ['A', 'S', 'F', 'E', 'N', 'V'] as const;
export type QualityFlag = (typeof qualityFlags)[number];

/** What a supply carries; says what its consumption is called where nobody else does. */
export const commodities = ['electricity', 'gas', 'water', 'heat'] as const;
export type Commodity = (typeof commodities)[number];

/** What to do with a clock time that comes twice: the first of the two, the second, the one that follows the row above, none. */
export const overlapRules = ['in_order', 'earlier', 'later', 'refuse'] as const;
export type OverlapRule = (typeof overlapRules)[number];

/** By the name in the header, or by its place, from 1. */
const Column = z.union([Text(200), z.int().min(1).max(2000)]);
export type Column = z.infer<typeof Column>;

/** From a column, or the same for every row. */
const From = z.union([z.strictObject({ column: Column }), z.strictObject({ value: Text(200) })]);
export type From = z.infer<typeof From>;

/** How a CSV of meter values is to be read. */
export const CsvMappingDefinition = z.strictObject({
  delimiter: z.enum([',', ';', '\t', '|']).default(','),
  encoding: z.enum(['utf-8', 'utf-16le', 'iso-8859-1', 'windows-1252']).default('utf-8'),
  decimal_mark: z.enum(['.', ',']).default('.'),
  skip_lines: z
    .int()
    .min(0)
    .max(1000)
    .default(0)
    .meta({ description: 'lines above the header, or above the rows where there is none' }),
  header: z.boolean().default(true),
  meter: From,
  register: From.default({ value: 'E1' }),
  org: From.optional().meta({ description: 'slug or id of the organization that the meter must be occupied by' }),
  unit: From,
  flow: z
    .enum(['import', 'export'])
    .optional()
    .meta({ description: 'by the register’s letter unless given: E import, B export' }),
  commodity: z.enum(commodities).default('electricity'),
  time: z.strictObject({
    columns: z
      .array(Column)
      .min(1)
      .max(2)
      .meta({ description: 'a date and a time in two columns are read as one text with a space' }),
    format: z.string().min(1).max(60).meta({ description: 'DD.MM.YYYY HH:mm, or iso, unix, unix_ms' }),
    zone: TimeZone.optional(),
    marks: z.enum(['start', 'end']).default('start').meta({ description: 'which end of its interval a time names' }),
    overlap: z.enum(overlapRules).default('in_order').meta({ description: 'an hour that comes twice when clocks go back' }),
  }),
  interval_minutes: z.int().min(1).max(1440),
  quantity: z.union([
    z.strictObject({ column: Column }),
    z.strictObject({
      first_column: Column,
      columns: z.int().min(1).max(1500),
      counts: z.enum(['clock', 'elapsed']).default('clock').meta({
        description:
          'clock: a column is a clock time, empty where the day has none; elapsed: time since midnight, 92 or 100 columns on some days',
      }),
    }),
  ]),
  quality: z
    .union([
      z.strictObject({ value: z.enum(qualityFlags) }),
      z.strictObject({
        column: Column,
        map: z.record(z.string().max(60), z.enum(qualityFlags)),
        otherwise: z.enum(qualityFlags).optional(),
      }),
    ])
    .default({ value: 'A' }),
});
export type CsvMappingDefinition = z.infer<typeof CsvMappingDefinition>;

export const CsvMapping = z.object({
  mapping_id: Id,
  name: z.string(),
  definition: CsvMappingDefinition,
  created_at: z.string(),
  updated_at: z.string(),
});
export type CsvMapping = z.infer<typeof CsvMapping>;

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
  /** How the CSV is read, as saved when the import began; absent for a CSV of usage events. */
  mapping?: { name: string; definition: CsvMappingDefinition };
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
  /** Held back by a rule until somebody decides; named in `notes`. */
  held: z.number().int(),
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
  /** The CSV mapping it was read by. */
  mapping: z.string().nullable(),
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

/** What a counter showed, as a file has it. */
export interface RegisterRead {
  /** RFC 3339, UTC. */
  time: string;
  value: string;
  quality: ReadingQuality;
  /** The register's unless given. */
  unit?: string;
}

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
  /** Where the row is an interval of a known meter's register: what it is judged by as a reading. */
  reading?: { meter_id: string; register: string; quality: ReadingQuality };
}
