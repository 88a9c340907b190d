import { Readable } from 'node:stream';
import { type CsvError, parse } from 'csv-parse';
import { JsonFault, parseJson } from '../../../kernel/json.ts';

/** A row of a file of events: the event as it would be sent, or why it cannot be read. */
export type ReplayRow = { line: number; input: unknown } | { line: number; fault: string };

const most_line_bytes = 1024 * 1024;

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
  const without_mark = head.subarray(head.subarray(0, 3).equals(Buffer.from('\ufeff')) ? 3 : 0);
  yield* without_mark.toString('latin1').trimStart().startsWith('{') ? readLines(all) : readCsv(all);
}

async function* joined(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

async function* readLines(content: AsyncIterable<Buffer>): AsyncGenerator<ReplayRow> {
  let line = 0;
  let rest: Buffer = Buffer.alloc(0);
  let too_long = false;
  const end = (bytes: Buffer): ReplayRow[] => {
    line += 1;
    const was_too_long = too_long || bytes.length > most_line_bytes;
    too_long = false;
    if (was_too_long) return [{ line, fault: 'The line is longer than a mebibyte.' }];
    const text = line === 1 && bytes.subarray(0, 3).equals(Buffer.from('\ufeff')) ? bytes.subarray(3) : bytes;
    return text.toString('latin1').trim() === '' ? [] : [readJson(line, text)];
  };
  for await (const chunk of content) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let at = rest.indexOf(10); at !== -1; at = rest.indexOf(10, start)) {
      yield* end(rest.subarray(start, at));
      start = at + 1;
    }
    rest = rest.subarray(start);
    if (rest.length > most_line_bytes) {
      too_long = true;
      rest = Buffer.alloc(0);
    }
  }
  if (rest.length > 0 || too_long) yield* end(rest);
}

function readJson(line: number, text: Buffer): ReplayRow {
  try {
    return { line, input: parseJson(text) };
  } catch (error) {
    if (error instanceof JsonFault) return { line, fault: `The line is no JSON that is taken here: ${error.message}.` };
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
