import type { CsvRow } from './csv.ts';
import type { Fault } from './faults.ts';
import type { MeterSeries } from './row.ts';

/** What a file holds, one after another, each with the line it stands on. */
export type Finding =
  | MeterSeries
  | { kind: 'row'; line: number; row: CsvRow }
  /** Said of something that is taken all the same. */
  | ({ kind: 'note'; line: number } & Fault)
  /** `whole_file`: nothing of the file can be trusted. */
  | ({ kind: 'fault'; line: number; whole_file: boolean } & Fault);

/** Reads a file as its bytes come, holding no more than a bounded part of it. What it finds does not depend on how the bytes are cut. */
export interface FindingReader {
  push(chunk: Uint8Array): Finding[];
  /** Once, after the last byte. */
  end(): Finding[];
  /** How many lines (segments, where the format has none) were read. */
  lines(): number;
}

/** Reads a format of lines, each given without its line end. */
export interface LineReader {
  /** `cut`: the file ended before a line end did. */
  line(text: string, number: number, cut: boolean): Finding[];
  /** A line whose bytes cannot be read. */
  unreadable(number: number, problem: Fault): Finding[];
  end(): Finding[];
}
