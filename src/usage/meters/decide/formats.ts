import type { CsvMappingDefinition, ImportFormat } from '../model.ts';
import { readCsv } from './csv-file.ts';
import type { Finding, FindingReader, LineReader } from './finding.ts';
import { readGreenButton } from './green-button.ts';
import { lineSplitter, toUtf8 } from './lines.ts';
import { readMappedCsv } from './mapped-csv.ts';
import { readMscons } from './mscons.ts';
import { readNem12, seriesOfDay } from './nem12.ts';
import { readNem13 } from './nem13.ts';

/** The reader of a format; a CSV is one of usage events unless a mapping says what it is. */
export function readFindings(format: ImportFormat, mapping: CsvMappingDefinition | null = null): FindingReader {
  switch (format) {
    case 'csv':
      return mapping === null ? byLine(readCsv()) : byLine(readMappedCsv(mapping), mapping.encoding);
    case 'nem12':
      return byLine(nem12Findings());
    case 'nem13':
      return byLine(readNem13());
    case 'greenbutton':
      return readGreenButton();
    case 'mscons':
      return readMscons();
  }
}

function nem12Findings(): LineReader {
  const reader = readNem12();
  const series = (items: ReturnType<typeof reader.end>): Finding[] =>
    items.map((item) => (item.kind === 'day' ? seriesOfDay(item) : item));
  return {
    line: (text, number, cut) => series(reader.line(text, number, cut)),
    unreadable: (number, problem) => series(reader.unreadable(number, problem)),
    end: () => series(reader.end()),
  };
}

function byLine(reader: LineReader, encoding = 'utf-8'): FindingReader {
  const splitter = lineSplitter();
  const recode = encoding === 'utf-8' ? null : toUtf8(encoding);
  let count = 0;
  const read = (lines: ReturnType<typeof splitter.end>): Finding[] => {
    count += lines.length;
    return lines.flatMap((line) =>
      'text' in line ? reader.line(line.text, line.number, line.cut) : reader.unreadable(line.number, line.problem),
    );
  };
  return {
    push: (chunk) => read(splitter.push(recode ? recode(chunk) : chunk)),
    end: () => [...(recode ? read(splitter.push(recode(null))) : []), ...read(splitter.end()), ...reader.end()],
    lines: () => count,
  };
}
