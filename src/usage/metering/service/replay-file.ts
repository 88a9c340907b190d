import { Readable } from 'node:stream';
import { type CsvError, parse } from 'csv-parse';
import { JsonFault, parseJson } from '../../../kernel/json.ts';

/** A row of a file of events: the event as it would be sent, or why it cannot be read. */
export type ReplayRow = { line: number; input: unknown } | { line: number; fault: string };

const most_line_bytes = 1024 * 1024;
/** The byte order mark. */
const mark = Buffer.from('\ufeff');

/**
 * The rows of a file: NDJSON where it begins with `{`, else CSV with a header that names the members of an event; `properties` and `metadata`
 * are JSON there, and an empty field is absent. Reads as it is asked; a row that cannot be read does not end the file.
 */
export async function* readReplayFile(content: AsyncIterable<Buffer>): AsyncGenerator<ReplayRow> {
  const source = content[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.toString('latin1').trim() === '') {
    const next = await source.next();
    if (next.done) return;
    head = Buffer.concat([head, next.value]);
  }
  const all = joined(head, source);
  const without_mark = head.subarray(head.subarray(0, 3).equals(mark) ? 3 : 0);
  yield* without_mark.toString('latin1').trimStart().startsWith('{') ? readLines(all) : readCsv(all);
}

async function* joined(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

async function* readLines(content: AsyncIterable<Buffer>): AsyncGenerator<ReplayRow> {
  let line = 0;
  let pieces: Buffer[] = [];
  let bytes = 0;
  /** Of a line that is too long, only its length is kept. */
  const take = (piece: Buffer) => {
    bytes += piece.length;
    if (bytes > most_line_bytes) pieces = [];
    else pieces.push(piece);
  };
  const end = (): ReplayRow[] => {
    line += 1;
    const text = bytes > most_line_bytes ? null : Buffer.concat(pieces);
    pieces = [];
    bytes = 0;
    if (text === null) return [{ line, fault: 'The line is longer than a mebibyte.' }];
    const plain = line === 1 && text.subarray(0, 3).equals(mark) ? text.subarray(3) : text;
    return plain.toString('latin1').trim() === '' ? [] : [readJson(line, plain)];
  };
  for await (const chunk of content) {
    let start = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, start)) {
      take(chunk.subarray(start, at));
      yield* end();
      start = at + 1;
    }
    take(chunk.subarray(start));
  }
  if (bytes > 0) yield* end();
}

function readJson(line: number, text: Buffer): ReplayRow {
  try {
    return { line, input: parseJson(text) };
  } catch (error) {
    if (error instanceof JsonFault)
      return { line, fault: `The line is no JSON that is taken here: ${error.message.replace(/\.$/, '')}.` };
    throw error;
  }
}

async function* readCsv(content: AsyncIterable<Buffer>): AsyncGenerator<ReplayRow> {
  const skipped: ReplayRow[] = [];
  const rows = Readable.from(content).pipe(
    parse({
      bom: true,
      columns: true,
      info: true,
      max_record_size: most_line_bytes,
      skip_empty_lines: true,
      skip_records_with_error: true,
      on_skip: (error: CsvError | undefined) => {
        skipped.push({
          line: Number.isSafeInteger(error?.lines) ? (error!.lines as number) : 0,
          fault: 'The row does not fit the header.',
        });
        return undefined;
      },
    }),
  );
  for await (const { record, info } of rows as AsyncIterable<{ record: Record<string, string>; info: { lines: number } }>) {
    yield* skipped.splice(0);
    yield rowOf(info.lines, record);
  }
  yield* skipped.splice(0);
}

function rowOf(line: number, record: Record<string, string>): ReplayRow {
  const input: Record<string, unknown> = Object.fromEntries(Object.entries(record).filter(([, text]) => text !== ''));
  for (const name of ['properties', 'metadata']) {
    if (input[name] === undefined) continue;
    const parsed = readJson(line, Buffer.from(String(input[name])));
    if ('fault' in parsed) return { line, fault: `${name} is no JSON that is taken here.` };
    input[name] = parsed.input;
  }
  return { line, input };
}
