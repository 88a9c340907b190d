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
    line(text, number, cut) {
      if (given_up || text.trim() === '') return [];
      if (columns === null) {
        const header = readCsvHeader(text);
        if (isFault(header)) return refuse(number, header);
        columns = header;
        return [];
      }
      const row = readCsvRow(text, columns);
      return isFault(row) ? refuse(number, row) : [{ kind: 'row', line: number, row }, ...(cut ? [openEnd(number)] : [])];
    },
    unreadable: (number, problem) => (given_up ? [] : refuse(number, problem)),
    end: () => (given_up || columns !== null ? [] : refuse(1, fault('file_empty', 'the file holds no header and no rows'))),
  };
}

/** A CSV has no end mark. Where its last row has no line end either, nobody can tell whether all of it is there. */
export function openEnd(line: number): Finding {
  return {
    kind: 'note',
    line,
    ...fault('line_end_missing', 'the last row has no line end; should the file be cut, it was cut here'),
  };
}
