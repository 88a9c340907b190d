import type { ImportFormat } from '../model.ts';
import { type CsvColumns, type CsvRow, readCsvHeader, readCsvRow } from './csv.ts';
import { type Fault, fault, isFault } from './faults.ts';
import type { Line } from './lines.ts';
import { type Nem12Day, readNem12 } from './nem12.ts';

/** What a file holds, one after another, each with the line it stands on. */
export type Finding =
  | Nem12Day
  | { kind: 'row'; line: number; row: CsvRow }
  /** `whole_file`: nothing of the file can be trusted. */
  | ({ kind: 'fault'; line: number; whole_file: boolean } & Fault);

export interface FindingReader {
  line(line: Line): Finding[];
  /** Once, after the last line. */
  end(): Finding[];
}

export function readFindings(format: ImportFormat): FindingReader {
  return format === 'nem12' ? nem12Findings() : csvFindings();
}

function nem12Findings(): FindingReader {
  const reader = readNem12();
  return {
    line: (line) =>
      'text' in line ? reader.line(line.text, line.number, line.cut) : reader.unreadable(line.number, line.problem),
    end: () => reader.end(),
  };
}

/** A header, then rows. Without a usable header nothing can be told of any row. */
function csvFindings(): FindingReader {
  let columns: CsvColumns | null = null;
  let given_up = false;
  const refuse = (line: number, problem: Fault): Finding[] => {
    given_up = columns === null;
    return [{ kind: 'fault', line, whole_file: given_up, ...problem }];
  };
  return {
    line(line) {
      if (given_up) return [];
      if ('problem' in line) return refuse(line.number, line.problem);
      if (line.text.trim() === '') return [];
      if (columns === null) {
        const header = readCsvHeader(line.text);
        if (isFault(header)) return refuse(line.number, header);
        columns = header;
        return [];
      }
      const row = readCsvRow(line.text, columns);
      return isFault(row) ? refuse(line.number, row) : [{ kind: 'row', line: line.number, row }];
    },
    end: () => (given_up || columns !== null ? [] : refuse(1, fault('file_empty', 'the file holds no header and no rows'))),
  };
}
