import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFindings } from './decide/formats.ts';
import { lineSplitter } from './decide/lines.ts';
import { type Nem12Item, readNem12 } from './decide/nem12.ts';
import { repeatedOtherwise, words_per_row, writePrint } from './decide/seen-rows.ts';

/** A good file: registers and days of any shape, V days with their 400 records among them. */
const goodFile = fc
  .array(
    fc.record({
      register: fc.constantFrom('E1', 'E2', 'B1', 'Q1'),
      length: fc.constantFrom(5, 15, 30),
      days: fc.integer({ min: 1, max: 3 }),
      value: fc.constantFrom('0', '1.111', '.005', '12.5', '123456.789'),
      split: fc.option(fc.integer({ min: 1, max: 40 })),
      windows: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((blocks) => {
    const end = blocks[0]!.windows ? '\r\n' : '\n';
    const records = blocks.flatMap(({ register, length, days, value, split }, index) => [
      `200,NMI000000${index},E1,1,${register},N1,METER${index},kWh,${length},`,
      ...Array.from({ length: days }, (_, at) => dayRecords(`2023030${at + 1}`, 1440 / length, value, split)).flat(),
    ]);
    return Buffer.from(['100,NEM12,202304120954,MDP,RET', ...records, '900', ''].join(end));
  });

function dayRecords(date: string, count: number, value: string, split: number | null): string[] {
  const values = Array<string>(count).fill(value).join(',');
  if (split === null) return [`300,${date},${values},A,,,20230401000000,20230401000000`];
  return [`300,${date},${values},V,,,20230401000000,`, `400,1,${split},F14,76,`, `400,${split + 1},${count},A,,`];
}

function read(bytes: Uint8Array, chunk = bytes.length): Nem12Item[] {
  const splitter = lineSplitter();
  const reader = readNem12();
  const items: Nem12Item[] = [];
  const take = (lines: ReturnType<typeof splitter.end>) => {
    for (const line of lines) if ('text' in line) items.push(...reader.line(line.text, line.number, line.cut));
  };
  for (let at = 0; at < bytes.length; at += chunk) take(splitter.push(bytes.subarray(at, at + chunk)));
  take(splitter.end());
  return [...items, ...reader.end()];
}

const daysOf = (items: Nem12Item[]) => items.filter((item) => item.kind === 'day');
const faultsOf = (items: Nem12Item[]) => items.filter((item) => item.kind === 'fault');

describe('a NEM12 file', () => {
  it('cut at any byte says so, or is whole; and no day comes out changed', () => {
    fc.assert(
      fc.property(goodFile, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (bytes, part) => {
        const whole = daysOf(read(bytes));
        const cut = read(bytes.subarray(0, Math.floor(bytes.length * part)));
        if (faultsOf(cut).length === 0) expect(daysOf(cut)).toEqual(whole);
        else expect(whole).toEqual(expect.arrayContaining(daysOf(cut)));
      }),
      { numRuns: 300 },
    );
  });

  it('cut at each of its last 200 bytes says so, or is whole', () => {
    fc.assert(
      fc.property(goodFile, (bytes) => {
        const whole = daysOf(read(bytes));
        for (let size = Math.max(0, bytes.length - 200); size < bytes.length; size += 1) {
          const cut = read(bytes.subarray(0, size));
          if (faultsOf(cut).length === 0) expect(daysOf(cut)).toEqual(whole);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('reads alike in chunks of any size', () => {
    fc.assert(
      fc.property(goodFile, fc.integer({ min: 1, max: 5000 }), (bytes, chunk) => {
        expect(read(bytes, chunk)).toEqual(read(bytes));
      }),
      { numRuns: 100 },
    );
  });

  it('with two of its lines exchanged gives no value twice and loses none without saying so', () => {
    fc.assert(
      fc.property(goodFile, fc.nat(), fc.nat(), (bytes, a, b) => {
        const lines = bytes.toString().split('\n');
        const [left, right] = [a % (lines.length - 1), b % (lines.length - 1)];
        [lines[left], lines[right]] = [lines[right]!, lines[left]!];
        const changed = read(Buffer.from(lines.join('\n')));
        const count = daysOf(read(bytes)).length;
        if (faultsOf(changed).length === 0) expect(daysOf(changed)).toHaveLength(count);
        else expect(daysOf(changed).length).toBeLessThanOrEqual(count);
      }),
      { numRuns: 300 },
    );
  });

  it('of any bytes at all never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        read(Buffer.concat([Buffer.from('100,NEM12,202304120954,,\n'), bytes]));
      }),
    );
  });
});

describe('a CSV file', () => {
  it('of any bytes at all gives each line that is not blank back, as a row or a fault', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.constantFrom('a,lead,1,2023-03-01T00:00:00Z', '"a,b",,"",'),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const content = Buffer.from(`request_id,sku,quantity,time\n${lines.join('\n')}\n`);
        const reader = readFindings('csv');
        const found = reader.push(content);
        const expected = content
          .toString()
          .split('\n')
          .slice(1)
          .flatMap((text, index) => (text.trim() === '' ? [] : [index + 2]));
        expect([...found, ...reader.end()].map((one) => one.line)).toEqual(expected);
      }),
    );
  });
});

describe('the rows a file has had', () => {
  it('are told apart from those it has not, and from those with another body, as by a map', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3000), fc.nat(2)), { maxLength: 6000, size: 'max' }), (rows) => {
        const prints = new Uint32Array(rows.length * words_per_row);
        const map = new Map<string, string>();
        const expected: number[] = [];
        for (const [line, [id, said]] of rows.entries()) {
          const [request_id, body] = [`id-${id}`, `body-${said}`];
          writePrint(prints, line * words_per_row, { request_id, body, line });
          const known = map.get(request_id) ?? body;
          map.set(request_id, known);
          if (known !== body) expected.push(line);
        }
        expect(repeatedOtherwise(prints)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });
});
