import { type CsvColumns, readCsvHeader, readCsvRow } from './csv.ts';
import { type Fault, fault, isFault } from './faults.ts';
import type { Finding, LineReader } from './finding.ts';

/** A CSV of usage events: a header, then rows. Without a usable header nothing can be told of any row. */
export function readCsv(): LineReader {
  let columns: CsvColumns | null = null;
  let given_up = false;
  const refuse = (line: number, problem: Fault): Finding[] => {
    given_up = columns === null;
    return [{ kind: 'fault', line, whole_file: given_up, ...problem }];
  };
  return {
    line(text, number) {
      if (given_up || text.trim() === '') return [];
      if (columns === null) {
        const header = readCsvHeader(text);
        if (isFault(header)) return refuse(number, header);
        columns = header;
        return [];
      }
      const row = readCsvRow(text, columns);
      return isFault(row) ? refuse(number, row) : [{ kind: 'row', line: number, row }];
    },
    unreadable: (number, problem) => (given_up ? [] : refuse(number, problem)),
    end: () => (given_up || columns !== null ? [] : refuse(1, fault('file_empty', 'the file holds no header and no rows'))),
  };
}
